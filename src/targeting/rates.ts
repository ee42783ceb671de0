/**
 * How often an impression brings a click or a conversion: what was counted, smoothed with a prior.
 *
 *   rate = (events + PRIOR_EVENTS) / (impressions + PRIOR_EVENTS / prior)
 *
 * which is the prior where nothing was counted, and what was counted once that is much more. It is told as a multiple
 * of the prior, in steps: whatever the order in which servers see the same counts, they rank by the same price, and a
 * price stays where it is until its rate has moved by a step.
 */

/**
 * The prior weighs as if so many clicks, or conversions, had been seen at it. The first of them then moves a rate by
 * a tenth, and after so many it is known to about a fifth: before that, chance moves it more than the ad does.
 */
const PRIOR_EVENTS = 10;
/** Finer than a rate is known before 2,500 clicks; each step of any campaign costs a compilation of the index. */
const STEP = 1.02;
/** Honest ads of one market are nearer to one another. Whoever feigns views or clicks moves a price no further. */
const MOST_TIMES_PRIOR = 20;

const LOG_STEP = Math.log(STEP);

/** The rate as a multiple of the prior: 1 where nothing was counted. It only grows with `events`. */
export function timesPrior(events: number, impressions: number, prior: number): number {
  // A click whose impression was not counted says nothing of how many impressions bring a click.
  const counted = Math.min(events, impressions);
  const times = (counted + PRIOR_EVENTS) / (impressions * prior + PRIOR_EVENTS);
  const bounded = Math.min(Math.max(times, 1 / MOST_TIMES_PRIOR), MOST_TIMES_PRIOR);
  return STEP ** Math.round(Math.log(bounded) / LOG_STEP);
}
