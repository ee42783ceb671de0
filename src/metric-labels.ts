/** The closed lists that metrics take their label values from. */
import { NBR, type Nbr } from './openrtb/codes.ts';

/**
 * Parts of a bid: deciding, hand-over to a worker included; reserving, with what budgets and caps must be waited for; of that, the
 * caps; signing and writing the answer.
 */
export const STAGES = ['decide', 'reserve', 'caps', 'sell'] as const;
export type Stage = (typeof STAGES)[number];

/** What an imp whose candidates have frequency caps was told. */
export const HOLD_OUTCOMES = ['open', 'capped', 'none', 'away'] as const;

export const STATUS_CLASSES = ['aborted', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;
/** Labels of bid answers: 'bid', then every reason of NBR but 0, which stands for a bid. */
export const ANSWER_REASONS = ['bid', ...Object.keys(NBR).filter((name) => name !== 'unknown')];
const CELL_OF_NBR = new Map<Nbr, number>(
  Object.entries(NBR).map(([name, nbr]) => [nbr, Math.max(0, ANSWER_REASONS.indexOf(name))]),
);

/** The place in ANSWER_REASONS of a reason, which may be 0 for a bid. */
export function answerCell(nbr: Nbr): number {
  return CELL_OF_NBR.get(nbr) ?? 0;
}
