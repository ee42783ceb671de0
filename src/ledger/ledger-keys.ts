/**
 * Where a campaign's budget stands in Redis, all in the hash slot of the campaign:
 *
 *   gavel:<database>:{<campaign>}:book       hash   posted, leased, p<day>, l<day>, late, edited, excess, tried,
 *                                                   won, seen, day, daily, lifetime, home: what it was
 *                                                   opened on; rebuilding, until, heard, empty, owed:<node>: while
 *                                                   it is made whole (redis-recovery.ts)
 *   …:leases                                 zset   the open leases, by the second of their last expiry
 *   …:lease:<number>                         hash   node, day, model, granted, returned, outstanding, through, last, closed,
 *                                                   share, remembered, n<second>: what notices took out of what
 *                                                   expires then, w<second>: the prices of those that were billed
 *   …:marks:<number>                         bytes  what happened to each ordinal, a bit each
 *
 * A lease and its marks run out when no notice for them can count any more.
 */

export interface BookKeys {
  readonly book: string;
  readonly leases: string;
}

export interface LeaseKeys {
  readonly lease: string;
  readonly marks: string;
}

/** `database`: servers of several databases may share a Redis. */
export function bookKeys(database: string, campaignId: string): BookKeys {
  const root = rootOf(database, campaignId);
  return { book: `${root}:book`, leases: `${root}:leases` };
}

export function leaseKeys(database: string, campaignId: string, lease: number): LeaseKeys {
  const root = rootOf(database, campaignId);
  const number = lease.toString();
  return { lease: `${root}:lease:${number}`, marks: `${root}:marks:${number}` };
}

/** What is told to all nodes. */
export function spentStreamKey(database: string): string {
  return `gavel:${database}:spent`;
}

function rootOf(database: string, campaignId: string): string {
  return `gavel:${database}:{${campaignId}}`;
}
