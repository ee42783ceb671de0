/**
 * The outbox in PostgreSQL: the audit, which is written in the transaction of each change, and a position in it.
 * Numbers of changes are taken under a lock that is held until the commit: whoever sees one sees all before it.
 */
import { inTransaction, quickQuery, type Pool, type Transaction } from '../database/postgres-pool.ts';
import {
  announceChange,
  announceStanding,
  isBySql,
  type AuditedRow,
  type CampaignDocument,
} from './announcement.ts';
import { writeCampaign } from './document.ts';
import { BACKLOG_LIMIT, type Outbox, type OutboxBatch, type OutboxPlace } from './outbox.ts';
import { readCampaigns } from './postgres-listing.ts';
import type { CampaignRow } from './postgres-rows.ts';

/** Changes a batch. With the largest documents that HTTP takes, before and after, some 100 MB for a moment. */
const BATCH = 200;
/** A batch takes milliseconds; one of large documents over a slow line, seconds. */
const READ_LIMIT_MS = 20_000;
const LEAST_UUID = '00000000-0000-0000-0000-000000000000';
const HIGHEST_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const AT_ONE_MOMENT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

const PLACE = 'version, campaign_id, standing_after';

/** `name`: of the position. */
export function createOutbox(pool: Pool, name: string): Outbox {
  return {
    async next() {
      const from = (await readPlace(pool, name)) ?? (await begin(pool, name));
      return inTransaction(pool, (transaction) => readBatch(transaction, from), AT_ONE_MOMENT);
    },
    async settle(from, to) {
      const isMoved = await movePlace(pool, name, '=', from, to);
      if (!isMoved) await movePlace(pool, name, '>', from, from);
    },
    async countBacklog() {
      const place = await readPlace(pool, name);
      return place === null ? 0 : countBehind(pool, place);
    },
  };
}

async function readPlace(pool: Pool, name: string): Promise<OutboxPlace | null> {
  const { rows } = await pool.query<OutboxPlace>(
    quickQuery(
      `SELECT version, campaign_id AS "campaignId", standing_after AS "standingAfter"
         FROM relay_positions WHERE name = $1`,
      [name],
    ),
  );
  return rows[0] ?? null;
}

/** Changes from now on come after every campaign as it stands. */
async function begin(pool: Pool, name: string): Promise<OutboxPlace> {
  await pool.query(
    quickQuery(
      `INSERT INTO relay_positions (name, ${PLACE}) SELECT $1, version, $2, $3 FROM campaign_changes
       ON CONFLICT DO NOTHING`,
      [name, HIGHEST_UUID, LEAST_UUID],
    ),
  );
  const place = await readPlace(pool, name);
  if (place === null) throw new Error('the table campaign_changes has lost its row');
  return place;
}

async function movePlace(
  pool: Pool,
  name: string,
  where: '=' | '>',
  from: OutboxPlace,
  to: OutboxPlace,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    quickQuery(
      `UPDATE relay_positions SET (${PLACE}) = ROW ($5::bigint, $6::uuid, $7::uuid)
        WHERE name = $1 AND (${PLACE}) ${where} ($2::bigint, $3::uuid, $4::uuid)`,
      [name, ...partsOf(from), ...partsOf(to)],
    ),
  );
  return rowCount === 1;
}

function partsOf({ version, campaignId, standingAfter }: OutboxPlace): readonly (number | string)[] {
  return [version, campaignId, standingAfter];
}

async function readBatch(transaction: Transaction, from: OutboxPlace): Promise<OutboxBatch | null> {
  return from.standingAfter === HIGHEST_UUID
    ? readChanges(transaction, from)
    : readStanding(transaction, from);
}

async function readStanding(transaction: Transaction, from: OutboxPlace): Promise<OutboxBatch> {
  const { rows } = await transaction.query<CampaignRow>(
    quickQuery(
      `SELECT * FROM campaigns WHERE id > $1 ORDER BY id LIMIT ${String(BATCH)}`,
      [from.standingAfter],
      READ_LIMIT_MS,
    ),
  );
  const campaigns = await readCampaigns(transaction, rows);
  return {
    announcements: campaigns.map((campaign) => announceStanding(writeCampaign(campaign))),
    from,
    to: { ...from, standingAfter: campaigns.length < BATCH ? HIGHEST_UUID : (campaigns.at(-1)?.id ?? '') },
  };
}

async function readChanges(transaction: Transaction, from: OutboxPlace): Promise<OutboxBatch | null> {
  const { rows } = await transaction.query<AuditedRow>(
    quickQuery(
      `SELECT campaign_id AS id, version, at, actor, action, before, after
         FROM (SELECT DISTINCT version, campaign_id FROM campaign_audit
                WHERE (version, campaign_id) > ($1::bigint, $2::uuid)
                ORDER BY version, campaign_id LIMIT ${String(BATCH)}) AS changes
         JOIN campaign_audit AS audit USING (version, campaign_id)
        ORDER BY version, campaign_id, audit.id`,
      [from.version, from.campaignId],
      READ_LIMIT_MS,
    ),
  );
  const last = rows.at(-1);
  if (last === undefined) return null;
  const present = await readPresent(transaction, rows.filter(isBySql));
  return {
    announcements: groupByChange(rows).map((group) =>
      announceChange(group, present.get(group[0].id) ?? null),
    ),
    from,
    to: { ...from, version: last.version, campaignId: last.id },
  };
}

async function readPresent(
  transaction: Transaction,
  changed: readonly AuditedRow[],
): Promise<ReadonlyMap<string, CampaignDocument>> {
  if (changed.length === 0) return new Map();
  const { rows } = await transaction.query<CampaignRow>(
    quickQuery('SELECT * FROM campaigns WHERE id = ANY ($1)', [changed.map(({ id }) => id)], READ_LIMIT_MS),
  );
  const campaigns = await readCampaigns(transaction, rows);
  return new Map(campaigns.map((campaign) => [campaign.id, writeCampaign(campaign)]));
}

function groupByChange(rows: readonly AuditedRow[]): [AuditedRow, ...AuditedRow[]][] {
  const groups: [AuditedRow, ...AuditedRow[]][] = [];
  for (const row of rows) {
    const group = groups.at(-1);
    if (group?.[0].id === row.id && group[0].version === row.version) group.push(row);
    else groups.push([row]);
  }
  return groups;
}

async function countBehind(pool: Pool, { version, campaignId, standingAfter }: OutboxPlace): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    quickQuery(
      `SELECT (SELECT count(*) FROM (SELECT FROM campaigns WHERE id > $3 LIMIT $4) AS standing) +
              (SELECT count(*) FROM (SELECT DISTINCT version, campaign_id FROM campaign_audit
                WHERE (version, campaign_id) > ($1::bigint, $2::uuid) LIMIT $4) AS changes) AS count`,
      [version, campaignId, standingAfter, BACKLOG_LIMIT],
    ),
  );
  return rows[0]?.count ?? 0;
}
