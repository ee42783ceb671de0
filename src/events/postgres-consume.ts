/**
 * Counts batches of messages, each message exactly once whatever crashes: seen ids, rows, sums, dead letters and the offsets
 * are one transaction. Locks are taken in one order by all consumers: the open day (shared), offsets and ids, each in
 * their order, unknown ads, then the rows of sums in the order of their keys.
 */
import type { Pool } from '../database/postgres-pool.ts';
import type { EventRecord } from './event.ts';
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
import { holdOffsets, moveOffsets, type SourcePartition } from './postgres-offsets.ts';

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
  return countPart(pool, readBatch(batch), terms);
}

/** Batches of as many partitions, in one transaction where Postgres takes all of them: what came of each. */
export async function consumeTogether(
  pool: Pool,
  batches: readonly SourceBatch[],
  terms: CountingTerms,
): Promise<readonly BatchOutcome[]> {
  const parts = batches.map(readBatch);
  try {
    if (parts.length > 1) return await countWhole(pool, parts, terms);
  } catch (error) {
    if (!isContentFault(error)) throw error;
  }
  const outcomes: BatchOutcome[] = [];
  for (const part of parts) outcomes.push(await countPart(pool, part, terms));
  return outcomes;
}

function readBatch({ source, partition, messages, nextOffset }: SourceBatch): Part {
  return { source, partition, readings: messages.map(readMessage), nextOffset };
}

/** What can't be counted together is counted in halves, down to the one message that can't be counted at all. */
async function countPart(pool: Pool, part: Part, terms: CountingTerms): Promise<BatchOutcome> {
  try {
    return await countAlone(pool, part, terms);
  } catch (error) {
    if (!isContentFault(error)) throw error;
    const { readings } = part;
    const [only, second] = readings;
    if (only === undefined) throw error;
    if (second === undefined) {
      if (only.fault !== null) throw error;
      const reading = { message: only.message, fault: faultOf(error) };
      return countAlone(pool, { ...part, readings: [reading] }, terms);
    }
    const middle = Math.ceil(readings.length / 2);
    const later = readings.slice(middle);
    const earlier = { readings: readings.slice(0, middle), nextOffset: later[0]?.message.offset ?? 0 };
    const first = await countPart(pool, { ...part, ...earlier }, terms);
    return sum(first, await countPart(pool, { ...part, readings: later }, terms));
  }
}

async function countAlone(pool: Pool, part: Part, terms: CountingTerms): Promise<BatchOutcome> {
  const [outcome] = await countWhole(pool, [part], terms);
  if (outcome === undefined) throw new Error('a batch without an outcome');
  return outcome;
}

function countWhole(
  pool: Pool,
  parts: readonly Part[],
  terms: CountingTerms,
): Promise<readonly BatchOutcome[]> {
  return inCounting(pool, parts.flatMap(eventsOf), terms, async (counting) => {
    const { transaction } = counting;
    const offsets = await holdOffsets(transaction, parts);
    const newParts = parts.map((part, i) => ({
      ...part,
      readings: part.readings.filter(({ message }) => message.offset >= (offsets[i] ?? 0)),
    }));
    const counted = await countEvents(counting, newParts.map(eventsOf), terms);
    for (const part of newParts) await buryLetters(transaction, part, lettersOf(part));
    await moveOffsets(transaction, newParts);
    return parts.map(({ readings: { length: batchSize } }, i) => {
      const { processed = 0, unknownOverflow = 0 } = counted[i] ?? {};
      const dead = lettersOf(newParts[i] ?? { readings: [] }).length;
      return { batchSize, processed, deduped: batchSize - processed - dead, dead, unknownOverflow };
    });
  });
}

function eventsOf({ readings }: Pick<Part, 'readings'>): readonly EventRecord[] {
  return readings.flatMap((reading) => (reading.fault === null ? [reading.event] : []));
}

function lettersOf({ readings }: Pick<Part, 'readings'>): readonly Reading[] {
  return readings.filter(({ fault }) => fault !== null);
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
