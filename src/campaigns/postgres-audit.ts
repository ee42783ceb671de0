/** The record of changes: written in the transaction of the change, never edited (a trigger refuses it). */
import type { Transaction } from '../database/postgres-pool.ts';
import { writeCampaign } from './document.ts';
import type { Campaign } from './model.ts';

export interface AuditedChange {
  readonly actor: string;
  readonly action: string;
  readonly version: number;
  /** null: it was not there before. */
  readonly before: Campaign | null;
  readonly after: Campaign;
}

/** Changes in this transaction are recorded by the program, in whole campaigns, and not row by row by the database. */
export async function nameActor(transaction: Transaction, actor: string): Promise<void> {
  await transaction.query(`SELECT set_config('gavel.actor', $1, true)`, [actor]);
}

/** After the version was raised: places in the audit are in the order of commits. */
export async function recordChanges(
  transaction: Transaction,
  changes: readonly AuditedChange[],
): Promise<void> {
  const rows = changes.map(({ before, after, ...facts }) => ({
    ...facts,
    campaign_id: after.id,
    before: before === null ? null : writeCampaign(before),
    after: writeCampaign(after),
  }));
  await transaction.query(
    `INSERT INTO campaign_audit (campaign_id, actor, action, version, before, after)
     SELECT campaign_id, actor, action, version, before, after FROM json_to_recordset($1)
         AS change (campaign_id uuid, actor text, action text, version bigint, before json, after json)`,
    [JSON.stringify(rows)],
  );
}
