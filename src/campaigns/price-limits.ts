/** How much one bid may be: apart from validation, since the compiler's thread asks it too, and needs no lists. */
import { MAX_PRICE_MICROS } from '../money.ts';
import type { BidModel } from './model.ts';

/** The cost of one click or conversion is kept in nanos, a thousand to the micro. */
const MAX_ACTION_MICROS = Math.floor(Number.MAX_SAFE_INTEGER / 1_000);

/** The most that one bid of the model may be: of an impression by the price, of an action by what it costs. */
export function mostAmountMicros(model: BidModel): number {
  return model === 'cpm' ? MAX_PRICE_MICROS : MAX_ACTION_MICROS;
}
