/** What is sound in a campaign, and does not do what it seems to say: told in answers, never refused. */
import { costNanos, costOfAction, type CostNanos } from '../money.ts';
import { unscaleDecimal } from './decimal.ts';
import type { Bid, Campaign, FrequencyCap } from './model.ts';

export interface Pitfall {
  /** A path: `frequencyCaps[1]`. */
  readonly field: string;
  readonly message: string;
}

const NANO_DECIMALS = 9;
const PAID_FOR = { cpm: 'one impression', cpc: 'one click', cpa: 'one conversion' } as const;

export function findPitfalls(campaign: Campaign): readonly Pitfall[] {
  const { bid, dailyBudgetNanos, lifetimeBudgetNanos, frequencyCaps } = campaign;
  const pitfalls = [...findTooSmall(bid, 'dailyBudget', dailyBudgetNanos)];
  if (lifetimeBudgetNanos !== null) {
    pitfalls.push(...findTooSmall(bid, 'lifetimeBudget', lifetimeBudgetNanos));
    if (lifetimeBudgetNanos < dailyBudgetNanos) {
      pitfalls.push({ field: 'lifetimeBudget', message: 'is below dailyBudget, which is never reached' });
    }
  }
  return [...pitfalls, ...frequencyCaps.flatMap(findIdle)];
}

function findTooSmall(bid: Bid, field: string, budgetNanos: CostNanos): readonly Pitfall[] {
  const unit = unitOf(bid);
  if (budgetNanos >= unit) return [];
  const usd = String(unscaleDecimal(unit, NANO_DECIMALS));
  const message = `is less than ${PAID_FOR[bid.model]} costs (${usd} USD): nothing is ever bid`;
  return [{ field, message }];
}

function unitOf({ model, amountMicros }: Bid): CostNanos {
  return model === 'cpm' ? costNanos(amountMicros) : costOfAction(amountMicros);
}

/** What plain SQL can have put among the caps. */
type AnyCap = Partial<FrequencyCap> | null;

/** Of several caps with one window the first of the lowest limit holds, and the others never do. */
function findIdle(cap: AnyCap, place: number, caps: readonly AnyCap[]): readonly Pitfall[] {
  const { window, limit = Infinity } = cap ?? {};
  const stricter = caps.findIndex((other, at) => {
    const otherLimit = other?.limit ?? Infinity;
    return other?.window === window && (otherLimit < limit || (otherLimit === limit && at < place));
  });
  if (stricter < 0) return [];
  const message = `never holds: frequencyCaps[${String(stricter)}] has the same window and no higher limit`;
  return [{ field: `frequencyCaps[${String(place)}]`, message }];
}
