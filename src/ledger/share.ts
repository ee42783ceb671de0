/**
 * What a bid of a campaign in budget mode `expected` reserves: a share of its price, by how often its bids are billed.
 * The share is fixed per lease, so that every notice and every expiry gives back exactly what the bid took.
 */
import type { BudgetMode, BidModel } from '../campaigns/model.ts';

/** Shares are whole numbers of this; a power of two, so that a whole one is exact up to 2^53 nanos. */
export const WHOLE_SHARE = 1_024;
/** 2 %: what a win rate that rises all at once can cost is no more than fifty times what is reserved. */
const LEAST_SHARE = 21;
/** Bids whose end must be known before less than the whole price is reserved. */
const LEAST_TRIED_BIDS = 200;
/** So many bids are remembered, the half of them at least. */
const REMEMBERED_BIDS = 8_192;
const MOST_REMEMBERED_NANOS = 2 ** 52;
/** One-sided 99 %: of the measured rate, and of how many bids win at that rate. */
const DEVIATIONS = 2.33;
/** Against a rate that rises while bids are out. */
const DRIFT = 1.25;
/** By how much the share of a lease may be below what it would be now, and above it, before another is opened. */
const TOLERATED_RISE = 1.125;
const TOLERATED_FALL = 0.75;

/** How bids ended, in nanos of their whole prices. */
export interface WinRecord {
  readonly triedNanos: number;
  readonly wonNanos: number;
}

/** What of the campaign's terms decides. */
interface ShareTerms {
  readonly model: BidModel;
  readonly budgetMode: BudgetMode;
  readonly unitNanos: number;
}

/** What a bid of `nanos` takes from a lease of that share. */
export function heldOf(nanos: number, share: number): number {
  return share === WHOLE_SHARE ? nanos : Math.ceil((nanos * share) / WHOLE_SHARE);
}

/** The price of bids that hold `nanos`. */
export function priceOf(nanos: number, share: number): number {
  return share === WHOLE_SHARE ? nanos : Math.floor((nanos * WHOLE_SHARE) / share);
}

/** How much of its bids is remembered of a campaign: what is older counts half, a quarter, … */
export function rememberedNanos(unitNanos: number): number {
  return Math.min(MOST_REMEMBERED_NANOS, unitNanos * REMEMBERED_BIDS);
}

/**
 * The share of a campaign's next lease. `unpostedNanos`: what is left of the budget but for what is posted. The fewer
 * units that is, the more a few wins above the mean weigh: so many bids are let out that they stay within it.
 *
 *   expected wins x of all that is out:  x + DEVIATIONS * sqrt(x) = units left
 */
export function shareOf(
  terms: ShareTerms,
  { triedNanos, wonNanos }: WinRecord,
  unpostedNanos: number,
): number {
  if (terms.budgetMode === 'strict' || terms.model !== 'cpm') return WHOLE_SHARE;
  const tried = triedNanos / terms.unitNanos;
  const units = unpostedNanos / terms.unitNanos;
  if (tried < LEAST_TRIED_BIDS || units < 1) return WHOLE_SHARE;
  const root = (Math.sqrt(DEVIATIONS ** 2 + 4 * units) - DEVIATIONS) / 2;
  const margin = (units / root ** 2) * DRIFT;
  const rate = upperBound(Math.min(1, wonNanos / triedNanos), tried);
  return Math.min(WHOLE_SHARE, Math.max(LEAST_SHARE, Math.ceil(rate * margin * WHOLE_SHARE)));
}

/** The share that the next bids take: that of the open lease, while it is near enough to what a new one would have. */
export function keepShare(open: number | null, wanted: number): number {
  if (open === null || wanted === WHOLE_SHARE) return wanted;
  return wanted > open * TOLERATED_RISE || wanted < open * TOLERATED_FALL ? wanted : open;
}

/** Wilson's: good for rates near 0 too. */
function upperBound(rate: number, tried: number): number {
  const square = DEVIATIONS ** 2;
  const spread = Math.sqrt((rate * (1 - rate)) / tried + square / (4 * tried ** 2));
  return (rate + square / (2 * tried) + DEVIATIONS * spread) / (1 + square / tried);
}
