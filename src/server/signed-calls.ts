/**
 * What a token's impression, click or conversion does, by whichever endpoint it comes: the money it moves and the
 * event that tells of it.
 */
import type { ReadToken } from '../auction/crypto-token.ts';
import type { AdEvent } from '../events/event.ts';
import type { PostStatus } from '../ledger/ledger.ts';
import { costNanos } from '../money.ts';
import type { HttpRequest } from './http.ts';
import { inTime } from './patience.ts';
import {
  countShown,
  eventIdOf,
  mayRecord,
  newEventId,
  reservedBid,
  signedEvent,
  type ReportedType,
  type TrackingEdges,
  type TrackingOutcome,
} from './tracking.ts';

export interface SignedCall {
  readonly type: ReportedType;
  readonly token: ReadToken;
  readonly request: HttpRequest;
  readonly nowMs: number;
  /** Of a conversion; null where it was not told. */
  readonly valueMicros: number | null;
}

const FREE = costNanos(0);

/** Does it once, and counts what came of it. */
export async function trackSigned(edges: TrackingEdges, call: SignedCall): Promise<TrackingOutcome> {
  const tracked = call.token.test ? 'test' : await inTime(TRACK[call.type](edges, call));
  const outcome = tracked === 'hanging' ? 'not_kept' : tracked;
  edges.count(call.type, outcome);
  return outcome;
}

/** Such an impression is the money event: of the simple form, which names its price. */
export function isMoneyImpression({ impressionPosts, model }: ReadToken): boolean {
  return impressionPosts && model === 'cpm';
}

type Tracked = (edges: TrackingEdges, call: SignedCall) => Promise<TrackingOutcome>;
const TRACK: Readonly<Record<ReportedType, Tracked>> = {
  impression: trackImpression,
  click: trackClick,
  conversion: trackConversion,
};

async function trackImpression(edges: TrackingEdges, call: SignedCall): Promise<TrackingOutcome> {
  const { token, nowMs } = call;
  if (!(await countShown(edges, token, nowMs))) return 'not_kept';
  if (!isMoneyImpression(token)) {
    const kept = await edges.keeper.keep(eventOf(call, FREE), 'event_alone');
    return kept === 'not_kept' ? kept : 'free';
  }
  const status = await edges.ledger.post(reservedBid(token), token.eventNanos, nowMs);
  return keepCharged(edges, call, status, Math.min(token.eventNanos, token.reservedNanos));
}

/** A click that can't be kept is not charged; its repeat counts it, uncharged. */
async function trackClick(edges: TrackingEdges, call: SignedCall): Promise<TrackingOutcome> {
  const { token, nowMs } = call;
  const amountNanos = token.model === 'cpc' ? token.eventNanos : FREE;
  const status = await edges.ledger.postClick(reservedBid(token), amountNanos, nowMs);
  const outcome = await keepCharged(edges, call, status, amountNanos);
  if (outcome === 'not_kept' && status === 'posted' && amountNanos > 0) {
    await edges.ledger.refundClick(reservedBid(token), amountNanos, nowMs);
    edges.keeper.owe(eventOf(call, FREE));
  }
  return outcome === 'posted' && amountNanos === 0 ? 'free' : outcome;
}

/** It counts only after its click; the first one charges where conversions are what is paid for. */
async function trackConversion(edges: TrackingEdges, call: SignedCall): Promise<TrackingOutcome> {
  const { token, nowMs } = call;
  const amountNanos = token.model === 'cpa' ? token.eventNanos : FREE;
  const status = await edges.ledger.postConversion(reservedBid(token), amountNanos, nowMs);
  if (status === 'unclicked') return status;
  if (status !== 'repeated') return keepCharged(edges, call, status, amountNanos);
  const fate = edges.keeper.fateOf(eventIdOf('conversion', token));
  if (fate === 'owed') return keepCharged(edges, call, status, amountNanos);
  // Nobody knows whether the first was recorded: its twin is, if it still meets it.
  const first = fate === 'unknown' ? await keepCharged(edges, call, status, amountNanos) : status;
  return first === 'not_kept' ? first : recordLater(edges, call);
}

/** Keeps what the ledger said, and the event with the amount where that was moved. */
async function keepCharged(
  edges: TrackingEdges,
  call: SignedCall,
  status: PostStatus,
  amountNanos: number,
): Promise<TrackingOutcome> {
  if (status === 'away') return 'not_kept';
  if (status === 'repeated' && !mayRecord(edges, call)) return status;
  const isOwed = status === 'owed' && call.type === 'impression';
  const isCharged = isOwed || status === 'posted' || status === 'late' || status === 'repeated';
  const isFree = call.type === 'click' && call.token.model === 'cpm';
  const kept = await edges.keeper.keep(
    eventOf(call, isCharged ? amountNanos : FREE),
    isFree ? 'event_alone' : 'with_ledger',
  );
  return kept === 'not_kept' ? kept : status;
}

function eventOf({ type, token, request, nowMs, valueMicros }: SignedCall, spendNanos: number): AdEvent {
  return signedEvent(type, token, request, nowMs, { spendNanos, valueMicros });
}

/** A later conversion is statistics: it counts, and vouches for no charge. */
async function recordLater(edges: TrackingEdges, call: SignedCall): Promise<TrackingOutcome> {
  const event: AdEvent = { ...eventOf(call, FREE), eventId: newEventId(), signed: false, rated: false };
  return (await edges.events.record(event)) === 'kept' ? 'repeated' : 'not_kept';
}
