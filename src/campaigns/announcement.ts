/**
 * What other systems are told of a change: one announcement a campaign and change, made of what the audit holds.
 * The program records whole campaigns; for a change by plain SQL the database records rows, a statement at a time.
 */
import type { writeCampaign } from './document.ts';

export type CampaignDocument = ReturnType<typeof writeCampaign>;

export interface Announcement {
  /** The campaign's. */
  readonly id: string;
  /** The number of the change: those of a campaign only grow, and tell repeats. */
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  /** Fields of the campaign that are not what they were before. */
  readonly changed: readonly string[];
  /** After the change; by plain SQL: as it stood when this was written. null: it is gone. */
  readonly campaign: CampaignDocument | null;
}

/** A row of the audit. */
export interface AuditedRow {
  readonly id: string;
  readonly version: number;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly before: object | null;
  readonly after: object | null;
}

/** Its actor of a campaign that is told as it stands, before any change of it. */
const RELAY = 'relay';
const STANDING = 'present';
/** No other actor begins like this. */
const SQL_ACTOR = 'sql:';
/** Every change moves these, and none of them is what was changed. */
const UNTOLD = new Set(['id', 'version', 'createdAt', 'updatedAt']);
const FIELD_OF_TABLE: Readonly<Record<string, string>> = {
  ads: 'ads',
  campaign_targeting_rules: 'targeting',
};
/** Columns of the table campaigns; those that no field shows are not told. */
const FIELD_OF_COLUMN: Readonly<Record<string, string>> = {
  name: 'name',
  advertiser_id: 'advertiserId',
  seat: 'seat',
  status: 'status',
  bid_model: 'bid',
  bid_amount_micros: 'bid',
  daily_budget_nanos: 'dailyBudget',
  lifetime_budget_nanos: 'lifetimeBudget',
  pacing: 'pacing',
  budget_mode: 'budgetMode',
  starts_at: 'schedule',
  ends_at: 'schedule',
  timezone: 'schedule',
  dayparts: 'schedule',
  frequency_caps: 'frequencyCaps',
  deals: 'deals',
  deals_only: 'dealsOnly',
  currency: 'currency',
};

export function isBySql({ actor }: AuditedRow): boolean {
  return actor.startsWith(SQL_ACTOR);
}

export function announceStanding(campaign: CampaignDocument): Announcement {
  const { id, version } = campaign;
  const at = campaign.updatedAt ?? campaign.createdAt ?? '';
  return { id, version, at, actor: RELAY, action: STANDING, changed: [], campaign };
}

/** `rows`: those of one campaign in one change, in their order. `present`: the campaign now, for a change by SQL. */
export function announceChange(
  rows: readonly [AuditedRow, ...AuditedRow[]],
  present: CampaignDocument | null,
): Announcement {
  const [first] = rows;
  const last = rows.at(-1) ?? first;
  return {
    id: first.id,
    version: first.version,
    at: last.at.toISOString(),
    actor: first.actor,
    action: [...new Set(rows.map(({ action }) => action))].join(', '),
    changed: [...new Set(rows.flatMap(isBySql(first) ? fieldsOfRows : fieldsOfDocuments))].sort(),
    // The program wrote it with writeCampaign.
    campaign: isBySql(first) ? present : (last.after as CampaignDocument | null),
  };
}

function fieldsOfDocuments({ before, after }: AuditedRow): string[] {
  return findDifferences(before, after).filter((field) => !UNTOLD.has(field));
}

/** `before` and `after` hold rows, under the name of their table. */
function fieldsOfRows({ before, after }: AuditedRow): string[] {
  return findDifferences(before, after).flatMap((table) => {
    const field = FIELD_OF_TABLE[table];
    if (field !== undefined) return [field];
    return findDifferences(rowOf(before, table), rowOf(after, table)).flatMap(
      (column) => FIELD_OF_COLUMN[column] ?? [],
    );
  });
}

/** The table campaigns has one row a campaign. */
function rowOf(tables: object | null, table: string): object | null {
  const rows = memberOf(tables, table);
  return Array.isArray(rows) ? (rows[0] as object) : null;
}

function findDifferences(one: object | null, other: object | null): string[] {
  const names = new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})]);
  return [...names].filter((name) => textOf(one, name) !== textOf(other, name));
}

function textOf(whole: object | null, name: string): string | undefined {
  return JSON.stringify(memberOf(whole, name));
}

function memberOf(whole: object | null, name: string): unknown {
  return (whole as Readonly<Record<string, unknown>> | null)?.[name];
}
