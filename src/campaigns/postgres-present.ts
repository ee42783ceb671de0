/** What of a file of campaigns is in the database already. */
import type { Pool } from '../database/postgres-pool.ts';
import type { Campaign } from './model.ts';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Those of the ids that campaigns have. */
export async function findPresent(pool: Pool, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ id: string }>(
    'SELECT id::text FROM campaigns WHERE id = ANY ($1::uuid[])',
    [ids.filter((id) => UUID.test(id))],
  );
  return new Set(rows.map(({ id }) => id));
}

/** How many of them have the name of one that their advertiser has, and has not ended. */
export async function countNamesakes(
  pool: Pool,
  campaigns: readonly Pick<Campaign, 'advertiserId' | 'name'>[],
): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM unnest($1::uuid[], $2::text[]) AS given (advertiser_id, name)
      WHERE (advertiser_id, name) IN (SELECT advertiser_id, name FROM campaigns WHERE status <> 'ended')`,
    [campaigns.map(({ advertiserId }) => advertiserId), campaigns.map(({ name }) => name)],
  );
  return rows[0]?.count ?? 0;
}
