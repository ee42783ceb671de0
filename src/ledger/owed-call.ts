/** What a ledger was told that could not be asked: kept as bytes, and done later. */
import { costNanos } from '../money.ts';
import type { ReservedBid } from './ledger.ts';

export const OWED_VERBS = ['post', 'void', 'win', 'click', 'conversion'] as const;
export type OwedVerb = (typeof OWED_VERBS)[number];

export interface OwedCall {
  readonly verb: OwedVerb;
  readonly bid: ReservedBid;
  /** Of a post. */
  readonly amountNanos: number;
  /** When it was told. */
  readonly atMs: number;
}

export interface OwedCalls {
  /** Resolves once it survives a crash; false: it can't be kept. */
  keep(call: OwedCall): Promise<boolean>;
}

export function writeOwedCall({ verb, bid, amountNanos, atMs }: OwedCall): Uint8Array {
  const { campaignId, lease, ordinal, reservedNanos, expirySec } = bid;
  const fields = [verb, campaignId, lease, ordinal, reservedNanos, expirySec, amountNanos, atMs];
  return new TextEncoder().encode(JSON.stringify(fields));
}

/** null: it is none that `writeOwedCall` has made. */
export function readOwedCall(bytes: Uint8Array): OwedCall | null {
  const fields = parse(new TextDecoder().decode(bytes));
  if (!Array.isArray(fields)) return null;
  const [word, campaignId, ...numbers] = fields as readonly unknown[];
  const verb = OWED_VERBS.find((known) => known === word);
  if (verb === undefined || typeof campaignId !== 'string' || !numbers.every(isWhole)) return null;
  const [lease, ordinal, reservedNanos, expirySec, amountNanos, atMs] = numbers;
  if (lease === undefined || ordinal === undefined || reservedNanos === undefined) return null;
  if (expirySec === undefined || amountNanos === undefined || atMs === undefined) return null;
  const bid = { campaignId, lease, ordinal, reservedNanos: costNanos(reservedNanos), expirySec };
  return { verb, bid, amountNanos, atMs };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
