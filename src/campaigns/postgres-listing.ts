/** Reading campaigns for those who manage them: one, a page, or what was done to one. */
import type { Transaction } from '../database/postgres-pool.ts';
import type { AuditEntry, ListFilter, ListPlace, Page } from './desk.ts';
import type { Campaign } from './model.ts';
import type { CampaignRow } from './postgres-rows.ts';
import { readWhole, WHOLE_COLUMNS, type WholeRow } from './postgres-whole.ts';

type PlacedRow = CampaignRow & { readonly created_at_micros: number };

/** Its ads are those that have not ended. `advertiserId`: of this one alone. */
export async function findCampaign(
  transaction: Transaction,
  id: string,
  advertiserId: string | null,
  lock: 'FOR UPDATE' | '' = '',
): Promise<Campaign | null> {
  const { rows } = await transaction.query<CampaignRow>(
    `SELECT * FROM campaigns WHERE id = $1 AND ($2::uuid IS NULL OR advertiser_id = $2) ${lock}`,
    [id, advertiserId],
  );
  return (await readCampaigns(transaction, rows))[0] ?? null;
}

export async function listCampaigns(
  transaction: Transaction,
  { status, advertiserId }: ListFilter,
  after: ListPlace | null,
  limit: number,
): Promise<Page<Campaign, ListPlace>> {
  const { rows } = await transaction.query<PlacedRow>(
    `SELECT *, (extract(epoch FROM created_at) * 1000000)::bigint AS created_at_micros FROM campaigns
        WHERE ($1::text IS NULL OR status = $1) AND ($2::uuid IS NULL OR advertiser_id = $2)
          AND ($3::bigint IS NULL OR
               (created_at, id) > ('epoch'::timestamptz + $3 * interval '1 microsecond', $4::uuid))
        ORDER BY created_at, id LIMIT $5`,
    [status, advertiserId, after?.createdAtMicros ?? null, after?.id ?? null, limit + 1],
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: await readCampaigns(transaction, shown),
    next:
      last === undefined || rows.length === shown.length
        ? null
        : { createdAtMicros: last.created_at_micros, id: last.id },
  };
}

/** `advertiserId`: since the campaign came to this one, whose business what was before is not. */
export async function listAudit(
  transaction: Transaction,
  id: string,
  advertiserId: string | null,
  before: number | null,
  limit: number,
): Promise<Page<AuditEntry, number>> {
  const { rows } = await transaction.query<
    Omit<AuditEntry, 'at'> & { readonly id: number; readonly at: Date }
  >(
    `SELECT id, at, actor, action, before, after FROM campaign_audit
        WHERE campaign_id = $1 AND ($2::bigint IS NULL OR id < $2)
          AND ($4::text IS NULL OR id > coalesce((
                SELECT max(id) FROM campaign_audit
                 WHERE campaign_id = $1
                   AND coalesce(before ->> 'advertiserId', before -> 'campaigns' -> 0 ->> 'advertiser_id') <> $4), 0))
        ORDER BY id DESC LIMIT $3`,
    [id, before, limit + 1, advertiserId],
  );
  const shown = rows.slice(0, limit);
  return {
    items: shown.map((row) => ({
      at: row.at.toISOString(),
      actor: row.actor,
      action: row.action,
      before: row.before,
      after: row.after,
    })),
    next: rows.length === shown.length ? null : (shown.at(-1)?.id ?? null),
  };
}

/** Campaigns of their rows, in that order, as whoever manages them sees them: without the ads that have ended. */
export async function readCampaigns(
  transaction: Transaction,
  rows: readonly CampaignRow[],
): Promise<readonly Campaign[]> {
  if (rows.length === 0) return [];
  const whole = await transaction.query<WholeRow>(
    `SELECT ${WHOLE_COLUMNS}
       FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (id, place) JOIN campaigns AS campaign USING (id)
      ORDER BY place`,
    [rows.map(({ id }) => id)],
  );
  return withVersions(
    transaction,
    whole.rows.map(readWhole).map((campaign) => ({
      ...campaign,
      ads: campaign.ads.filter(({ status }) => status !== 'ended'),
    })),
  );
}

/**
 * With the number of the last change as their version: plain SQL on their ads and rules leaves their own row as it is.
 * Asked for last: a change that comes while we read is refused as another's, rather than overwritten unseen.
 */
async function withVersions(
  transaction: Transaction,
  campaigns: readonly Campaign[],
): Promise<readonly Campaign[]> {
  const { rows } = await transaction.query<{ readonly id: string; readonly version: number }>(
    'SELECT id, version FROM changed_campaigns WHERE id = ANY ($1)',
    [campaigns.map(({ id }) => id)],
  );
  const changed = new Map(rows.map(({ id, version }) => [id, version]));
  return campaigns.map((campaign) => ({
    ...campaign,
    version: Math.max(campaign.version, changed.get(campaign.id) ?? 0),
  }));
}
