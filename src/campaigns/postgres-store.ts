/**
 * Campaigns in PostgreSQL. Every statement works on a whole set; every change takes its number first
 * (raise_campaign_version), which makes the writers wait for one another until they commit.
 */
import { inTransaction, quickQuery } from '../database/postgres-pool.ts';
import type { Pool, Transaction } from '../database/postgres-pool.ts';
import type { Campaign } from './model.ts';
import { nameActor, recordChanges } from './postgres-audit.ts';
import { readAllChanges, readChangedRow, readFewChanges } from './postgres-changed.ts';
import { readPlace } from './postgres-history.ts';
import { insertCampaigns } from './postgres-inserts.ts';
import { loadServable } from './postgres-servable.ts';
import type { CampaignStore } from './store.ts';

/** Campaigns a statement: bounds the memory of both sides (some megabytes) at no cost in speed. */
const INSERT_PAGE = 1_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function createCampaignStore(pool: Pool): CampaignStore {
  return {
    loadServable: () => loadServable(pool),
    insertMany: async (campaigns, actor = 'import', onProgress = ignore) =>
      campaigns.length === 0
        ? readVersion(pool)
        : inTransaction(pool, async (transaction) => {
            const version = await raiseVersion(transaction);
            await insert(transaction, campaigns, version, actor, onProgress);
            return version;
          }),
    insertFirst: async (campaigns) => {
      if ((await readVersion(pool)) !== 0) return false;
      return inTransaction(pool, async (transaction) => {
        // Another node may have been first since; then this is a change that touches nothing.
        const isFirst = (await raiseVersion(transaction)) === 1;
        if (isFirst) await insert(transaction, campaigns, 1, 'demo', ignore);
        return isFirst;
      });
    },
    findLandingPage: async (adId) => {
      if (!UUID.test(adId)) return null;
      const { rows } = await pool.query<{ campaignId: string; url: string }>(
        quickQuery(`SELECT campaign_id AS "campaignId", redirect_url AS url FROM ads WHERE id = $1`, [adId]),
      );
      return rows[0] ?? null;
    },
    version: () => readVersion(pool),
    place: (mark) => readPlace(pool, mark),
    changedSince: (since, mostLoaded) => readFewChanges(pool, since, mostLoaded),
    changesToSend: async (since, mostLoaded) => {
      const row = await readChangedRow(pool, since, mostLoaded);
      return { version: row.version, row: row.count > mostLoaded ? null : JSON.stringify(row) };
    },
    allChangedSince: (since) => readAllChanges(pool, since),
    count: async () => {
      const { rows } = await pool.query<{ count: number }>('SELECT count(*) FROM campaigns');
      return rows[0]?.count ?? 0;
    },
  };
}

async function readVersion(pool: Pool | Transaction): Promise<number> {
  const { rows } = await pool.query<{ version: number }>(quickQuery('SELECT version FROM campaign_changes'));
  return versionOf(rows);
}

async function raiseVersion(transaction: Transaction): Promise<number> {
  const { rows } = await transaction.query<{ version: number }>('SELECT raise_campaign_version() AS version');
  return versionOf(rows);
}

function versionOf(rows: readonly { readonly version: number }[]): number {
  if (rows[0] === undefined) throw new Error('the table campaign_changes has lost its row');
  return rows[0].version;
}

async function insert(
  transaction: Transaction,
  campaigns: readonly Campaign[],
  version: number,
  actor: string,
  onProgress: (written: number) => void,
): Promise<void> {
  await nameActor(transaction, actor);
  for (let from = 0; from < campaigns.length; from += INSERT_PAGE) {
    const page = campaigns.slice(from, from + INSERT_PAGE).map((campaign) => ({ ...campaign, version }));
    await insertCampaigns(transaction, page, version);
    await recordChanges(
      transaction,
      page.map((after) => ({ actor, action: 'create', version, before: null, after })),
    );
    onProgress(from + page.length);
  }
}

function ignore(): void {
  // Nobody waits for it.
}
