/**
 * A campaign as clients read it: the form in which they send it, with every default written out. What is read back
 * and sent again is the same campaign. Rows that SQL wrote past validation are shown as they are.
 */
import type { CostNanos } from '../money.ts';
import { unscaleDecimal } from './decimal.ts';
import type { Campaign, Daypart, Schedule } from './model.ts';

const MICRO_DECIMALS = 6;
const NANO_DECIMALS = 9;
const MINUTES_OF_HOUR = 60;

export function writeCampaign(campaign: Campaign) {
  const { bid, lifetimeBudgetNanos } = campaign;
  return {
    id: campaign.id,
    name: campaign.name,
    advertiserId: campaign.advertiserId,
    seat: campaign.seat,
    status: campaign.status,
    bid: { model: bid.model, amount: unscaleDecimal(bid.amountMicros, MICRO_DECIMALS) },
    dailyBudget: usdOfNanos(campaign.dailyBudgetNanos),
    lifetimeBudget: lifetimeBudgetNanos === null ? null : usdOfNanos(lifetimeBudgetNanos),
    pacing: campaign.pacing,
    budgetMode: campaign.budgetMode,
    schedule: writeSchedule(campaign.schedule),
    frequencyCaps: campaign.frequencyCaps,
    targeting: campaign.targeting,
    ads: campaign.ads,
    deals: campaign.deals,
    dealsOnly: campaign.dealsOnly,
    currency: campaign.currency,
    version: campaign.version,
    createdAt: isoTime(campaign.createdAtMs),
    updatedAt: isoTime(campaign.updatedAtMs),
  };
}

/** Decimal USD. */
export function usdOfNanos(nanos: CostNanos): number {
  return unscaleDecimal(nanos, NANO_DECIMALS);
}

function writeSchedule({ startMs, endMs, timezone, dayparts }: Schedule) {
  return {
    start: isoTime(startMs),
    end: endMs === null ? null : isoTime(endMs),
    timezone,
    dayparts: dayparts.map(writeDaypart),
  };
}

function writeDaypart(daypart: Partial<Daypart> | null) {
  return { days: daypart?.days, from: timeOfDay(daypart?.fromMinute), to: timeOfDay(daypart?.toMinute) };
}

/** 480 is 08:00. */
function timeOfDay(minute: number | undefined): string | null {
  if (minute === undefined || !Number.isInteger(minute)) return null;
  const hour = Math.floor(minute / MINUTES_OF_HOUR);
  return [hour, minute % MINUTES_OF_HOUR].map((part) => String(part).padStart(2, '0')).join(':');
}

/** Whole seconds without a fraction; null for Postgres's infinity. */
function isoTime(timeMs: number): string | null {
  return Number.isFinite(timeMs) ? new Date(timeMs).toISOString().replace('.000Z', 'Z') : null;
}
