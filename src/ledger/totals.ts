/** What the ledger has done since it was opened, for the metrics. Amounts are nanos, the others counts. */

export interface Totals {
  postedNanos: number;
  /** Of what is posted: taken back, because it could not be kept. */
  retractedNanos: number;
  /** Of what is posted: after its expiry or its loss notice. */
  lateNanos: number;
  voidedNanos: number;
  expiredNanos: number;
  /** Clicks and conversions that found no budget left. */
  unchargedNanos: number;
  /** Posted in time above the budget, by bids that reserved less than they cost. */
  expectedExcessNanos: number;
  /** Posted in time although no lease held it. Stays 0. */
  unexplainedOverspendNanos: number;
  posts: number;
  latePosts: number;
  repeatedPosts: number;
  voids: number;
  wins: number;
  uncharged: number;
  /** Notices for a lease that is not known. */
  unknown: number;
  /** Slices of budget given to leases. */
  grants: number;
  /** Grants that the disk could not keep. */
  refusedGrants: number;
  rewrites: number;
}

export function startTotals(): Totals {
  return {
    postedNanos: 0,
    retractedNanos: 0,
    lateNanos: 0,
    voidedNanos: 0,
    expiredNanos: 0,
    unchargedNanos: 0,
    expectedExcessNanos: 0,
    unexplainedOverspendNanos: 0,
    posts: 0,
    latePosts: 0,
    repeatedPosts: 0,
    voids: 0,
    wins: 0,
    uncharged: 0,
    unknown: 0,
    grants: 0,
    refusedGrants: 0,
    rewrites: 0,
  };
}
