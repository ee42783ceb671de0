/** What the notices, the clicks and the pixels share: reading the token, and the event that it stands for. */
import type { Purpose, ReadToken, TokenSigner } from '../auction/crypto-token.ts';
import type { AdEvent, EventType, Events } from '../events/door.ts';
import type { Ledger, ReservedBid } from '../ledger/ledger.ts';
import { fail } from './errors.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';
import type { Keeper } from './keeper.ts';

export interface TrackingEdges {
  readonly signer: TokenSigner;
  readonly ledger: Ledger;
  readonly keeper: Keeper;
  readonly events: Events;
  readonly clock: () => number;
  /** A call, by what came of it. */
  readonly count: (type: EventType, outcome: TrackingOutcome) => void;
}

/** What came of a notice or a tracking call: the ledger's words, and those of the calls that never reach it. */
export const TRACKING_OUTCOMES = [
  'counted',
  'posted',
  'late',
  'repeated',
  'uncharged',
  'unclicked',
  'free',
  'unsigned',
  'test',
  'forged',
  'no_price',
  'above_bid',
  'not_lost',
  'expired',
  'unknown',
  'not_kept',
] as const;
export type TrackingOutcome = (typeof TRACKING_OUTCOMES)[number];

export function readToken(
  signer: TokenSigner,
  query: URLSearchParams,
  purpose: Purpose,
): ReadToken | 'missing' | 'forged' {
  const text = query.get('t') ?? '';
  if (text === '') return 'missing';
  return signer.verify(text, purpose) ?? 'forged';
}

export function refuseForged(edges: TrackingEdges, request: HttpRequest, type: EventType): HttpAnswer {
  edges.count(type, 'forged');
  return fail(request, 'UNAUTHORIZED', 't: the token is not one of ours, or was altered');
}

export function refuseUnkept(edges: TrackingEdges, request: HttpRequest, type: EventType): HttpAnswer {
  edges.count(type, 'not_kept');
  return fail(request, 'UNAVAILABLE', 'this can not be kept now: send it again');
}

export function reservedBid(token: ReadToken): ReservedBid {
  const { campaignId, lease, ordinal, reservedNanos, expirySec } = token;
  return { campaignId, lease, ordinal, reservedNanos, expirySec };
}

export function signedEvent(
  type: EventType,
  token: ReadToken,
  request: HttpRequest,
  nowMs: number,
  details: Partial<Pick<AdEvent, 'lossReason' | 'valueUsd'>> = {},
): AdEvent {
  const { adId, campaignId } = token;
  const told = { lossReason: null, valueUsd: null, ...details };
  return {
    type,
    atMs: nowMs,
    adId,
    campaignId,
    known: true,
    signed: true,
    traceId: request.traceId,
    ...told,
  };
}

/** An event that no token vouches for; `campaignId` null: no campaign has the ad. */
export function unsignedEvent(
  type: EventType,
  adId: string,
  campaignId: string | null,
  request: HttpRequest,
  nowMs: number,
  valueUsd: number | null = null,
): AdEvent {
  return {
    type,
    atMs: nowMs,
    adId,
    campaignId: campaignId ?? '',
    known: campaignId !== null,
    signed: false,
    traceId: request.traceId,
    lossReason: null,
    valueUsd,
  };
}
