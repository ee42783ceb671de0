/** What the simple form's winner pays. */
import { CENT_MICROS, type PriceMicros } from '../money.ts';

/**
 * The runner-up's bid and a cent, at least the floor, at most the winner's own bid; without a runner-up the
 * floor, at least a cent. CPM micros in USD.
 */
export function secondPrice(
  winner: PriceMicros,
  runnerUp: PriceMicros | null,
  floor: PriceMicros,
): PriceMicros {
  const asked = runnerUp === null ? Math.max(floor, CENT_MICROS) : Math.max(floor, runnerUp + CENT_MICROS);
  return Math.min(asked, winner) as PriceMicros;
}
