/** How long closed leases are remembered: until no notice for them can still count. */
import type { BidModel } from '../campaigns/model.ts';
import type { Lease } from './account-book.ts';

/** As long as an exchange may take to bill, and a user to click. */
const NOTICES_SEC = 48 * 3_600;
/** A conversion counts for 30 days after its click. */
const CONVERSIONS_SEC = 30 * 86_400;
const KEPT_SEC: Readonly<Record<BidModel, number>> = {
  cpm: NOTICES_SEC,
  cpc: NOTICES_SEC,
  cpa: NOTICES_SEC + CONVERSIONS_SEC,
};
const HOUR_SEC = 3_600;

export class Keeping {
  readonly #hours = new Map<number, Lease[]>();

  /** Remembers the lease, whose last expiry is known by now, for as long after it as its model needs. */
  keep(lease: Lease): void {
    const hour = Math.ceil((lease.lastExpirySec + KEPT_SEC[lease.model]) / HOUR_SEC);
    const leases = this.#hours.get(hour);
    if (leases === undefined) this.#hours.set(hour, [lease]);
    else leases.push(lease);
  }

  /** Takes out what no notice counts for any more. */
  takeDue(nowSec: number): Lease[] {
    const due: Lease[] = [];
    for (const [hour, leases] of this.#hours) {
      if (hour * HOUR_SEC > nowSec) continue;
      for (const lease of leases) due.push(lease);
      this.#hours.delete(hour);
    }
    return due;
  }

  /** Begins anew, for last expiries that have changed. */
  keepAll(leases: Iterable<Lease>): void {
    this.#hours.clear();
    for (const lease of leases) this.keep(lease);
  }
}
