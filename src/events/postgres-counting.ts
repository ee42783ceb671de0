/** Counts events in a transaction of the caller's: seen ids, rows and sums. */
import pg from 'pg';
import { inTransaction, type Pool, type Transaction } from '../database/postgres-pool.ts';
import type { EventRecord } from './event.ts';
import { addUpTally, insertRows } from './postgres-counts.ts';
import { isMissingDay, makeDays, openSeenDay } from './postgres-days.ts';
import { holdOpenDay, markSeen } from './postgres-seen.ts';
import { MAX_UNKNOWN_ADS_A_MINUTE, findOverflow } from './postgres-unknown-ads.ts';
import { countedMs, isAdEvent, minuteKey, tally, type CountedEvent } from './tally.ts';

export interface CountingTerms {
  readonly nowMs: number;
  /** Events of today and of so many days before count in their own minute. */
  readonly keptDays: number;
  /** MAX_UNKNOWN_ADS_A_MINUTE where it is not given. */
  readonly maxUnknownAds?: number;
}

export interface Counted {
  readonly processed: number;
  readonly deduped: number;
  /** Of those processed, the ones that are added up under `overflow`. */
  readonly unknownOverflow: number;
}

/** A transaction that may find the day of its seen ids. */
export interface Counting {
  readonly transaction: Transaction;
  readonly openDay: string;
}

/** A value that a column does not take, or a row that a statement does not take twice: trying again changes nothing. */
const CONTENT_FAULT = /^2[123]/;
/** Days are made ahead: one is missing seldom, and again only where a keeper with other days drops it meanwhile. */
const MAX_TRIES = 20;

/** `work` in a transaction. Where a day is missing it is undone, the days of `events` are made, and it begins anew. */
export async function inCounting<T>(
  pool: Pool,
  events: readonly EventRecord[],
  terms: CountingTerms,
  work: (counting: Counting) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      const done = await inTransaction(pool, async (transaction) => {
        const openDay = await holdOpenDay(transaction);
        return openDay === null ? null : { value: await work({ transaction, openDay }) };
      });
      if (done !== null) return done.value;
    } catch (error) {
      if (!isMissingDay(error) || tries === MAX_TRIES) throw error;
      await makeDays(
        pool,
        events.map((event) => countedMs(event, terms.nowMs, terms.keptDays)),
      );
    }
    await openSeenDay(pool, terms.nowMs);
  }
}

/** What came of each batch; of events with one id the first of the first batch counts. */
export async function countEvents(
  { transaction, openDay }: Counting,
  batches: readonly (readonly EventRecord[])[],
  { nowMs, keptDays, maxUnknownAds = MAX_UNKNOWN_ADS_A_MINUTE }: CountingTerms,
): Promise<readonly Counted[]> {
  const byId = new Map<string, EventRecord>();
  for (const event of batches.flat()) if (!byId.has(event.eventId)) byId.set(event.eventId, event);
  const seen = await markSeen(transaction, [...byId.keys()], openDay);
  const fresh: CountedEvent[] = [];
  for (const event of byId.values()) {
    if (!seen.has(event.eventId)) fresh.push({ event, countedMs: countedMs(event, nowMs, keptDays) });
  }
  const adEvents = fresh.filter(isAdEvent);
  const overflowing = await findOverflow(transaction, adEvents, maxUnknownAds);
  await insertRows(transaction, adEvents);
  await addUpTally(transaction, tally(fresh, overflowing));
  const processed = new Set(fresh.map(({ event }) => event));
  const overflown = new Set<EventRecord>();
  if (overflowing.size > 0) {
    for (const counted of adEvents) {
      if (!counted.event.known && overflowing.has(minuteKey(counted))) overflown.add(counted.event);
    }
  }
  return batches.map((events) => {
    const count = sharedBy(events, processed);
    return { processed: count, deduped: events.length - count, unknownOverflow: sharedBy(events, overflown) };
  });
}

function sharedBy(events: readonly EventRecord[], others: ReadonlySet<EventRecord>): number {
  return others.size === 0 ? 0 : events.filter((event) => others.has(event)).length;
}

/** The events themselves are what Postgres refuses. */
export function isContentFault(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && CONTENT_FAULT.test(error.code ?? '') && !isMissingDay(error);
}

export function faultOf(error: pg.DatabaseError): string {
  return `Postgres does not take it: ${error.message}.`;
}
