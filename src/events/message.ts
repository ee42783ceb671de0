/** A message of a source (a topic's or a spool's), as what it says or as what is wrong with it. */
import type { EventRecord } from './event.ts';
import { decodeEvent } from './msgpack-event.ts';

export interface Message {
  readonly offset: number;
  readonly value: Uint8Array;
}

/** `fault`: one sentence; null: the event is sound. */
export type Reading =
  | { readonly message: Message; readonly event: EventRecord; readonly fault: null }
  | { readonly message: Message; readonly fault: string };

/** Campaigns of ours have such ids, and the tables of sums by campaign no others. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function readMessage(message: Message): Reading {
  const decoded = decodeEvent(message.value);
  if ('fault' in decoded) return { message, fault: decoded.fault };
  const { event } = decoded;
  const isOurs = event.type === 'auction' ? event.nbr === null : event.known;
  return isOurs && !UUID.test(event.campaignId)
    ? { message, fault: 'campaignId of a campaign of ours is no UUID in lower case.' }
    : { message, event, fault: null };
}
