/** A showing that could not be counted yet: kept as bytes, and counted later. */
import type { HeldBid } from './caps.ts';

export interface OwedShowing {
  readonly bid: HeldBid;
  /** When it was told. */
  readonly atMs: number;
}

const VERB = 'show';

export function writeOwedShowing({ bid, atMs }: OwedShowing): Uint8Array {
  const { userHash, campaignId, issuedMs, expirySec, lease, ordinal } = bid;
  const fields = [VERB, userHash, campaignId, issuedMs, expirySec, lease, ordinal, atMs];
  return new TextEncoder().encode(JSON.stringify(fields));
}

/** null: it is none. */
export function readOwedShowing(bytes: Uint8Array): OwedShowing | null {
  let fields: unknown;
  try {
    fields = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
  if (!Array.isArray(fields)) return null;
  const [verb, userHash, campaignId, ...numbers] = fields as readonly unknown[];
  if (verb !== VERB || typeof userHash !== 'string' || typeof campaignId !== 'string') return null;
  if (!numbers.every((value): value is number => Number.isSafeInteger(value))) return null;
  const [issuedMs, expirySec, lease, ordinal, atMs] = numbers;
  if (issuedMs === undefined || expirySec === undefined || lease === undefined) return null;
  if (ordinal === undefined || atMs === undefined) return null;
  return { bid: { userHash, campaignId, issuedMs, expirySec, lease, ordinal }, atMs };
}
