/** What the notices, the clicks, the pixels and the posted events share: tokens, and the events that they stand for. */
import { randomUUID } from 'node:crypto';
import type { Purpose, ReadToken, TokenSigner } from '../auction/crypto-token.ts';
import { countryOf, deviceTypeOf } from '../auction/whereabouts.ts';
import type { Events } from '../events/door.ts';
import type { AdEvent, EventType } from '../events/event.ts';
import type { Caps, HeldBid } from '../ledger/caps.ts';
import type { Ledger, ReservedBid } from '../ledger/ledger.ts';
import { fail } from './errors.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';
import type { Keeper } from './keeper.ts';
import type { LandingPages } from './landing-pages.ts';
import { inTime } from './patience.ts';

export interface TrackingEdges {
  readonly signer: TokenSigner;
  readonly ledger: Ledger;
  readonly caps: Pick<Caps, 'show' | 'release'>;
  readonly keeper: Keeper;
  readonly events: Events;
  readonly landingPages: LandingPages;
  readonly clock: () => number;
  /** A call, by what came of it. */
  readonly count: (type: EventType, outcome: TrackingOutcome) => void;
}

/** What browsers and other servers report; the notices are the exchange's. */
export const REPORTED_TYPES = ['impression', 'click', 'conversion'] as const satisfies readonly EventType[];
export type ReportedType = (typeof REPORTED_TYPES)[number];

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
  'owed',
  'not_kept',
] as const;
export type TrackingOutcome = (typeof TRACKING_OUTCOMES)[number];

/** Ids that we make begin so, and nobody else's may: an event that came first would be taken for ours. */
export const OWN_ID_PREFIX = 'gavel:';

/** What names a bid: leases are numbered by the node that opens them, so two nodes' first may share theirs. */
type NamedBid = Pick<ReadToken, 'campaignId' | 'lease' | 'ordinal' | 'issuedMs'>;

/** The same for every call of one purpose of one bid. */
export function eventIdOf(type: EventType, { campaignId, lease, ordinal, issuedMs }: NamedBid): string {
  const place = [lease, ordinal, issuedMs].map((part) => part.toString(36)).join(':');
  return `${OWN_ID_PREFIX}${type}:${campaignId}:${place}`;
}

/** The reservation that the event is of; null: no id of ours. */
export function readEventId(eventId: string): { readonly lease: number; readonly ordinal: number } | null {
  const parts = eventId.startsWith(OWN_ID_PREFIX) ? eventId.split(':') : [];
  const [, , , lease = '', ordinal = '', issued] = parts;
  const place = { lease: parseInt(lease, 36), ordinal: parseInt(ordinal, 36) };
  return issued === undefined || Number.isNaN(place.lease + place.ordinal) ? null : place;
}

export function newEventId(): string {
  return randomUUID();
}

/** The consumer knows an id at least that long, so that a twin that comes later would count again. */
const TWINS_MEET_MS = 48 * 3_600_000;

/** What the ledger calls a repeat may not have been recorded; false: nor can it be any more. */
export function mayRecord(
  { keeper }: Pick<TrackingEdges, 'keeper'>,
  { type, token, nowMs }: { readonly type: EventType; readonly token: ReadToken; readonly nowMs: number },
): boolean {
  return nowMs - token.issuedMs < TWINS_MEET_MS || keeper.fateOf(eventIdOf(type, token)) === 'owed';
}

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

export function refuseUnkept(request: HttpRequest): HttpAnswer {
  return fail(request, 'UNAVAILABLE', 'this can not be kept now: send it again');
}

export function reservedBid(token: ReadToken): ReservedBid {
  const { campaignId, lease, ordinal, reservedNanos, expirySec } = token;
  return { campaignId, lease, ordinal, reservedNanos, expirySec };
}

/** What the caps of its campaign hold for the user; null: nothing. */
export function heldBid(token: ReadToken): HeldBid | null {
  if (!token.isCapped || token.test) return null;
  const { userHash, campaignId, issuedMs, expirySec, lease, ordinal } = token;
  return { userHash, campaignId, issuedMs, expirySec, lease, ordinal };
}

/** The bid was shown: its bill or an impression with its token, whichever is first. false: that can't be kept. */
export async function countShown(
  { caps }: Pick<TrackingEdges, 'caps'>,
  token: ReadToken,
  nowMs: number,
): Promise<boolean> {
  const held = heldBid(token);
  return held === null || (await caps.show(held, nowMs)) !== 'away';
}

/** What an event tells beyond its token. */
export type EventDetails = Partial<
  Pick<AdEvent, 'spendNanos' | 'mediaCostNanos' | 'lossReason' | 'valueMicros'>
>;

/** Field by field, here and below: an object that is spread into another costs ten times as much. */
export function signedEvent(
  type: EventType,
  token: ReadToken,
  { traceId }: HttpRequest,
  nowMs: number,
  details: EventDetails = {},
): AdEvent {
  return {
    type,
    eventId: eventIdOf(type, token),
    atMs: nowMs,
    receivedAtMs: nowMs,
    adId: token.adId,
    campaignId: token.campaignId,
    known: true,
    signed: true,
    rated: true,
    userId: token.userHash === '' ? null : token.userHash,
    placementId: token.placementId === '' ? null : token.placementId,
    country: countryOf(token.whereabouts),
    deviceType: deviceTypeOf(token.whereabouts),
    bidMicros: token.priceMicros,
    spendNanos: details.spendNanos ?? 0,
    mediaCostNanos: details.mediaCostNanos ?? 0,
    lossReason: details.lossReason ?? null,
    valueMicros: details.valueMicros ?? null,
    traceId,
  };
}

/** What a call without a token says of itself. */
export interface Report {
  readonly eventId: string;
  readonly adId: string;
  readonly userId: string | null;
  readonly placementId: string | null;
  readonly atMs: number;
  /** Of a conversion. */
  readonly valueMicros: number | null;
}

/** The event that no token vouches for; `campaignId` null: no campaign has the ad. */
export function unsignedEvent(
  type: ReportedType,
  report: Report,
  campaignId: string | null,
  { traceId }: HttpRequest,
  nowMs: number,
): AdEvent {
  return {
    type,
    eventId: report.eventId,
    atMs: report.atMs,
    receivedAtMs: nowMs,
    adId: campaignId === null ? report.adId : report.adId.toLowerCase(),
    campaignId: campaignId ?? '',
    known: campaignId !== null,
    signed: false,
    rated: false,
    userId: report.userId,
    placementId: report.placementId,
    country: null,
    deviceType: null,
    bidMicros: null,
    spendNanos: 0,
    mediaCostNanos: 0,
    lossReason: null,
    valueMicros: type === 'conversion' ? report.valueMicros : null,
    traceId,
  };
}

/** The campaign that has the ad, as far as that is known without a look-up. */
export function campaignOf(
  { landingPages }: Pick<TrackingEdges, 'landingPages'>,
  adId: string,
): string | null {
  return landingPages.findKnown(adId.toLowerCase())?.campaignId ?? null;
}

/** Statistics: no money, no cap. `not_kept`: one of them or more. */
export async function recordUnsigned(
  edges: TrackingEdges,
  events: readonly AdEvent[],
): Promise<'unsigned' | 'not_kept'> {
  const kept = await inTime(Promise.all(events.map((event) => edges.events.record(event))));
  for (const [place, { type }] of events.entries()) {
    edges.count(type, kept !== 'hanging' && kept[place] === 'kept' ? 'unsigned' : 'not_kept');
  }
  return kept === 'hanging' || kept.includes('not_kept') ? 'not_kept' : 'unsigned';
}
