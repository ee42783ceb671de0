/** New rows of campaigns, their rules and their ads, by sets. */
import type { Transaction } from '../database/postgres-pool.ts';
import type { Campaign } from './model.ts';
import { adRows, campaignRow, ruleRows } from './postgres-rows.ts';

/** Rejects when an id is taken. */
export async function insertCampaigns(
  transaction: Transaction,
  campaigns: readonly Campaign[],
  version: number,
): Promise<void> {
  await insertRows(
    transaction,
    'campaigns',
    campaigns.map((campaign) => campaignRow(campaign, version)),
  );
  await insertRows(transaction, 'campaign_targeting_rules', campaigns.flatMap(ruleRows));
  await insertRows(transaction, 'ads', campaigns.flatMap(adRows));
}

/** One statement and one parameter, however many rows. Their keys are the table's columns. */
export async function insertRows(
  transaction: Transaction,
  table: string,
  rows: readonly object[],
): Promise<void> {
  if (rows[0] === undefined) return;
  const columns = Object.keys(rows[0]).join(', ');
  await transaction.query(
    `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::${table}, $1)`,
    [JSON.stringify(rows)],
  );
}
