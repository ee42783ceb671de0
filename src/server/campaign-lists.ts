/** GET /campaigns, /campaigns/{id} and /campaigns/{id}/audit. */
import type { CampaignDesk } from '../campaigns/desk.ts';
import type { CampaignStatus } from '../campaigns/model.ts';
import { campaignAnswer, documentOf, jsonAnswer, NO_CAMPAIGN } from './campaign-answers.ts';
import { readAuditCursor, readListCursor, writeAuditCursor, writeListCursor } from './cursor.ts';
import { fail } from './errors.ts';
import { mistakes, queryFields, type Fields } from './fields.ts';
import type { Holder } from './gatekeeper.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import { campaignIdOf, reading, uuidOf, type ManagingEdges } from './managing.ts';

export const DEFAULT_LIMIT = 50;
/** Each has some kilobytes, and all are in memory at once. */
export const MAX_LIMIT = 500;
const STATUSES: readonly CampaignStatus[] = ['active', 'paused', 'ended'];

export function campaignListRoutes(edges: ManagingEdges): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: '/campaigns',
      name: 'campaign_list',
      handle: reading(edges, (request, holder) => list(edges, request, holder)),
    },
    {
      method: 'GET',
      pattern: '/campaigns/{id}',
      name: 'campaign_read',
      handle: reading(edges, (request, holder) => read(edges, request, holder)),
    },
    {
      method: 'GET',
      pattern: '/campaigns/{id}/audit',
      name: 'campaign_audit',
      handle: reading(edges, (request, holder) => audit(edges.desk, request, holder)),
    },
  ];
}

async function list(
  { desk, ledger, clock }: ManagingEdges,
  request: HttpRequest,
  holder: Holder,
): Promise<HttpAnswer | 'unavailable'> {
  const fields = queryFields(request.query);
  const status = readStatus(fields);
  const asked = readAdvertiser(fields);
  const limit = readLimit(fields);
  const after = readCursor(fields, readListCursor);
  if (fields.errors.length > 0) return mistakes(fields, request);
  const advertiserId = holder.advertiserId ?? asked;
  if (asked !== null && asked !== advertiserId) return jsonAnswer({ items: [], nextCursor: null });
  const page = await desk.list({ status, advertiserId }, after, limit);
  if (page === 'unavailable') return page;
  const nowMs = clock();
  await ledger.refresh(
    page.items.map(({ id }) => id),
    nowMs,
  );
  return jsonAnswer({
    items: page.items.map((campaign) => documentOf(campaign, ledger.spend(campaign.id, nowMs))),
    nextCursor: page.next === null ? null : writeListCursor(page.next),
  });
}

async function read(
  { desk, ledger, clock }: ManagingEdges,
  request: HttpRequest,
  { advertiserId }: Holder,
): Promise<HttpAnswer | 'unavailable'> {
  const id = campaignIdOf(request);
  const campaign = id === null ? null : await desk.find(id, advertiserId);
  if (campaign === 'unavailable') return campaign;
  if (campaign === null) return fail(request, 'NOT_FOUND', NO_CAMPAIGN);
  await ledger.refresh([campaign.id], clock());
  return campaignAnswer(campaign, ledger.spend(campaign.id, clock()));
}

/** That of a campaign which plain SQL has deleted is there for those who see all campaigns. */
async function audit(
  desk: CampaignDesk,
  request: HttpRequest,
  { advertiserId }: Holder,
): Promise<HttpAnswer | 'unavailable'> {
  const fields = queryFields(request.query);
  const limit = readLimit(fields);
  const before = readCursor(fields, readAuditCursor);
  if (fields.errors.length > 0) return mistakes(fields, request);
  const id = campaignIdOf(request);
  const campaign = id === null ? null : await desk.find(id, advertiserId);
  if (campaign === 'unavailable') return campaign;
  if (id === null || (campaign === null && advertiserId !== null)) {
    return fail(request, 'NOT_FOUND', NO_CAMPAIGN);
  }
  const page = await desk.audit(id, advertiserId, before, limit);
  if (page === 'unavailable') return page;
  if (campaign === null && page.items.length === 0) return fail(request, 'NOT_FOUND', NO_CAMPAIGN);
  return jsonAnswer({
    items: page.items,
    nextCursor: page.next === null ? null : writeAuditCursor(page.next),
  });
}

function readStatus(fields: Fields): CampaignStatus | null {
  const text = fields.text('status');
  const status = STATUSES.find((known) => known === text);
  if (text !== '' && status === undefined) fields.refuse('status', `must be one of ${STATUSES.join(', ')}`);
  return status ?? null;
}

function readAdvertiser(fields: Fields): string | null {
  const text = fields.text('advertiserId');
  const id = uuidOf(text);
  if (text !== '' && id === null) fields.refuse('advertiserId', 'must be a UUID');
  return id;
}

function readLimit(fields: Fields): number {
  const errorsBefore = fields.errors.length;
  const limit = fields.number('limit') ?? DEFAULT_LIMIT;
  const isSound = Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT;
  if (!isSound && fields.errors.length === errorsBefore) {
    fields.refuse('limit', `must be a whole number from 1 to ${MAX_LIMIT}`);
  }
  return limit;
}

/** null: from the beginning. */
function readCursor<Place>(fields: Fields, decode: (cursor: string) => Place | null): Place | null {
  const cursor = fields.text('cursor');
  if (cursor === '') return null;
  const place = decode(cursor);
  if (place === null) fields.refuse('cursor', 'must be the nextCursor of an earlier answer');
  return place;
}
