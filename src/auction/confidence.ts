/** How sure the auction is that the ad it chose was the best one to choose. */

/**
 * What a bid of N is really worth is known only up to this share of N: a campaign's yield moves by about a
 * tenth from day to day.
 */
const RELATIVE_UNCERTAINTY = 0.1;

/**
 * The chance, 0 to 1, that the winner was really worth more than the runner-up, when the worth of each is
 * normally distributed around its bid with a tenth of it as standard deviation and both are independent:
 *
 *   P(W > R) = Φ((w − r) / (0.1 · √(w² + r²)))
 *
 * Equal bids give 0.5; a winner without a runner-up 1. Rounded to two places: the model bears no more.
 */
export function confidenceOf(winner: number, runnerUp: number | null): number {
  if (runnerUp === null) return 1;
  const spread = RELATIVE_UNCERTAINTY * Math.hypot(winner, runnerUp);
  const chance = spread === 0 ? 0.5 : normalBelow((winner - runnerUp) / spread);
  return Math.round(chance * 100) / 100;
}

/** Φ by Abramowitz and Stegun 26.2.17; its error is below 7.5e-8. */
function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const poly =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
  return z >= 0 ? 1 - tail : tail;
}
