/** Tells a Redis that lost it once more what notices did; it takes what it does not know of. */
import type { DoneCall } from './done-calls.ts';
import { bookKeys, leaseKeys } from './ledger-keys.ts';
import type { LedgerScripts } from './redis-scripts.ts';

const SCRIPT_LIMIT_MS = 1_000;
const MAX_CALLS_AT_ONCE = 500;

interface RedoingEdges {
  readonly scripts: LedgerScripts;
  readonly database: string;
}

/** Returns the calls of leases that Redis does not know yet. */
export async function redoCalls(
  edges: RedoingEdges,
  campaignId: string,
  calls: readonly DoneCall[],
): Promise<readonly DoneCall[]> {
  const leases = [...new Set(calls.map(({ lease }) => lease))];
  const undone = await Promise.all(
    leases.map(async (lease) => {
      const all = calls.filter((call) => call.lease === lease);
      return (await redoOne(edges, campaignId, lease, all)) ? [] : all;
    }),
  );
  return undone.flat();
}

async function redoOne(
  { scripts, database }: RedoingEdges,
  campaignId: string,
  number: number,
  calls: readonly DoneCall[],
): Promise<boolean> {
  const { book } = bookKeys(database, campaignId);
  const { lease, marks } = leaseKeys(database, campaignId, number);
  for (let at = 0; at < calls.length; at += MAX_CALLS_AT_ONCE) {
    const args = calls.slice(at, at + MAX_CALLS_AT_ONCE).flatMap(argsOf);
    const { code } = await scripts.run('redoCalls', [book, lease, marks], args, SCRIPT_LIMIT_MS);
    if (code !== 'redone') return false;
  }
  return true;
}

function argsOf({ ordinal, bits, reservedNanos, postedNanos, expirySec }: DoneCall): readonly number[] {
  return [ordinal, bits, reservedNanos, postedNanos, expirySec];
}
