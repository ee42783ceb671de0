/** Tells a Redis that lost them which leases this node holds of a campaign, and what it knows of each. */
import { bookKeys, leaseKeys } from './ledger-keys.ts';
import { KEPT_SEC, type NodeLease } from './node-lease.ts';
import type { LedgerScripts } from './redis-scripts.ts';

const SCRIPT_LIMIT_MS = 1_000;

interface DeclaringEdges {
  readonly scripts: LedgerScripts;
  readonly database: string;
  readonly node: string;
  readonly nowMs: () => number;
}

export interface Declared {
  /** The numbers of those that Redis did not know. */
  readonly created: ReadonlySet<number>;
  /** Redis may not have heard of these. */
  readonly unheard: readonly NodeLease[];
}

export async function declareLeases(
  edges: DeclaringEdges,
  campaignId: string,
  leases: readonly NodeLease[],
): Promise<Declared> {
  const created = new Set<number>();
  const unheard: NodeLease[] = [];
  await Promise.all(
    leases.map(async (lease) => {
      const { code, sums } = await declareOne(edges, campaignId, lease);
      if (code === 'taken') return;
      if (code !== 'declared') {
        unheard.push(lease);
        return;
      }
      lease.isClosingTold = false;
      if (sums[0] === 1) created.add(lease.number);
    }),
  );
  return { created, unheard };
}

function declareOne(
  { scripts, database, node, nowMs }: DeclaringEdges,
  campaignId: string,
  lease: NodeLease,
) {
  const { book, leases } = bookKeys(database, campaignId);
  const keys = [book, leases, leaseKeys(database, campaignId, lease.number).lease];
  const { number, day, model, grantedNanos, returnedNanos, unusedNanos, throughSec, lastExpirySec } = lease;
  const args = [
    Math.floor(nowMs()),
    node,
    number,
    day,
    model,
    grantedNanos,
    returnedNanos,
    unusedNanos,
    throughSec,
    lastExpirySec,
    KEPT_SEC[model],
    ...lease.shareTerms(),
    ...[...lease.reserved].flat(),
  ];
  return scripts.run('declareLease', keys, args, SCRIPT_LIMIT_MS);
}
