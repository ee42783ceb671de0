/** One campaign written: what differs from before, and its place in the audit. */
import type { Transaction } from '../database/postgres-pool.ts';
import { writeCampaign } from './document.ts';
import type { Ad, Campaign } from './model.ts';
import { recordChanges } from './postgres-audit.ts';
import { insertCampaigns, insertRows } from './postgres-inserts.ts';
import { adRows, campaignRow, ruleRows } from './postgres-rows.ts';

/** All of a campaign that a client can change, as text: two that are the same are one. */
export function changeable(campaign: Campaign): string {
  return JSON.stringify({ ...writeCampaign(campaign), version: 0, createdAt: 0, updatedAt: 0 });
}

/** The campaign as it was written. */
export async function writeNew(
  transaction: Transaction,
  campaign: Campaign,
  actor: string,
): Promise<Campaign> {
  const { version, nowMs } = await stampChange(transaction);
  const after = { ...campaign, version, createdAtMs: nowMs, updatedAtMs: nowMs };
  await insertCampaigns(transaction, [after], version);
  await recordChanges(transaction, [{ actor, action: 'create', version, before: null, after }]);
  return after;
}

/** The campaign as it was written. */
export async function writeChange(
  transaction: Transaction,
  before: Campaign,
  changed: Campaign,
  { actor, action }: { readonly actor: string; readonly action: string },
): Promise<Campaign> {
  const { version, nowMs } = await stampChange(transaction);
  const after = { ...changed, version, updatedAtMs: nowMs };
  await updateColumns(transaction, before, after);
  if (differ(before.targeting, after.targeting)) {
    await transaction.query('DELETE FROM campaign_targeting_rules WHERE campaign_id = $1', [after.id]);
    await insertRows(transaction, 'campaign_targeting_rules', ruleRows(after));
  }
  if (differ(before.ads, after.ads)) await writeAds(transaction, before, after);
  await recordChanges(transaction, [{ actor, action, version, before, after }]);
  return after;
}

/** The clock is read under the lock, so that campaigns are created in the order in which they are seen. */
async function stampChange(transaction: Transaction): Promise<{ version: number; nowMs: number }> {
  const { rows } = await transaction.query<{ version: number; nowMs: number }>(
    `SELECT version, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS "nowMs"
       FROM raise_campaign_version() AS version`,
  );
  if (rows[0] === undefined) throw new Error('the table campaign_changes has lost its row');
  return rows[0];
}

/** Columns that stay the same may hold what only SQL can write: they are left alone. */
async function updateColumns(transaction: Transaction, before: Campaign, after: Campaign): Promise<void> {
  const old = new Map<string, unknown>(Object.entries(campaignRow(before, before.version)));
  const changed = Object.entries(campaignRow(after, after.version)).filter(([column, value]) =>
    differ(old.get(column), value),
  );
  const columns = changed.map(([column]) => column);
  await transaction.query(
    `UPDATE campaigns SET ${columns.map((column) => `${column} = changed.${column}`).join(', ')}
       FROM json_populate_record(NULL::campaigns, $2) AS changed WHERE campaigns.id = $1`,
    [after.id, JSON.stringify(Object.fromEntries(changed))],
  );
}

/** Ads that are gone stay as ended rows behind the others: their clicks still have to lead somewhere. */
async function writeAds(transaction: Transaction, before: Campaign, after: Campaign): Promise<void> {
  await transaction.query('SET CONSTRAINTS ads_campaign_id_ad_number_key DEFERRED');
  await transaction.query(
    `UPDATE ads SET status = 'ended', ad_number = $3 + gone.place - 1
       FROM (SELECT id, row_number() OVER (ORDER BY ad_number) AS place
               FROM ads WHERE campaign_id = $1 AND NOT id = ANY ($2)) AS gone
      WHERE ads.id = gone.id AND (status <> 'ended' OR ad_number <> $3 + gone.place - 1)`,
    [after.id, after.ads.map(({ id }: Ad) => id), after.ads.length],
  );
  const old = new Map(adRows(before).map((row) => [row.id, row]));
  const changed = adRows(after).filter((row) => differ(old.get(row.id), row));
  if (changed[0] === undefined) return;
  const columns = Object.keys(changed[0]);
  await transaction.query(
    `INSERT INTO ads (${columns.join(', ')})
     SELECT ${columns.join(', ')} FROM json_populate_recordset(NULL::ads, $1)
     ON CONFLICT (id) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    [JSON.stringify(changed)],
  );
}

function differ(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}
