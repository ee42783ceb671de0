/** Events added up, in memory, into what the tables of sums get from a batch. */
import type { AdEvent, AuctionTally, EventRecord, EventType } from './event.ts';

export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
/** What ads that are not known are added up under, once a minute has enough of them. */
export const OVERFLOW_AD_ID = 'overflow';
/** Senders' clocks run ahead a little; the endpoints refuse more. */
const MAX_AHEAD_MS = DAY_MS;

export interface CountedEvent<T extends EventRecord = EventRecord> {
  readonly event: T;
  readonly countedMs: number;
}

/** A sum past 2^53 need not be exact: no table takes it. */
export type Sums = Record<EventType | 'spendNanos' | 'mediaCostNanos' | 'valueMicros', number>;

/** Of an ad in a minute, or in a day. */
export interface AdSums extends Sums {
  readonly startMs: number;
  readonly adId: string;
  known: boolean;
}

/** Besides, what moves the price of it. */
export interface AdDay extends AdSums {
  readonly rated: Record<RatedType, number>;
}
type RatedType = 'impression' | 'click' | 'conversion';

export interface CampaignDay extends Sums {
  readonly startMs: number;
  readonly campaignId: string;
  bids: number;
}

export interface AuctionMinute {
  readonly startMs: number;
  /** A campaign that bid, or a reason not to. */
  readonly of: string;
  count: number;
}

/** Each in the order of its key: whoever writes several of them locks them in one order. */
export interface Tally {
  readonly adMinutes: readonly AdSums[];
  readonly adDays: readonly AdDay[];
  readonly campaignDays: readonly CampaignDay[];
  readonly bidMinutes: readonly AuctionMinute[];
  readonly noBidMinutes: readonly AuctionMinute[];
}

/** When an event counts: as its sender says while that day is kept (today and `keptDays` before), else when it came. */
export function countedMs(
  { atMs, receivedAtMs }: Pick<EventRecord, 'atMs' | 'receivedAtMs'>,
  nowMs: number,
  keptDays: number,
): number {
  const fromMs = startOf(nowMs, DAY_MS) - keptDays * DAY_MS;
  return [atMs, receivedAtMs].find((ms) => ms >= fromMs && ms <= nowMs + MAX_AHEAD_MS) ?? nowMs;
}

export function startOf(ms: number, unitMs: number): number {
  return ms - (ms % unitMs);
}

export function isAdEvent(counted: CountedEvent): counted is CountedEvent<AdEvent> {
  return counted.event.type !== 'auction';
}

/** The row of ad_stats_minute that an event belongs to. */
export function minuteKey({ event, countedMs }: CountedEvent): string {
  return `${String(startOf(countedMs, MINUTE_MS))} ${event.adId}`;
}

/** `overflowing`: keys of minutes of ads that are not known and get no row of their own. */
export function tally(events: readonly CountedEvent[], overflowing: ReadonlySet<string>): Tally {
  const adMinutes = new Map<string, AdSums>();
  const adDays = new Map<string, AdDay>();
  const campaignDays = new Map<string, CampaignDay>();
  const bidMinutes = new Map<string, AuctionMinute>();
  const noBidMinutes = new Map<string, AuctionMinute>();
  for (const counted of events) {
    if (isAdEvent(counted)) {
      const adId = idOfSums(counted, overflowing);
      addToAdMinute(adMinutes, adId, counted);
      addToAdDay(adDays, adId, counted);
      if (counted.event.known) addToDay(campaignDays, counted);
    } else {
      addAuctions(counted as CountedEvent<AuctionTally>, bidMinutes, noBidMinutes, campaignDays);
    }
  }
  return {
    adMinutes: inOrder(adMinutes),
    adDays: inOrder(adDays),
    campaignDays: inOrder(campaignDays),
    bidMinutes: inOrder(bidMinutes),
    noBidMinutes: inOrder(noBidMinutes),
  };
}

function idOfSums(counted: CountedEvent<AdEvent>, overflowing: ReadonlySet<string>): string {
  const { known, adId } = counted.event;
  return !known && overflowing.has(minuteKey(counted)) ? OVERFLOW_AD_ID : adId;
}

function addToAdMinute(
  minutes: Map<string, AdSums>,
  adId: string,
  { event, countedMs }: CountedEvent<AdEvent>,
): void {
  const startMs = startOf(countedMs, MINUTE_MS);
  const sums = entry(minutes, `${String(startMs)} ${adId}`, () => noAdSums(startMs, adId));
  sums.known ||= event.known;
  add(sums, event);
}

function addToAdDay(
  days: Map<string, AdDay>,
  adId: string,
  { event, countedMs }: CountedEvent<AdEvent>,
): void {
  const startMs = startOf(countedMs, DAY_MS);
  const sums = entry(days, `${String(startMs)} ${adId}`, () => ({
    ...noAdSums(startMs, adId),
    rated: { impression: 0, click: 0, conversion: 0 },
  }));
  sums.known ||= event.known;
  add(sums, event);
  if (event.rated && isRated(event.type)) sums.rated[event.type] += 1;
}

function isRated(type: EventType): type is RatedType {
  return type === 'impression' || type === 'click' || type === 'conversion';
}

function addToDay(days: Map<string, CampaignDay>, { event, countedMs }: CountedEvent<AdEvent>): void {
  add(dayOf(days, event.campaignId, countedMs), event);
}

function addAuctions(
  { event, countedMs }: CountedEvent<AuctionTally>,
  bids: Map<string, AuctionMinute>,
  noBids: Map<string, AuctionMinute>,
  days: Map<string, CampaignDay>,
): void {
  const startMs = startOf(countedMs, MINUTE_MS);
  const [minutes, of] = event.nbr === null ? [bids, event.campaignId] : [noBids, String(event.nbr)];
  entry(minutes, `${String(startMs)} ${of}`, () => ({ startMs, of, count: 0 })).count += event.count;
  if (event.nbr === null) dayOf(days, event.campaignId, countedMs).bids += event.count;
}

function dayOf(days: Map<string, CampaignDay>, campaignId: string, countedMs: number): CampaignDay {
  const startMs = startOf(countedMs, DAY_MS);
  return entry(days, `${String(startMs)} ${campaignId}`, () => ({
    startMs,
    campaignId,
    bids: 0,
    ...noSums(),
  }));
}

function add(sums: Sums, event: AdEvent): void {
  sums[event.type] += 1;
  sums.spendNanos += event.spendNanos;
  sums.mediaCostNanos += event.mediaCostNanos;
  sums.valueMicros += event.valueMicros ?? 0;
}

function noAdSums(startMs: number, adId: string): AdSums {
  return { startMs, adId, known: false, ...noSums() };
}

function noSums(): Sums {
  return {
    impression: 0,
    click: 0,
    conversion: 0,
    win: 0,
    billing: 0,
    loss: 0,
    spendNanos: 0,
    mediaCostNanos: 0,
    valueMicros: 0,
  };
}

function entry<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function inOrder<T>(map: ReadonlyMap<string, T>): readonly T[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
