/** How far each source has been read: kept beside what was made of it, so that neither is ever ahead of the other. */
import { quickQuery, type Pool, type Transaction } from '../database/postgres-pool.ts';

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

/** Where to go on. Of two consumers that both believe the partition to be theirs, the second waits here. */
export async function holdOffset(
  transaction: Transaction,
  { source, partition }: SourcePartition,
): Promise<number> {
  const { rows } = await transaction.query<{ next: number }>({
    name: 'hold-offset',
    text: `INSERT INTO consumed_offsets AS kept (source, partition, next_offset) VALUES ($1, $2, 0)
           ON CONFLICT (source, partition) DO UPDATE SET updated_at = now() RETURNING next_offset AS next`,
    values: [source, partition],
  });
  return rows[0]?.next ?? 0;
}

export async function moveOffset(
  transaction: Transaction,
  { source, partition }: SourcePartition,
  nextOffset: number,
): Promise<void> {
  await transaction.query({
    name: 'move-offset',
    text: `UPDATE consumed_offsets SET next_offset = greatest(next_offset, $3)
            WHERE source = $1 AND partition = $2`,
    values: [source, partition, nextOffset],
  });
}
