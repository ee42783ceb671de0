/** A clock that was ahead and is set right: bidding goes on, and no budget is passed by that. */
import { describe, expect, it } from 'vitest';
import { costNanos } from '../money.ts';
import { type EmbeddedLedger, openLedger } from './embedded.ts';
import type { Account, BudgetTerms, ReservedBid } from './ledger.ts';
import { type MemoryJournal, openMemoryJournal } from './memory-journal.ts';

const NOON_MS = Date.UTC(2026, 5, 1, 12);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const VALID_SEC = 300;
const AHEAD = [
  ['an hour', HOUR_MS],
  ['a day', DAY_MS],
  ['a year', 365 * DAY_MS],
] as const;

const TERMS: BudgetTerms = {
  campaignId: 'c',
  termsVersion: 1,
  model: 'cpm',
  dailyBudgetNanos: costNanos(1_000),
  lifetimeBudgetNanos: costNanos(3_000),
  timezone: 'UTC',
  evenOver: null,
  budgetMode: 'strict',
  unitNanos: costNanos(100),
};

function reserve(ledger: EmbeddedLedger, account: Account, nowMs: number): ReservedBid | null {
  const expirySec = Math.floor(nowMs / 1000) + VALID_SEC;
  const taken = ledger.reserve(account, costNanos(100), nowMs, expirySec);
  return taken === null ? null : { ...taken, campaignId: 'c', reservedNanos: costNanos(100), expirySec };
}

function reserveSome(ledger: EmbeddedLedger, account: Account, nowMs: number, most = 100): ReservedBid[] {
  const bids: ReservedBid[] = [];
  for (let bid = reserve(ledger, account, nowMs); bid !== null; bid = reserve(ledger, account, nowMs)) {
    bids.push(bid);
    if (bids.length === most) break;
  }
  return bids;
}

const restart = (journal: MemoryJournal): MemoryJournal => journal.crash(journal.appended);

describe.each(AHEAD)('a clock that was %s ahead', (_, aheadMs) => {
  it('stops bids until the next tick at most, and passes no budget', async () => {
    const ledger = openLedger({ journal: openMemoryJournal(), nowMs: NOON_MS });
    const account = ledger.account(TERMS);
    for (const bid of reserveSome(ledger, account, NOON_MS, 4))
      await ledger.post(bid, costNanos(100), NOON_MS);
    const ahead = reserveSome(ledger, account, NOON_MS + aheadMs, 3);
    ledger.tick(NOON_MS + aheadMs);

    expect(reserve(ledger, account, NOON_MS + 1_000)).toBeNull();
    expect(ledger.tick(NOON_MS + 2_000)).toEqual(['c']);
    // 400 are spent today; 300 are reserved, today where an hour ahead was today.
    const left = aheadMs < DAY_MS ? 3 : 6;
    const bids = reserveSome(ledger, account, NOON_MS + 2_000);
    expect(bids).toHaveLength(left);
    for (const bid of [...bids, ...ahead]) {
      expect(await ledger.post(bid, costNanos(100), NOON_MS + 3_000)).toBe('posted');
    }
    expect(ledger.spend('c', NOON_MS + 3_000)).toEqual({
      spentTodayNanos: 1_000,
      spentLifetimeNanos: aheadMs < DAY_MS ? 1_000 : 1_300,
      pendingNanos: 0,
    });
    expect(ledger.totals()).toMatchObject({ lateNanos: 0, unexplainedOverspendNanos: 0 });
  });

  it('leaves reservations that last for their validity and no longer', async () => {
    const ledger = openLedger({ journal: openMemoryJournal(), nowMs: NOON_MS });
    const account = ledger.account(TERMS);
    const [bid, won] = reserveSome(ledger, account, NOON_MS + aheadMs, 5);
    ledger.tick(NOON_MS);
    expect(ledger.spend('c', NOON_MS).pendingNanos).toBe(500);
    expect(await ledger.win(won!, NOON_MS)).toBe('extended');
    ledger.tick(NOON_MS + VALID_SEC * 1000 - 1);
    expect(ledger.spend('c', NOON_MS).pendingNanos).toBe(500);
    ledger.tick(NOON_MS + VALID_SEC * 1000);
    expect(ledger.spend('c', NOON_MS).pendingNanos).toBe(100);
    expect(await ledger.void(bid!, NOON_MS)).toBe('expired');
    expect(await ledger.post(bid!, costNanos(100), NOON_MS)).toBe('late');
    expect(await ledger.post(won!, costNanos(100), NOON_MS)).toBe('posted');
    expect(ledger.totals()).toMatchObject({ lateNanos: 100, unexplainedOverspendNanos: 0 });
  });

  it('stops no bids after a restart, and withholds nothing for longer than a slice and its validity', async () => {
    const journal = openMemoryJournal();
    const before = openLedger({ journal, nowMs: NOON_MS + aheadMs });
    const bids = reserveSome(before, before.account(TERMS), NOON_MS + aheadMs, 3);
    const ledger = openLedger({ journal: restart(journal), nowMs: NOON_MS });
    const account = ledger.account(TERMS);
    expect(reserve(ledger, account, NOON_MS)).not.toBeNull();
    expect(await ledger.post(bids[0]!, costNanos(100), NOON_MS)).toBe('posted');
    const released = NOON_MS + (10 + VALID_SEC + 60 + 1) * 1000;
    ledger.tick(released);
    expect(ledger.spend('c', released).pendingNanos).toBe(0);
    expect(await ledger.post(bids[1]!, costNanos(100), released)).toBe('late');
    expect(ledger.totals().unexplainedOverspendNanos).toBe(0);
  });

  it('at a start is followed back, and what was rewritten meanwhile is withheld no longer for that', async () => {
    const journal = openMemoryJournal();
    const before = openLedger({ journal, nowMs: NOON_MS });
    reserveSome(before, before.account(TERMS), NOON_MS + aheadMs, 3);
    journal.requestRewrite();
    before.tick(NOON_MS + aheadMs);
    await before.saved();
    const ledger = openLedger({ journal: restart(journal), nowMs: NOON_MS + aheadMs });
    const account = ledger.account(TERMS);
    ledger.tick(NOON_MS);
    expect(reserve(ledger, account, NOON_MS)).not.toBeNull();
    ledger.tick(NOON_MS + (10 + VALID_SEC + 60 + 1) * 1000);
    expect(ledger.pendingNanos()).toBe(0);
  });

  it('takes no lease away, so that bills of before are known', async () => {
    const journal = openMemoryJournal();
    const before = openLedger({ journal, nowMs: NOON_MS });
    const bids = reserveSome(before, before.account(TERMS), NOON_MS);
    before.tick(NOON_MS + aheadMs);
    before.tick(NOON_MS + aheadMs + 1_000);
    before.tick(NOON_MS + 2_000);
    expect(await before.post(bids[0]!, costNanos(100), NOON_MS + 2_000)).toBe('late');
    const ledger = openLedger({ journal: restart(journal), nowMs: NOON_MS + aheadMs });
    ledger.tick(NOON_MS + aheadMs);
    ledger.tick(NOON_MS + 3_000);
    expect(await ledger.post(bids[1]!, costNanos(100), NOON_MS + 3_000)).toBe('late');
    expect(ledger.spend('c', NOON_MS + 3_000).spentTodayNanos).toBe(200);
  });
});

describe('a clock', () => {
  it('that is behind by less than callers differ by stands still, in ticks too', () => {
    const midnight = Date.UTC(2026, 5, 2);
    const ledger = openLedger({ journal: openMemoryJournal(), nowMs: NOON_MS });
    const account = ledger.account(TERMS);
    expect(reserveSome(ledger, account, midnight)).toHaveLength(10);
    ledger.tick(midnight - 5_000);
    expect(reserve(ledger, account, midnight - 5_000)).toBeNull();
    expect(ledger.spend('c', midnight - 5_000).pendingNanos).toBe(1_000);
  });

  it('that passes midnight to and fro finds each day as it left it', async () => {
    const midnight = Date.UTC(2026, 5, 2);
    const ledger = openLedger({ journal: openMemoryJournal(), nowMs: midnight - 60_000 });
    const account = ledger.account(TERMS);
    let bids = 0;
    for (let round = 0; round < 5; round++) {
      for (const nowMs of [midnight - 60_000, midnight + 60_000]) {
        ledger.tick(nowMs);
        for (const bid of reserveSome(ledger, account, nowMs, 4)) {
          bids++;
          await ledger.post(bid, costNanos(100), nowMs);
        }
      }
    }
    expect(bids).toBe(20);
    expect(ledger.spend('c', midnight + 60_000).spentTodayNanos).toBe(1_000);
    ledger.tick(midnight - 60_000);
    expect(ledger.spend('c', midnight - 60_000)).toMatchObject({
      spentTodayNanos: 1_000,
      spentLifetimeNanos: 2_000,
    });
  });

  it('that strays through four days takes none away on which something is reserved', () => {
    const ledger = openLedger({ journal: openMemoryJournal(), nowMs: NOON_MS });
    const account = ledger.account({ ...TERMS, lifetimeBudgetNanos: null });
    expect(ledger.reserve(account, costNanos(900), NOON_MS, NOON_MS / 1000 + 86_000)).not.toBeNull();
    const evening = NOON_MS - 13 * HOUR_MS;
    // June 2 and 3, May 31; and June 1, the day of the reservation, once more.
    for (const [at, [timezone, nowMs]] of [
      ['UTC', NOON_MS + 22.5 * HOUR_MS] as const,
      ['Pacific/Kiritimati', NOON_MS + 22.5 * HOUR_MS] as const,
      ['UTC', evening] as const,
      ['Pacific/Kiritimati', evening] as const,
    ].entries()) {
      ledger.tick(nowMs);
      ledger.account({ ...TERMS, lifetimeBudgetNanos: null, timezone, termsVersion: 2 + at });
      expect(ledger.spend('c', nowMs).pendingNanos).toBe(900);
    }
    expect(reserveSome(ledger, account, evening)).toHaveLength(1);
  });
});
