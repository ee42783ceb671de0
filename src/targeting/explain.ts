/** Why a campaign does not match a query: told by the very lanes that matching asks, never by a second set of rules. */
import { DIMENSIONS } from '../campaigns/dimensions.ts';
import type { Lane, Operator } from './lane.ts';
import { BLOCK_CAMPAIGNS, BLOCK_WORDS, DAYPART_DIMENSION } from './layout.ts';
import type { Matcher } from './match.ts';
import { narrow } from './narrow.ts';
import type { Query } from './query.ts';
import type { IndexSnapshot } from './snapshot-view.ts';
import type { Snapshot } from './snapshot.ts';

/** `dimension` is a query's: one of DIMENSIONS, AD_DIMENSION or ACCESS_DIMENSION. */
export type FailedRule =
  | { readonly kind: 'rule'; readonly dimension: number; readonly operator: Operator }
  | { readonly kind: 'schedule' };

/**
 * The first rule of its targeting, then of its schedule, that keeps the campaign from the query; null where none
 * does. What its ads are and where it may bid is not asked here: who judges candidates says that more precisely.
 */
export function explainMatch(
  snapshot: Snapshot,
  matcher: Matcher,
  query: Query,
  campaign: number,
): { readonly reason: 'targeting' | 'schedule'; readonly rule: string } | null {
  matcher.prepare(snapshot, query);
  for (const failed of failedRules(matcher, campaign)) {
    if (failed.kind === 'schedule') return { reason: 'schedule', rule: 'schedule' };
    const name = DIMENSIONS[failed.dimension];
    if (name !== undefined) return { reason: 'targeting', rule: `${name} ${failed.operator}` };
  }
  return null;
}

/**
 * Every rule that keeps the campaign from the query that `matcher` prepared: by dimension, include before exclude,
 * the schedule last. Empty: it matches, as far as neither rank, ordinal nor budget is against it.
 */
export function failedRules(matcher: Matcher, campaign: number): FailedRule[] {
  const failed = matcher.lanes().filter((lane) => !passes(matcher.snapshot(), lane, campaign));
  const rules = failed
    .filter(({ dimension }) => dimension !== DAYPART_DIMENSION)
    .map(({ dimension, operator }): FailedRule & { kind: 'rule' } => ({ kind: 'rule', dimension, operator }))
    .sort((a, b) => a.dimension - b.dimension || (a.operator === 'include' ? -1 : 1));
  const isScheduled = rules.length === failed.length && matcher.isRunning(campaign);
  return isScheduled ? rules : [...rules, { kind: 'schedule' }];
}

function passes(snapshot: IndexSnapshot, lane: Lane, campaign: number): boolean {
  const words = new Int32Array(BLOCK_WORDS);
  const word = (campaign >>> 5) & (BLOCK_WORDS - 1);
  words[word] = 1 << (campaign & 31);
  const block = Math.floor(campaign / BLOCK_CAMPAIGNS);
  return narrow([lane], 1, snapshot, block, words, 1 << word) !== 0;
}
