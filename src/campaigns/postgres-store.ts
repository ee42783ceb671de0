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
import { readAd, readCampaign } from './postgres-rows.ts';
import type { AdRow, CampaignRow, RuleRow } from './postgres-rows.ts';
import type { CampaignStore } from './store.ts';

/** Campaigns a statement: bounds the memory of both sides (some megabytes) at no cost in speed. */
const PAGE = 5_000;
const INSERT_PAGE = 1_000;
/** It takes 0.3 s beside the server, and has some megabytes, which a slow line carries in seconds. */
const PAGE_LIMIT_MS = 20_000;
/** All of its statements see one moment. */
const BEGIN_READING = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Sorts before every other. */
const LEAST_UUID = '00000000-0000-0000-0000-000000000000';

export function createCampaignStore(pool: Pool): CampaignStore {
  return {
    loadServable: () =>
      inTransaction(
        pool,
        async (transaction) => ({
          version: await readVersion(transaction),
          campaigns: await loadActive(transaction),
        }),
        BEGIN_READING,
      ),
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

async function loadActive(transaction: Transaction): Promise<Campaign[]> {
  const campaigns: Campaign[] = [];
  for (let after = LEAST_UUID; ;) {
    const page = await loadPage(transaction, after);
    for (const campaign of page) campaigns.push(campaign);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return campaigns;
    after = last.id;
  }
}

async function loadPage(transaction: Transaction, after: string): Promise<Campaign[]> {
  const { rows } = await transaction.query<CampaignRow>(
    pageQuery(
      `SELECT * FROM campaigns WHERE status = 'active' AND id > $1 ORDER BY id LIMIT ${String(PAGE)}`,
      [after],
    ),
  );
  return joinParts(transaction, rows);
}

/** Campaigns of their rows, in that order, with their rules and ads. */
export async function joinParts(transaction: Transaction, rows: readonly CampaignRow[]): Promise<Campaign[]> {
  const ids = rows.map(({ id }) => id).sort();
  // For thousands of ids alone, the planner reads the whole table; between the first and the last, a page of it.
  const values = [ids, ids[0], ids.at(-1)];
  const rules = await transaction.query<RuleRow & { readonly campaign_id: string }>(
    pageQuery(
      `SELECT campaign_id, rule_type, operator, json_agg(rule_value ORDER BY value_number) AS values
         FROM campaign_targeting_rules WHERE campaign_id = ANY ($1) AND campaign_id BETWEEN $2 AND $3
        GROUP BY campaign_id, rule_number, rule_type, operator ORDER BY campaign_id, rule_number`,
      values,
    ),
  );
  const ads = await transaction.query<AdRow>(
    pageQuery(
      `SELECT * FROM ads WHERE campaign_id = ANY ($1) AND campaign_id BETWEEN $2 AND $3
        ORDER BY campaign_id, ad_number`,
      values,
    ),
  );
  const rulesById = groupByCampaign(rules.rows);
  const adsById = groupByCampaign(ads.rows);
  return rows.map((row) =>
    readCampaign(row, rulesById.get(row.id) ?? [], (adsById.get(row.id) ?? []).map(readAd)),
  );
}

function pageQuery(text: string, values: readonly unknown[]): ReturnType<typeof quickQuery> {
  return quickQuery(text, values, PAGE_LIMIT_MS);
}

function groupByCampaign<Row extends { readonly campaign_id: string }>(
  rows: readonly Row[],
): ReadonlyMap<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.campaign_id);
    if (group === undefined) groups.set(row.campaign_id, [row]);
    else group.push(row);
  }
  return groups;
}
