/** How full the spool may be for a record to be let in: what matters less stops earlier. */
import type { SpoolClass } from './spool.ts';

/**
 * Shares of the spool's size. Bids are a hundred times as many as all else, so they leave a fifth of it; tracking leaves
 * what a server takes in wins and clicks while its clients back off from the 503s that the rest gets.
 */
const SHARES: Readonly<Record<SpoolClass, number>> = { money: 1, tracking: 0.9, bids: 0.8 };

export function boundOf(spoolClass: SpoolClass, maxBytes: number): number {
  return Math.floor(SHARES[spoolClass] * maxBytes);
}
