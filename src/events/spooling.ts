/** The door in front of the spool: events as bytes, in the class in which a full spool drops them, and counted. */
import type { Events, Kept } from './door.ts';
import type { AdEvent, EventType } from './event.ts';
import { encodeEvent } from './msgpack-event.ts';
import type { Spool, SpoolClass } from './spool.ts';

/** signed: it came with a sound token · unsigned: without, for an ad that we have · unknown: an ad of nobody's. */
export const EVENT_ORIGINS = ['signed', 'unsigned', 'unknown'] as const;
export type EventOrigin = (typeof EVENT_ORIGINS)[number];
export const EVENT_OUTCOMES = ['kept', 'not_kept'] as const satisfies readonly Kept[];

export function createSpoolingEvents(
  spool: Pick<Spool, 'append'>,
  count: (type: EventType, origin: EventOrigin, outcome: Kept) => void,
): Events {
  return {
    async record(event) {
      const { outcome } = await spool.append(encodeEvent(event), spoolClassOf(event));
      const kept = outcome === 'kept' ? 'kept' : 'not_kept';
      count(event.type, originOf(event), kept);
      return kept;
    },
  };
}

/** A sound token vouches for its ad, also when the index has forgotten it. */
function originOf(event: Pick<AdEvent, 'known' | 'signed'>): EventOrigin {
  if (event.signed) return 'signed';
  return event.known ? 'unsigned' : 'unknown';
}

/** Exchanges settle by their notices, whether or not they moved money here. */
function spoolClassOf({ type, spendNanos }: AdEvent): SpoolClass {
  const isNotice = type === 'win' || type === 'billing' || type === 'loss';
  return isNotice || spendNanos > 0 ? 'money' : 'tracking';
}
