/**
 * Counts a batch of messages, each exactly once whatever crashes: seen ids, rows, sums, dead letters and the offset are
 * one transaction. Locks are taken in one order by all consumers: the open day (shared), the partition's offset, ids in
 * their order, unknown ads, then the rows of sums in the order of their keys.
 */
import type { Pool } from '../database/postgres-pool.ts';
import { readMessage, type Message, type Reading } from './message.ts';
import {
  countEvents,
  faultOf,
  inCounting,
  isContentFault,
  type CountingTerms,
  type Counted,
} from './postgres-counting.ts';
import { buryLetters } from './postgres-dead-letters.ts';
import { holdOffset, moveOffset, type SourcePartition } from './postgres-offsets.ts';

export interface SourceBatch extends SourcePartition {
  /** In the order of their offsets, which may have gaps. */
  readonly messages: readonly Message[];
  /** Where to go on once these are done. */
  readonly nextOffset: number;
}

/** processed + deduped + dead = batchSize. */
export interface BatchOutcome extends Counted {
  readonly batchSize: number;
  readonly dead: number;
}

interface Part extends SourcePartition {
  readonly readings: readonly Reading[];
  readonly nextOffset: number;
}

/** Rejects where nothing was done that can't be done again: with the same messages, once Postgres can. */
export function consume(pool: Pool, batch: SourceBatch, terms: CountingTerms): Promise<BatchOutcome> {
  const { source, partition, messages, nextOffset } = batch;
  return countPart(pool, { source, partition, readings: messages.map(readMessage), nextOffset }, terms);
}

/** What can't be counted together is counted in halves, down to the one message that can't be counted at all. */
async function countPart(pool: Pool, part: Part, terms: CountingTerms): Promise<BatchOutcome> {
  try {
    return await countWhole(pool, part, terms);
  } catch (error) {
    if (!isContentFault(error)) throw error;
    const { readings } = part;
    const [only, second] = readings;
    if (only === undefined) throw error;
    if (second === undefined) {
      if (only.fault !== null) throw error;
      const reading = { message: only.message, fault: faultOf(error) };
      return countWhole(pool, { ...part, readings: [reading] }, terms);
    }
    const middle = Math.ceil(readings.length / 2);
    const later = readings.slice(middle);
    const earlier = { readings: readings.slice(0, middle), nextOffset: later[0]?.message.offset ?? 0 };
    const first = await countPart(pool, { ...part, ...earlier }, terms);
    return sum(first, await countPart(pool, { ...part, readings: later }, terms));
  }
}

function countWhole(pool: Pool, part: Part, terms: CountingTerms): Promise<BatchOutcome> {
  const events = part.readings.flatMap((reading) => (reading.fault === null ? [reading.event] : []));
  return inCounting(pool, events, terms, async (counting) => {
    const { transaction } = counting;
    const from = await holdOffset(transaction, part);
    const readings = part.readings.filter(({ message }) => message.offset >= from);
    const letters = readings.filter(({ fault }) => fault !== null);
    const isAllNew = readings.length === part.readings.length;
    const newEvents = isAllNew
      ? events
      : readings.flatMap((reading) => (reading.fault === null ? [reading.event] : []));
    const counted = await countEvents(counting, newEvents, terms);
    await buryLetters(transaction, part, letters);
    await moveOffset(transaction, part, part.nextOffset);
    return {
      ...counted,
      batchSize: part.readings.length,
      deduped: counted.deduped + part.readings.length - readings.length,
      dead: letters.length,
    };
  });
}

function sum(a: BatchOutcome, b: BatchOutcome): BatchOutcome {
  return {
    batchSize: a.batchSize + b.batchSize,
    processed: a.processed + b.processed,
    deduped: a.deduped + b.deduped,
    dead: a.dead + b.dead,
    unknownOverflow: a.unknownOverflow + b.unknownOverflow,
  };
}
