/** Puts the fresh tables of a replay into the place of the live ones. All of it in the transaction of the caller. */
import type { Transaction } from '../database/postgres-pool.ts';
import { DAY_TABLES, SEEN_TABLE, dayOf, dayOfPartition } from './postgres-days.ts';
import { readMessage } from './message.ts';
import { column } from './postgres-columns.ts';
import type { PartitionStart } from './kafka-stretch.ts';
import type { SourceOffset } from './postgres-offsets.ts';
import { listPartitions, type Partition, type ReplaySchemas } from './postgres-replay-tables.ts';
import { isRecounted, type Cut } from './replay-cut.ts';

/** Says of a partition what its bounds say: so that it takes its place without being read. */
const BOUNDS_CHECK = 'replayed_day';
/** What of the topics was counted anew. */
export interface Stretch {
  readonly cut: Cut;
  readonly starts: readonly PartitionStart[];
  /** Where the live tables stood when what stays was copied. */
  readonly copiedTo: readonly SourceOffset[];
}

interface Letter {
  readonly id: number;
  readonly offset: number;
  readonly value: Buffer;
  readonly createdAt: Date;
  readonly isLate: boolean;
}

const AUCTION_TABLES: readonly string[] = ['bids_minute', 'no_bids_minute'];

/** Reads the rows of each partition that has no such check yet: before anybody waits for the swap. */
export async function checkBounds(session: Transaction, { fresh }: ReplaySchemas): Promise<void> {
  for (const table of [...DAY_TABLES, SEEN_TABLE]) {
    for (const { name, condition } of await listPartitions(session, fresh, table)) {
      const { rows } = await session.query(
        'SELECT FROM pg_constraint WHERE conname = $1 AND conrelid = to_regclass($2)',
        [BOUNDS_CHECK, `${fresh}.${name}`],
      );
      if (rows.length > 0) continue;
      await session.query(`ALTER TABLE ${fresh}.${name} ADD CONSTRAINT ${BOUNDS_CHECK} CHECK (${condition})`);
    }
  }
}

/** `days` come with all their tables; of the bids those from the first day on, as those before were not counted anew. */
export async function swapDays(
  session: Transaction,
  schemas: ReplaySchemas,
  { fromMs }: Cut,
  days: readonly string[],
): Promise<void> {
  const { live, fresh } = schemas;
  const firstDay = dayOf(fromMs);
  for (const table of DAY_TABLES) {
    for (const partition of await listPartitions(session, fresh, table)) {
      const day = dayOfPartition(partition.name);
      const isKept = AUCTION_TABLES.includes(table) && day < firstDay;
      if (days.includes(day) && !isKept) await swapPartition(session, schemas, table, partition);
    }
  }
  for (const table of ['ad_stats_day', 'daily_metrics']) {
    const names = await listColumns(session, live, table);
    await session.query(`DELETE FROM ${live}.${table} WHERE date >= $1 OR date = ANY ($2::date[])`, [
      firstDay,
      days,
    ]);
    await session.query(
      `INSERT INTO ${live}.${table} (${names}) SELECT ${names} FROM ${fresh}.${table}
        WHERE date >= $1 OR date = ANY ($2::date[])`,
      [firstDay, days],
    );
  }
}

/** The ids with the days that they were seen in. */
export async function swapSeen(session: Transaction, schemas: ReplaySchemas): Promise<void> {
  const { live, fresh } = schemas;
  for (const { name } of await listPartitions(session, live, SEEN_TABLE)) {
    await session.query(`DROP TABLE ${live}.${name}`);
  }
  for (const partition of await listPartitions(session, fresh, SEEN_TABLE)) {
    await swapPartition(session, schemas, SEEN_TABLE, partition);
  }
  await session.query(`DELETE FROM ${live}.seen_days`);
  await session.query(`INSERT INTO ${live}.seen_days SELECT * FROM ${fresh}.seen_days`);
}

/**
 * Letters that could be counted now go; those that could not be counted now, and could before, come. Of what the
 * consumers have not read yet they make letters themselves.
 */
export async function settleLetters(
  session: Transaction,
  { live, fresh }: ReplaySchemas,
  stretch: Stretch,
): Promise<void> {
  const { rows } = await session.query<Letter>(
    `SELECT id, message_offset AS "offset", value, created_at AS "createdAt", message_offset >= coalesce(copied_to, 0) AS "isLate"
       FROM ${live}.dead_letters
       JOIN unnest($1::text[], $2::integer[], $3::bigint[]) AS starts (source, partition, start_offset)
      USING (source, partition)
       LEFT JOIN unnest($4::text[], $5::integer[], $6::bigint[]) AS copied (source, partition, copied_to)
      USING (source, partition)
      WHERE message_offset >= start_offset`,
    [
      column(stretch.starts.map(({ topic }) => topic)),
      column(stretch.starts.map(({ partition }) => partition)),
      column(stretch.starts.map(({ startOffset }) => startOffset)),
      column(stretch.copiedTo.map(({ source }) => source)),
      column(stretch.copiedTo.map(({ partition }) => partition)),
      column(stretch.copiedTo.map(({ nextOffset }) => nextOffset)),
    ],
  );
  const counted = rows.filter((letter) => isCounted(letter, stretch.cut)).map(({ id }) => id);
  await session.query(`DELETE FROM ${live}.dead_letters WHERE id = ANY ($1::bigint[])`, [column(counted)]);
  await session.query(
    `INSERT INTO ${live}.dead_letters (source, partition, message_offset, value, reason, created_at)
     SELECT source, partition, message_offset, value, reason, created_at FROM ${fresh}.dead_letters AS letters
      WHERE EXISTS (SELECT FROM ${live}.consumed_offsets AS consumed
                     WHERE consumed.source = letters.source AND consumed.partition = letters.partition
                       AND message_offset < next_offset)
        AND NOT EXISTS (SELECT FROM ${live}.dead_letters AS known
                         WHERE known.source = letters.source AND known.partition = letters.partition
                           AND known.message_offset = letters.message_offset)
      ORDER BY letters.id`,
  );
}

function isCounted({ offset, value, createdAt, isLate }: Letter, cut: Cut): boolean {
  const reading = readMessage({ offset, value });
  if (reading.fault !== null) return false;
  return isRecounted(reading.event, createdAt.getTime(), cut) || (isLate && reading.event.type !== 'auction');
}

async function swapPartition(
  session: Transaction,
  { live, fresh }: ReplaySchemas,
  table: string,
  { name, bounds }: Partition,
): Promise<void> {
  await session.query(`DROP TABLE IF EXISTS ${live}.${name}`);
  await session.query(`ALTER TABLE ${fresh}.${table} DETACH PARTITION ${fresh}.${name}`);
  await session.query(`ALTER TABLE ${fresh}.${name} SET SCHEMA ${live}`);
  await session.query(`ALTER TABLE ${live}.${table} ATTACH PARTITION ${live}.${name} ${bounds}`);
  await session.query(`ALTER TABLE ${live}.${name} DROP CONSTRAINT IF EXISTS ${BOUNDS_CHECK}`);
}

/** Those that can be written. */
async function listColumns(session: Transaction, schema: string, table: string): Promise<string> {
  const { rows } = await session.query<{ names: string }>(
    `SELECT string_agg(quote_ident(attname), ', ') AS names FROM pg_attribute
      WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
    [`${schema}.${table}`],
  );
  return rows[0]?.names ?? '';
}
