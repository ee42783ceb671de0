/** What the management endpoints answer: a campaign, an ad, or why not. */
import { usdOfNanos, writeCampaign } from '../campaigns/document.ts';
import type { KeptAnswer } from '../campaigns/desk.ts';
import type { Ad, Campaign } from '../campaigns/model.ts';
import { findPitfalls } from '../campaigns/pitfalls.ts';
import type { Validation } from '../campaigns/validation.ts';
import type { Spend } from '../ledger/ledger.ts';
import { fail, messageOf } from './errors.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';

/** Budgets change under a reader, and a key's answers are nobody else's. */
const NOT_STORED = { 'cache-control': 'no-store' } as const;

export const NO_CAMPAIGN = 'there is no such campaign';
export const NO_AD = 'the campaign has no such ad';

/** A campaign, what was spent of its budgets and, where there is any, what it had better not say. */
export function documentOf(campaign: Campaign, spend: Spend): object {
  const warnings = findPitfalls(campaign);
  return {
    ...writeCampaign(campaign),
    spentToday: usdOfNanos(spend.spentTodayNanos),
    spentLifetime: usdOfNanos(spend.spentLifetimeNanos),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

export function jsonAnswer(
  body: object,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): KeptAnswer {
  return { status, headers: { ...NOT_STORED, ...headers }, body: JSON.stringify(body) };
}

export function campaignAnswer(
  campaign: Campaign,
  spend: Spend,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): KeptAnswer {
  return jsonAnswer(documentOf(campaign, spend), status, { etag: tagOf(campaign), ...headers });
}

/** An ad is guarded by its campaign's tag. */
export function adAnswer(
  campaign: Campaign,
  ad: Ad,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): KeptAnswer {
  return jsonAnswer(ad, status, { etag: tagOf(campaign), ...headers });
}

/** Names every field that is wrong: 400 where a type is, else 422. */
export function invalid(
  request: HttpRequest,
  { kind, mistakes }: Extract<Validation, { ok: false }>,
): HttpAnswer {
  const details = mistakes.map(({ field, message }) => ({ field: field === '' ? 'body' : field, message }));
  const code = kind === 'type' ? 'INVALID_REQUEST' : 'UNPROCESSABLE';
  return fail(request, code, messageOf(details), { details });
}

/** The 409 for an `If-Match` that names another version; null: it names this one, or none was sent. */
export function checkMatch(request: HttpRequest, campaign: Campaign): HttpAnswer | null {
  const wanted = request.header('if-match').trim();
  if (wanted === '' || wanted === '*') return null;
  const tag = tagOf(campaign);
  if (wanted.split(',').some((candidate) => candidate.trim() === tag)) return null;
  return fail(request, 'CONFLICT', `if-match: the campaign has changed, its ETag is now ${tag}`);
}

function tagOf({ version }: Campaign): string {
  return `"${String(version)}"`;
}
