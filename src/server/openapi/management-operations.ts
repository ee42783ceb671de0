/** Campaigns and their ads, for holders of a management key. */
import { STATUSES } from '../../campaigns/validation.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../campaign-lists.ts';
import type { ErrorCode } from '../errors.ts';
import {
  answer,
  errors,
  header,
  jsonAnswer,
  jsonBody,
  NOT_STORED,
  pathUuid,
  query,
  type Operation,
  type Operations,
} from './operation.ts';
import { integer, ref, type Schema } from './schema.ts';

const id = pathUuid('id', 'The campaign.');
const adId = pathUuid('adId', 'The ad.');
const ifMatch = parameter('If-Match', 'The ETag that the change is meant for; another one is a 409.');
const onceKey = parameter(
  'Idempotency-Key',
  'The same key again gets the same answer, and changes nothing.',
  {
    maxLength: 255,
    pattern: '^[ -~]*$',
  },
);
const tag = { ...NOT_STORED, etag: header('Of the campaign, for `If-Match`.') };
const located = { ...tag, location: header('Where it is read.') };
const limit = query('limit', 'Items of a page.', integer(1, MAX_LIMIT, 'Items.', DEFAULT_LIMIT));
const cursor = query('cursor', 'The `nextCursor` of an earlier answer.');
const campaign = jsonAnswer('The campaign.', ref('Campaign'), tag);
const ad = jsonAnswer('The ad.', ref('Ad'), tag);
const page = (name: string): Schema => jsonAnswer('A page.', ref(name), NOT_STORED);

/** Of whoever reads, and of whoever changes. */
const READING: readonly ErrorCode[] = ['UNAUTHORIZED', 'UNAVAILABLE'];
const CHANGING: readonly ErrorCode[] = [...READING, 'FORBIDDEN'];
const FINDING: readonly ErrorCode[] = ['NOT_FOUND'];
const CHANGING_ONE: readonly ErrorCode[] = [...CHANGING, ...FINDING, 'CONFLICT'];
const BODY: readonly ErrorCode[] = [
  'INVALID_REQUEST',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'UNPROCESSABLE',
];
/** An Idempotency-Key that is none, or was used for something else. */
const ONCE: readonly ErrorCode[] = ['INVALID_REQUEST', 'UNPROCESSABLE'];

export const MANAGEMENT: Operations = {
  'GET /campaigns': {
    operationId: 'listCampaigns',
    summary: 'List campaigns, the oldest first',
    isKeyed: true,
    parameters: [
      query('status', 'Only these.', { type: 'string', enum: STATUSES }),
      query('advertiserId', 'Only this one’s.', { type: 'string', format: 'uuid' }),
      limit,
      cursor,
    ],
    responses: { '200': page('CampaignPage'), ...errors(...READING, 'INVALID_REQUEST') },
  },
  'POST /campaigns': {
    operationId: 'createCampaign',
    summary: 'Create a campaign',
    description: 'The answer leaves once this node serves by it.',
    isKeyed: true,
    parameters: [onceKey],
    requestBody: jsonBody('CampaignInput'),
    responses: {
      '201': { ...campaign, headers: { ...(campaign.headers as object), ...located } },
      ...errors(...CHANGING, ...BODY),
    },
  },
  'GET /campaigns/{id}': {
    operationId: 'readCampaign',
    summary: 'Read a campaign',
    isKeyed: true,
    parameters: [id],
    responses: { '200': campaign, ...errors(...READING, ...FINDING) },
  },
  'PUT /campaigns/{id}': {
    operationId: 'replaceCampaign',
    summary: 'Replace a campaign',
    description: 'An ad that the body names by its id, or says again in every word, stays the same ad.',
    isKeyed: true,
    parameters: [id, ifMatch],
    requestBody: jsonBody('CampaignInput'),
    responses: { '200': campaign, ...errors(...CHANGING_ONE, ...BODY) },
  },
  'PATCH /campaigns/{id}': {
    operationId: 'patchCampaign',
    summary: 'Change fields of a campaign',
    isKeyed: true,
    parameters: [id, ifMatch],
    requestBody: patchBody('CampaignPatch'),
    responses: { '200': campaign, ...errors(...CHANGING_ONE, ...BODY) },
  },
  'DELETE /campaigns/{id}': {
    operationId: 'endCampaign',
    summary: 'End a campaign for ever',
    description: 'It stays readable, and its history is kept.',
    isKeyed: true,
    parameters: [id, ifMatch],
    responses: { '204': answer('It has ended.', null), ...errors(...CHANGING_ONE) },
  },
  'POST /campaigns/{id}/pause': switching('pauseCampaign', 'Pause a campaign'),
  'POST /campaigns/{id}/resume': switching('resumeCampaign', 'Resume a campaign'),
  'GET /campaigns/{id}/audit': {
    operationId: 'auditCampaign',
    summary: 'Who changed a campaign, and what, the last change first',
    isKeyed: true,
    parameters: [id, limit, cursor],
    responses: { '200': page('AuditPage'), ...errors(...READING, ...FINDING, 'INVALID_REQUEST') },
  },
  'POST /campaigns/{id}/ads': {
    operationId: 'addAd',
    summary: 'Add an ad',
    isKeyed: true,
    parameters: [id, ifMatch, onceKey],
    requestBody: jsonBody('AdInput'),
    responses: {
      '201': { ...ad, headers: { ...(ad.headers as object), ...located } },
      ...errors(...CHANGING_ONE, ...BODY),
    },
  },
  'GET /campaigns/{id}/ads/{adId}': {
    operationId: 'readAd',
    summary: 'Read an ad',
    isKeyed: true,
    parameters: [id, adId],
    responses: { '200': ad, ...errors(...READING, ...FINDING) },
  },
  'PATCH /campaigns/{id}/ads/{adId}': {
    operationId: 'patchAd',
    summary: 'Change fields of an ad',
    isKeyed: true,
    parameters: [id, adId, ifMatch],
    requestBody: patchBody('AdPatch'),
    responses: { '200': ad, ...errors(...CHANGING_ONE, ...BODY) },
  },
  'DELETE /campaigns/{id}/ads/{adId}': {
    operationId: 'removeAd',
    summary: 'Take an ad out of its campaign',
    description: 'A campaign’s last ad can not be taken out.',
    isKeyed: true,
    parameters: [id, adId, ifMatch],
    responses: { '204': answer('It is out.', null), ...errors(...CHANGING_ONE, 'UNPROCESSABLE') },
  },
};

function switching(operationId: string, summary: string): Operation {
  return {
    operationId,
    summary,
    isKeyed: true,
    parameters: [id, ifMatch, onceKey],
    responses: { '200': campaign, ...errors(...CHANGING_ONE, ...ONCE) },
  };
}

function patchBody(name: string): Schema {
  const schema = ref(name);
  return {
    required: true,
    content: { 'application/merge-patch+json': { schema }, 'application/json': { schema } },
  };
}

function parameter(name: string, description: string, bounds: Schema = {}): Schema {
  return { name, in: 'header', description, schema: { type: 'string', ...bounds } };
}
