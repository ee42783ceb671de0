/**
 * From the wire form of a campaign (POST /campaigns: decimal USD, ISO times) to the campaign, or to all of its
 * mistakes at once. Whatever passes here is trusted everywhere else.
 */
import { costNanos } from '../money.ts';
import type { CostNanos } from '../money.ts';
import { readAds } from './ad-list.ts';
import { scaleDecimal } from './decimal.ts';
import { CAP_WINDOWS, MAX_CAP_LIMIT } from './frequency-cap.ts';
import type { Ad, Bid, Campaign } from './model.ts';
import { mostAmountMicros } from './price-limits.ts';
import { readSchedule } from './schedule-validation.ts';
import { readTargeting } from './targeting-validation.ts';
import { WireObject } from './wire.ts';
import type { Mistake, MistakeKind } from './wire.ts';

export interface ValidationContext {
  readonly nowMs: number;
  /** A new UUID in lower case; called for the campaign and for each ad. */
  readonly newId: () => string;
}

/** `kind`: type where any mistake is one of JSON type or of a missing field (400), else rule (422). */
export type Validation =
  | { readonly ok: true; readonly campaign: Campaign }
  | { readonly ok: false; readonly kind: MistakeKind; readonly mistakes: readonly Mistake[] };

export const STATUSES = ['active', 'paused', 'ended'] as const;
export const MODELS = ['cpm', 'cpc', 'cpa'] as const;
export const PACINGS = ['even', 'asap'] as const;
export const BUDGET_MODES = ['strict', 'expected'] as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const MICRO_DECIMALS = 6;
export const NANO_DECIMALS = 9;
export const MAX_DEALS = 1_000;
export const MAX_CAPS = 10;

/**
 * Unknown fields are ignored, null is an absent field, a number may come as a string. Money must be a whole
 * number of micros (bid) or nanos (budgets): more digits are refused rather than rounded, but for the dust of
 * floating-point sums.
 */
export function validateCampaign(input: unknown, { nowMs, newId }: ValidationContext): Validation {
  const birth = { id: newId(), version: 1, createdAtMs: nowMs, updatedAtMs: nowMs };
  return validate(input, birth, nowMs, (wire) => readAds(wire, null, newId));
}

/**
 * A whole campaign in the place of `current`: it keeps that one's id and times, and each ad that the input names by its
 * id or says again in every word. Where the input names no start, it keeps that one's: the default was the time of its
 * making, which has passed.
 */
export function validateReplacement(input: unknown, current: Campaign, newId: () => string): Validation {
  const { schedule, createdAtMs } = current;
  // SQL can have made it infinite.
  const startMs = Number.isFinite(schedule.startMs) ? schedule.startMs : createdAtMs;
  return validate(input, current, startMs, (wire) => readAds(wire, current.ads, newId));
}

/** type where any mistake is one. */
export function kindOf(mistakes: readonly Mistake[]): MistakeKind {
  return mistakes.some(({ kind }) => kind === 'type') ? 'type' : 'rule';
}

/** What the campaign does not get from the wire. */
type Birth = Pick<Campaign, 'id' | 'version' | 'createdAtMs' | 'updatedAtMs'>;

/** `startMs`: where the input names no start. */
function validate(
  input: unknown,
  birth: Birth,
  startMs: number,
  readAdsOf: (wire: WireObject) => readonly Ad[],
): Validation {
  const mistakes: Mistake[] = [];
  const campaign = readCampaign(new WireObject(input, '', mistakes), birth, startMs, readAdsOf);
  return mistakes.length === 0 ? { ok: true, campaign } : { ok: false, kind: kindOf(mistakes), mistakes };
}

function readCampaign(
  wire: WireObject,
  { id, version, createdAtMs, updatedAtMs }: Birth,
  startMs: number,
  readAdsOf: (wire: WireObject) => readonly Ad[],
): Campaign {
  const advertiserId = readUuid(wire, 'advertiserId');
  const currency = wire.optionalText('currency');
  if (currency !== null && currency !== 'USD') wire.forbid('currency', 'must be USD');
  return {
    id,
    name: wire.requiredText('name'),
    advertiserId,
    seat: wire.optionalText('seat') ?? advertiserId,
    status: wire.word('status', STATUSES, 'active'),
    bid: readBid(wire),
    dailyBudgetNanos: wire.require('dailyBudget')
      ? (readBudget(wire, 'dailyBudget') ?? costNanos(0))
      : costNanos(0),
    lifetimeBudgetNanos: readBudget(wire, 'lifetimeBudget'),
    pacing: wire.word('pacing', PACINGS, 'even'),
    budgetMode: wire.word('budgetMode', BUDGET_MODES, 'strict'),
    schedule: readSchedule(wire, startMs),
    frequencyCaps: wire.objects('frequencyCaps', MAX_CAPS).map(readCap),
    targeting: readTargeting(wire),
    ads: readAdsOf(wire),
    deals: wire.texts('deals', MAX_DEALS),
    dealsOnly: wire.flag('dealsOnly', false),
    currency: 'USD',
    version,
    createdAtMs,
    updatedAtMs,
  };
}

function readUuid(wire: WireObject, name: string): string {
  const id = wire.requiredText(name).toLowerCase();
  if (wire.has(name) && !UUID.test(id)) wire.forbid(name, 'must be a UUID');
  return id;
}

function readBid(wire: WireObject): Bid {
  const bid = wire.requiredObject('bid');
  if (bid === null) return { model: 'cpm', amountMicros: 0 };
  bid.require('model');
  const model = bid.word('model', MODELS, 'cpm');
  bid.require('amount');
  return { model, amountMicros: readMoney(bid, 'amount', MICRO_DECIMALS, mostAmountMicros(model)) ?? 0 };
}

function readBudget(wire: WireObject, name: string): CostNanos | null {
  const nanos = readMoney(wire, name, NANO_DECIMALS, Number.MAX_SAFE_INTEGER);
  return nanos === null ? null : costNanos(nanos);
}

/** USD as a whole number of 10^-decimals USD, above 0 and at most `most`. */
function readMoney(wire: WireObject, name: string, decimals: number, most: number): number | null {
  const usd = wire.optionalNumber(name);
  if (usd === null) return null;
  const scaled = scaleDecimal(usd, decimals);
  if (usd <= 0) wire.forbid(name, 'must be above 0');
  else if (scaled.kind === 'too_fine') wire.forbid(name, `must have at most ${decimals} decimals`);
  else if (scaled.kind === 'too_large' || scaled.value > most) {
    wire.forbid(name, `must be at most ${String(most / 10 ** decimals)}`);
  }
  return scaled.kind === 'exact' ? scaled.value : null;
}

function readCap(cap: WireObject): Campaign['frequencyCaps'][number] {
  cap.require('limit');
  cap.require('window');
  return {
    limit: cap.optionalInteger('limit', 1, MAX_CAP_LIMIT) ?? 1,
    window: cap.word('window', CAP_WINDOWS, 'day'),
  };
}
