/** How far each source has been read: kept beside what was made of it, so that neither is ever ahead of the other. */
import { quickQuery, type Pool, type Transaction } from '../database/postgres-pool.ts';
import { column } from './postgres-columns.ts';

/** A topic of Kafka, or a spool by its id, which has partition 0 alone. */
export interface SourcePartition {
  readonly source: string;
  readonly partition: number;
}

/** Where to go on; null: nothing of it was ever read. */
export async function readOffset(pool: Pool, { source, partition }: SourcePartition): Promise<number | null> {
  const { rows } = await pool.query<{ next: number }>(
    'SELECT next_offset AS next FROM consumed_offsets WHERE source = $1 AND partition = $2',
    [source, partition],
  );
  return rows[0]?.next ?? null;
}

export interface SourceOffset extends SourcePartition {
  readonly nextOffset: number;
}

/** Where to go on with each partition of these sources. */
export async function readOffsets(pool: Pool, sources: readonly string[]): Promise<readonly SourceOffset[]> {
  const { rows } = await pool.query<SourceOffset>(
    quickQuery(
      `SELECT source, partition, next_offset AS "nextOffset" FROM consumed_offsets WHERE source = ANY ($1)`,
      [sources],
    ),
  );
  return rows;
}

/** For a source that was made anew under its old name: its offsets begin again. */
export async function forgetOffset(pool: Pool, { source, partition }: SourcePartition): Promise<void> {
  await pool.query('DELETE FROM consumed_offsets WHERE source = $1 AND partition = $2', [source, partition]);
}

/** Where to go on, in the order of `partitions`. Of two consumers that both believe one to be theirs, the second waits here. */
export async function holdOffsets(
  transaction: Transaction,
  partitions: readonly SourcePartition[],
): Promise<readonly number[]> {
  const { rows } = await transaction.query<SourceOffset>({
    name: 'hold-offsets',
    text: `INSERT INTO consumed_offsets AS kept (source, partition, next_offset)
           SELECT source, partition, 0 FROM unnest($1::text[], $2::int[]) AS held (source, partition)
            ORDER BY source COLLATE "C", partition
           ON CONFLICT (source, partition) DO UPDATE SET updated_at = now()
           RETURNING source, partition, next_offset AS "nextOffset"`,
    values: [
      column(partitions.map(({ source }) => source)),
      column(partitions.map(({ partition }) => partition)),
    ],
  });
  const offsets = new Map(rows.map((row) => [nameOf(row), row.nextOffset]));
  return partitions.map((partition) => offsets.get(nameOf(partition)) ?? 0);
}

/** Of partitions that this transaction holds. */
export async function moveOffsets(transaction: Transaction, moved: readonly SourceOffset[]): Promise<void> {
  await transaction.query({
    name: 'move-offsets',
    text: `UPDATE consumed_offsets AS kept SET next_offset = greatest(kept.next_offset, moved.next_offset)
             FROM unnest($1::text[], $2::int[], $3::bigint[]) AS moved (source, partition, next_offset)
            WHERE kept.source = moved.source AND kept.partition = moved.partition`,
    values: [
      column(moved.map(({ source }) => source)),
      column(moved.map(({ partition }) => partition)),
      column(moved.map(({ nextOffset }) => nextOffset)),
    ],
  });
}

function nameOf({ source, partition }: SourcePartition): string {
  return `${source}/${String(partition)}`;
}
