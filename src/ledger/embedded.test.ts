import { describe, expect, it } from 'vitest';
import { MAX_COST_NANOS, costNanos } from '../money.ts';
import { AccountBook } from './account-book.ts';
import { type EmbeddedLedger, openLedger } from './embedded.ts';
import type { Account, BudgetTerms, ReservedBid } from './ledger.ts';
import { type MemoryJournal, openMemoryJournal } from './memory-journal.ts';

const NOON_MS = Date.UTC(2026, 5, 1, 12);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const VALID_SEC = 300;

function terms(changes: Partial<BudgetTerms> = {}): BudgetTerms {
  return {
    campaignId: 'c',
    termsVersion: 1,
    model: 'cpm',
    dailyBudgetNanos: costNanos(1_000),
    lifetimeBudgetNanos: null,
    timezone: 'UTC',
    evenOver: null,
    budgetMode: 'strict',
    unitNanos: costNanos(100),
    ...changes,
  };
}

function open(journal = openMemoryJournal(), nowMs = NOON_MS): EmbeddedLedger {
  return openLedger({ journal, nowMs });
}

/** Reserves until the budget bears no more. */
function reserveAll(ledger: EmbeddedLedger, account: Account, nanos = 100, nowMs = NOON_MS): ReservedBid[] {
  const bids: ReservedBid[] = [];
  for (;;) {
    const bid = reserve(ledger, account, nanos, nowMs);
    if (bid === null) return bids;
    bids.push(bid);
  }
}

function reserve(ledger: EmbeddedLedger, account: Account, nanos = 100, nowMs = NOON_MS): ReservedBid | null {
  const expirySec = Math.floor(nowMs / 1000) + VALID_SEC;
  const taken = ledger.reserve(account, costNanos(nanos), nowMs, expirySec);
  if (taken === null) return null;
  return { ...taken, campaignId: account.terms.campaignId, reservedNanos: costNanos(nanos), expirySec };
}

function mustReserve(ledger: EmbeddedLedger, account: Account, nanos = 100, nowMs = NOON_MS): ReservedBid {
  const bid = reserve(ledger, account, nanos, nowMs);
  if (bid === null) throw new Error('nothing was reserved');
  return bid;
}

/** Ticks as time goes by, each minute: a longer gap would be a jump of the clock. */
function pass(ledger: EmbeddedLedger, fromMs: number, toMs: number): void {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 60_000) ledger.tick(nowMs);
}

describe('a budget', () => {
  it('bears its last unit and then nothing', () => {
    const ledger = open();
    const account = ledger.account(terms());
    expect(reserveAll(ledger, account)).toHaveLength(10);
    expect(ledger.canReserve(account, NOON_MS)).toBe(false);
    expect(ledger.spend('c', NOON_MS)).toEqual({
      spentTodayNanos: 0,
      spentLifetimeNanos: 0,
      pendingNanos: 1_000,
    });
  });

  it('grants nothing when less than one unit is left', () => {
    const ledger = open();
    const account = ledger.account(terms({ dailyBudgetNanos: costNanos(199) }));
    expect(reserveAll(ledger, account)).toHaveLength(1);
    expect(ledger.tick(NOON_MS + 1_000)).toEqual([]);
  });

  it('is exact at 2^53 - 1 nanos', async () => {
    const ledger = open();
    const half = (Number.MAX_SAFE_INTEGER - 1) / 2;
    const account = ledger.account(
      terms({
        dailyBudgetNanos: MAX_COST_NANOS,
        lifetimeBudgetNanos: MAX_COST_NANOS,
        unitNanos: costNanos(1),
      }),
    );
    const [one, two] = [mustReserve(ledger, account, half), mustReserve(ledger, account, half)];
    const last = mustReserve(ledger, account, 1);
    expect(reserve(ledger, account, 1)).toBeNull();
    for (const bid of [one, two, last])
      expect(await ledger.post(bid, bid.reservedNanos, NOON_MS)).toBe('posted');
    expect(ledger.spend('c', NOON_MS).spentLifetimeNanos).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('ends at the lifetime budget though the day bears more, and begins anew each day until then', async () => {
    const ledger = open();
    const account = ledger.account(terms({ lifetimeBudgetNanos: costNanos(1_500) }));
    for (const bid of reserveAll(ledger, account)) await ledger.post(bid, bid.reservedNanos, NOON_MS);
    const tomorrow = NOON_MS + DAY_MS;
    expect(ledger.tick(tomorrow)).toEqual(['c']);
    expect(reserveAll(ledger, account, 100, tomorrow)).toHaveLength(5);
    expect(ledger.spend('c', tomorrow)).toEqual({
      spentTodayNanos: 0,
      spentLifetimeNanos: 1_000,
      pendingNanos: 500,
    });
  });

  it('that is raised revives its campaign, one that is cut below what is spent grants nothing', () => {
    const ledger = open();
    const account = ledger.account(terms());
    reserveAll(ledger, account);
    expect(ledger.account(terms({ dailyBudgetNanos: costNanos(1_100) }))).toBe(account);
    expect(ledger.tick(NOON_MS)).toEqual(['c']);
    mustReserve(ledger, account);
    ledger.account(terms({ dailyBudgetNanos: costNanos(500) }));
    expect(reserve(ledger, account)).toBeNull();
  });

  it('keeps its newest terms, whoever comes with older ones, and takes any after a restart', () => {
    const journal = openMemoryJournal();
    const ledger = open(journal);
    const account = ledger.account(terms({ termsVersion: 7 }));
    reserve(ledger, account);
    const cut = costNanos(300);
    ledger.account(terms({ termsVersion: 8, dailyBudgetNanos: cut }));
    expect(ledger.account(terms({ termsVersion: 7 })).terms.dailyBudgetNanos).toBe(cut);
    expect(reserveAll(ledger, account)).toHaveLength(2);
    // The same terms in a newer snapshot are newer too.
    ledger.account(terms({ termsVersion: 10, dailyBudgetNanos: cut }));
    expect(ledger.account(terms({ termsVersion: 9 })).terms.dailyBudgetNanos).toBe(cut);
    const again = open(journal.crash(journal.appended));
    expect(again.account(terms({ termsVersion: 0 })).terms.dailyBudgetNanos).toBe(1_000);
  });

  it('in a zone that nobody knows bears no unit, and stops nobody else', () => {
    const ledger = open();
    const lost = ledger.account(terms({ campaignId: 'lost', timezone: 'Mars/Olympus' }));
    const account = ledger.account(terms());
    expect(reserve(ledger, lost)).toBeNull();
    expect(ledger.canReserve(lost, NOON_MS)).toBe(false);
    reserveAll(ledger, account);
    expect(ledger.tick(NOON_MS + 12 * HOUR_MS)).toEqual(['c']);
    expect(ledger.spend('lost', NOON_MS).spentTodayNanos).toBe(0);
    ledger.account(terms({ campaignId: 'lost', termsVersion: 2 }));
    expect(ledger.tick(NOON_MS + 12 * HOUR_MS)).toEqual(['lost']);
  });

  it('whose zone becomes unknown still takes the notices of its leases, over a restart too', async () => {
    const journal = openMemoryJournal();
    const ledger = open(journal);
    const account = ledger.account(terms());
    const bids = [mustReserve(ledger, account), mustReserve(ledger, account)];
    ledger.account(terms({ termsVersion: 2, timezone: 'Mars/Olympus' }));
    expect(await ledger.post(bids[0]!, costNanos(100), NOON_MS)).toBe('posted');
    const again = open(journal.crash(journal.appended));
    expect(again.tick(NOON_MS)).toEqual([]);
    expect(await again.post(bids[1]!, costNanos(100), NOON_MS)).toBe('posted');
    expect(again.spend('c', NOON_MS).spentTodayNanos).toBe(200);
  });

  it('that is cut stops what an open lease has not given yet', () => {
    const ledger = open();
    const account = ledger.account(terms());
    mustReserve(ledger, account);
    ledger.account(terms({ dailyBudgetNanos: costNanos(100) }));
    expect(reserve(ledger, account)).toBeNull();
  });

  it('shrinks by what is posted late, also where a lease holds the rest', async () => {
    const ledger = open();
    const account = ledger.account(terms({ dailyBudgetNanos: costNanos(400) }));
    const bid = mustReserve(ledger, account);
    await ledger.void(bid, NOON_MS);
    expect(await ledger.post(bid, costNanos(100), NOON_MS)).toBe('late');
    expect(reserveAll(ledger, account)).toHaveLength(3);
  });

  it('gives the rest back when less is posted than was reserved, and never posts more than that', async () => {
    const ledger = open();
    const account = ledger.account(terms());
    const [first, second] = reserveAll(ledger, account);
    if (first === undefined || second === undefined) throw new Error('too few');
    await ledger.post(first, costNanos(1), NOON_MS);
    await ledger.post(second, costNanos(5_000), NOON_MS);
    expect(ledger.spend('c', NOON_MS)).toMatchObject({ spentTodayNanos: 101, pendingNanos: 800 });
  });
});

describe('a reservation', () => {
  it('posts once, and counts as late after its loss notice or its expiry, each counted', async () => {
    const ledger = open();
    const account = ledger.account(terms());
    const [lost, silent] = [mustReserve(ledger, account), mustReserve(ledger, account)];
    expect(await ledger.void(lost, NOON_MS)).toBe('voided');
    expect(await ledger.void(lost, NOON_MS)).toBe('repeated');
    expect(await ledger.post(lost, costNanos(100), NOON_MS)).toBe('late');
    expect(await ledger.post(lost, costNanos(100), NOON_MS)).toBe('repeated');
    expect(await ledger.void(lost, NOON_MS)).toBe('already_posted');
    const later = NOON_MS + VALID_SEC * 1000;
    ledger.tick(later);
    expect(await ledger.void(silent, later)).toBe('expired');
    expect(await ledger.win(silent, later)).toBe('expired');
    expect(await ledger.post(silent, costNanos(60), later)).toBe('late');
    expect(ledger.totals()).toMatchObject({
      postedNanos: 160,
      lateNanos: 160,
      voidedNanos: 100,
      expiredNanos: 100,
      repeatedPosts: 1,
      unexplainedOverspendNanos: 0,
    });
  });

  it('is kept 60 s longer by its first win notice', async () => {
    const ledger = open();
    const account = ledger.account(terms());
    const bid = mustReserve(ledger, account);
    expect(await ledger.win(bid, NOON_MS)).toBe('extended');
    expect(await ledger.win(bid, NOON_MS)).toBe('repeated');
    const expiryMs = bid.expirySec * 1000;
    ledger.tick(expiryMs + 59_999);
    expect(ledger.spend('c', expiryMs).pendingNanos).toBe(100);
    expect(await ledger.post(bid, costNanos(100), expiryMs + 59_999)).toBe('posted');
  });

  it('tells its first win notice from all others, also after its bill, its loss notice or its expiry', async () => {
    const ledger = open();
    const account = ledger.account(terms());
    const [billed, lost, silent] = [1, 2, 3].map(() => mustReserve(ledger, account));
    await ledger.post(billed!, costNanos(100), NOON_MS);
    await ledger.void(lost!, NOON_MS);
    const later = NOON_MS + VALID_SEC * 1000;
    const wins = [];
    for (const bid of [billed!, lost!, silent!]) {
      wins.push([await ledger.win(bid, later), await ledger.win(bid, later)]);
    }
    expect(wins).toEqual([
      ['already_posted', 'repeated'],
      ['expired', 'repeated'],
      ['expired', 'repeated'],
    ]);
    expect(ledger.totals().wins).toBe(3);
  });

  it('is not extended by a win that comes too late, and takes nothing from one that was', async () => {
    const ledger = open();
    const account = ledger.account(terms());
    const [silent, extended] = [mustReserve(ledger, account), mustReserve(ledger, account)];
    await ledger.win(extended, NOON_MS);
    const later = NOON_MS + VALID_SEC * 1000;
    ledger.tick(later);
    expect(await ledger.win(silent, later)).toBe('expired');
    expect(await ledger.post(silent, costNanos(100), later)).toBe('late');
    expect(ledger.spend('c', later)).toMatchObject({ spentTodayNanos: 100, pendingNanos: 100 });
    expect(await ledger.post(extended, costNanos(100), later)).toBe('posted');
    expect(ledger.totals().unexplainedOverspendNanos).toBe(0);
  });

  it('is after a post that was taken back as after a loss notice, and its money where it was before', async () => {
    const ledger = open();
    const account = ledger.account(terms({ lifetimeBudgetNanos: costNanos(1_000) }));
    const bid = mustReserve(ledger, account);
    expect(await ledger.retract(bid, NOON_MS)).toBe(false);
    await ledger.post(bid, costNanos(60), NOON_MS);
    expect(await ledger.retract(bid, NOON_MS)).toBe(true);
    expect(await ledger.retract(bid, NOON_MS)).toBe(false);
    expect(ledger.spend('c', NOON_MS)).toEqual({
      spentTodayNanos: 0,
      spentLifetimeNanos: 0,
      pendingNanos: 0,
    });
    expect(ledger.totals()).toMatchObject({ postedNanos: 60, retractedNanos: 60 });
    expect(await ledger.void(bid, NOON_MS)).toBe('repeated');
    expect(await ledger.post(bid, costNanos(100), NOON_MS)).toBe('late');
    expect(reserveAll(ledger, account)).toHaveLength(9);
  });

  it('gives a post back to the day that it was posted to, and forgets neither over a restart', async () => {
    const midnight = Date.UTC(2026, 5, 2);
    const journal = openMemoryJournal();
    const ledger = open(journal);
    const account = ledger.account(terms());
    const [kept, taken] = reserveAll(ledger, account, 100, midnight - 1);
    await ledger.post(kept!, costNanos(100), midnight);
    await ledger.post(taken!, costNanos(100), midnight);
    await ledger.retract(taken!, midnight);
    expect(ledger.spend('c', midnight)).toMatchObject({ spentTodayNanos: 0, spentLifetimeNanos: 100 });
    const again = open(journal.crash(journal.appended), midnight - 1);
    expect(again.spend('c', midnight - 1).spentTodayNanos).toBe(100);
    expect(await again.void(taken!, midnight)).toBe('repeated');
  });

  it('keeps a post that is kept: then nothing is taken back any more', async () => {
    const ledger = open();
    const bid = mustReserve(ledger, ledger.account(terms()));
    await ledger.post(bid, costNanos(100), NOON_MS);
    ledger.tick(NOON_MS);
    await ledger.saved();
    expect(await ledger.retract(bid, NOON_MS)).toBe(false);
  });

  it('of another ledger, campaign or a place that was never given is unknown', async () => {
    const ledger = open();
    const account = ledger.account(terms());
    const bid = mustReserve(ledger, account);
    expect(await ledger.post({ ...bid, lease: bid.lease + 1 }, costNanos(1), NOON_MS)).toBe('unknown');
    expect(await ledger.void({ ...bid, ordinal: bid.ordinal + 1 }, NOON_MS)).toBe('unknown');
    expect(await ledger.win({ ...bid, campaignId: 'd' }, NOON_MS)).toBe('unknown');
    expect(ledger.totals().unknown).toBe(3);
  });

  it('is remembered for 48 h after the last expiry of its lease, for 32 days with a price for conversions', async () => {
    const ledger = open();
    const cpm = mustReserve(ledger, ledger.account(terms()));
    const cpa = mustReserve(ledger, ledger.account(terms({ campaignId: 'a', model: 'cpa' })), 0);
    expect(await ledger.postClick(cpa, costNanos(0), NOON_MS)).toBe('posted');
    pass(ledger, NOON_MS, NOON_MS + 48 * HOUR_MS);
    expect(await ledger.post(cpm, costNanos(100), NOON_MS)).toBe('late');
    pass(ledger, NOON_MS + 48 * HOUR_MS, NOON_MS + 52 * HOUR_MS);
    expect(await ledger.post(cpm, costNanos(100), NOON_MS)).toBe('unknown');
    expect(await ledger.postConversion(cpa, costNanos(100), NOON_MS + 30 * DAY_MS)).toBe('posted');
    pass(ledger, NOON_MS + 30 * DAY_MS, NOON_MS + 33 * DAY_MS);
    expect(ledger.size().leases).toBe(0);
  });

  it('leaves nothing in its lease but marks once it is settled', async () => {
    const ledger = open();
    const account = ledger.account(terms());
    const bids = [mustReserve(ledger, account), mustReserve(ledger, account)];
    const lease = account instanceof AccountBook ? account.open?.lease : undefined;
    expect(lease?.marks).toBeNull();
    await ledger.post(bids[0]!, costNanos(100), NOON_MS);
    ledger.tick(bids[0]!.expirySec * 1000);
    expect(lease?.pending).toBeNull();
    expect(lease?.marks).toMatchObject({ posted: 1, voided: 0 });
    ledger.tick(NOON_MS + HOUR_MS);
    expect(account).toMatchObject({ open: null });
  });

  it('is not made for a bid that is over, or that stays valid for more than a day', () => {
    const ledger = open();
    const account = ledger.account(terms());
    expect(ledger.reserve(account, costNanos(100), NOON_MS, NOON_MS / 1000)).toBeNull();
    expect(ledger.reserve(account, costNanos(100), NOON_MS, NOON_MS / 1000 + 86_401)).toBeNull();
    // That says nothing of the budget.
    expect(ledger.tick(NOON_MS)).toEqual(['c']);
  });

  it('goes on under a new lease when the ordinals of one are used up', () => {
    const ledger = open();
    const account = ledger.account(terms({ model: 'cpc' }));
    const leases = new Set<number>();
    for (let at = 0; at < 65_537; at++) leases.add(mustReserve(ledger, account, 0).lease);
    expect(leases.size).toBe(2);
  });
});

describe('clicks and conversions', () => {
  it('take their price from the budget, once, and are uncharged with none left', async () => {
    const ledger = open();
    const account = ledger.account(terms({ model: 'cpc', dailyBudgetNanos: costNanos(250) }));
    const bids = [1, 2, 3].map(() => mustReserve(ledger, account, 0));
    expect(await Promise.all(bids.map((bid) => ledger.postClick(bid, costNanos(100), NOON_MS)))).toEqual([
      'posted',
      'posted',
      'uncharged',
    ]);
    expect(await Promise.all(bids.map((bid) => ledger.postClick(bid, costNanos(100), NOON_MS)))).toEqual(
      Array(3).fill('repeated'),
    );
    expect(reserve(ledger, account, 0)).toBeNull();
    expect(ledger.spend('c', NOON_MS).spentTodayNanos).toBe(200);
    expect(ledger.tick(NOON_MS + 12 * HOUR_MS)).toEqual(['c']);
  });

  it('that can not be kept are paid back, and stay clicks, also over a restart', async () => {
    const journal = openMemoryJournal();
    const ledger = open(journal);
    const account = ledger.account(terms({ model: 'cpc', dailyBudgetNanos: costNanos(100) }));
    const [lost, next] = [mustReserve(ledger, account, 0), mustReserve(ledger, account, 0)];
    expect(await ledger.postClick(lost, costNanos(100), NOON_MS)).toBe('posted');
    await ledger.refundClick(lost, costNanos(100), NOON_MS);
    expect(ledger.spend('c', NOON_MS)).toMatchObject({ spentTodayNanos: 0, spentLifetimeNanos: 0 });
    expect(ledger.totals()).toMatchObject({ postedNanos: 100, retractedNanos: 100 });
    const again = open(journal.crash(journal.appended));
    expect(await again.postClick(lost, costNanos(100), NOON_MS)).toBe('repeated');
    expect(await again.postConversion(lost, costNanos(0), NOON_MS)).toBe('posted');
    expect(await again.postClick(next, costNanos(100), NOON_MS)).toBe('posted');
    expect(again.spend('c', NOON_MS).spentTodayNanos).toBe(100);
  });

  it('of a cpa campaign charge the conversion alone, and only after its click', async () => {
    const ledger = open();
    const bid = mustReserve(ledger, ledger.account(terms({ model: 'cpa' })), 0);
    expect(await ledger.postConversion(bid, costNanos(100), NOON_MS)).toBe('unclicked');
    expect(await ledger.postClick(bid, costNanos(100), NOON_MS)).toBe('posted');
    expect(ledger.spend('c', NOON_MS).spentTodayNanos).toBe(0);
    expect(await ledger.postConversion(bid, costNanos(100), NOON_MS)).toBe('posted');
    expect(await ledger.postConversion(bid, costNanos(100), NOON_MS)).toBe('repeated');
    expect(ledger.spend('c', NOON_MS).spentTodayNanos).toBe(100);
  });
});

describe('a day', () => {
  it('ends at midnight in New York when the clocks go back, and its leases post to it', async () => {
    const endMs = Date.UTC(2026, 10, 2, 5);
    const ledger = open(openMemoryJournal(), endMs - HOUR_MS);
    const account = ledger.account(terms({ timezone: 'America/New_York' }));
    const [bid] = reserveAll(ledger, account, 100, endMs - 1);
    if (bid === undefined) throw new Error('nothing was reserved');
    expect(reserve(ledger, account, 100, endMs - 1)).toBeNull();
    const next = mustReserve(ledger, account, 100, endMs);
    expect(next.lease).not.toBe(bid.lease);
    expect(await ledger.post(bid, costNanos(100), endMs)).toBe('posted');
    expect(ledger.spend('c', endMs)).toEqual({
      spentTodayNanos: 0,
      spentLifetimeNanos: 100,
      pendingNanos: 1_000,
    });
  });

  it('does not come back when the clock does', () => {
    const midnight = Date.UTC(2026, 5, 2);
    const ledger = open();
    const account = ledger.account(terms());
    reserveAll(ledger, account, 100, midnight);
    expect(reserve(ledger, account, 100, midnight - 5)).toBeNull();
    expect(ledger.spend('c', midnight - 5).pendingNanos).toBe(1_000);
  });

  it('keeps its spend when the zone is changed and changed back', async () => {
    const nowMs = NOON_MS + HOUR_MS;
    const ledger = open();
    const account = ledger.account(terms());
    for (const bid of reserveAll(ledger, account, 100, nowMs)) await ledger.post(bid, costNanos(100), nowMs);
    ledger.account(terms({ timezone: 'Pacific/Auckland' }));
    expect(ledger.spend('c', nowMs).spentTodayNanos).toBe(0);
    ledger.account(terms());
    expect(ledger.spend('c', nowMs).spentTodayNanos).toBe(1_000);
  });
});

describe('a crash', () => {
  const crash = (journal: MemoryJournal): MemoryJournal => journal.crash(journal.written);

  it('withholds what was leased until its last expiry, and takes notices for it meanwhile', async () => {
    const journal = openMemoryJournal();
    const before = open(journal);
    const bids = reserveAll(before, before.account(terms()));
    const ledger = open(crash(journal), NOON_MS + 1_000);
    const account = ledger.account(terms());
    expect(ledger.spend('c', NOON_MS).pendingNanos).toBe(1_000);
    expect(reserve(ledger, account)).toBeNull();
    const [posted, lost] = bids;
    if (posted === undefined || lost === undefined) throw new Error('too few');
    expect(await ledger.post(posted, costNanos(100), NOON_MS)).toBe('posted');
    expect(await ledger.void(lost, NOON_MS)).toBe('voided');
    mustReserve(ledger, account);
    expect(ledger.tick(NOON_MS + 371_000)).toEqual(['c']);
    expect(ledger.spend('c', NOON_MS)).toMatchObject({ spentTodayNanos: 100, pendingNanos: 0 });
    expect(ledger.totals().unexplainedOverspendNanos).toBe(0);
  });

  it('withholds no more than one slice beyond what was reserved', () => {
    const journal = openMemoryJournal();
    const before = open(journal);
    mustReserve(before, before.account(terms({ dailyBudgetNanos: costNanos(1_000_000) })));
    const ledger = open(crash(journal));
    expect(ledger.spend('c', NOON_MS).pendingNanos).toBe(400);
  });

  it('withholds after a calm of ten seconds only what was reserved', async () => {
    const journal = openMemoryJournal();
    const before = open(journal);
    mustReserve(before, before.account(terms()));
    before.tick(NOON_MS + 10_000);
    await before.saved();
    const ledger = open(crash(journal), NOON_MS + 10_000);
    expect(ledger.spend('c', NOON_MS).pendingNanos).toBe(100);
  });

  it('never lets a lease number return, not even after the data was wiped', () => {
    const journal = openMemoryJournal();
    const before = open(journal);
    const first = mustReserve(before, before.account(terms())).lease;
    for (const later of [open(crash(journal)), open(openMemoryJournal(), NOON_MS + 1)]) {
      const again = later.account(terms({ campaignId: 'd' }));
      expect(mustReserve(later, again).lease).toBeGreaterThan(first);
    }
  });

  it('remembers terms for clicks of a campaign that nobody has opened since', async () => {
    const journal = openMemoryJournal();
    const before = open(journal);
    const bid = mustReserve(before, before.account(terms({ model: 'cpc' })), 0);
    const ledger = open(crash(journal));
    expect(await ledger.postClick(bid, costNanos(100), NOON_MS)).toBe('posted');
    expect(ledger.spend('c', NOON_MS).spentTodayNanos).toBe(100);
  });
});

describe('a journal that keeps nothing', () => {
  it('stops all bids, rejects saved, and all comes back with it', async () => {
    const journal = openMemoryJournal();
    const ledger = open(journal);
    const account = ledger.account(terms());
    const bid = mustReserve(ledger, account);
    expect(ledger.isSound).toBe(true);
    journal.setSound(false);
    expect(ledger.isSound).toBe(false);
    // Not even from the slice that was kept before: what becomes of the bid can't be.
    expect(reserve(ledger, account)).toBeNull();
    expect(ledger.canReserve(account, NOON_MS)).toBe(false);
    expect(await ledger.post(bid, costNanos(100), NOON_MS)).toBe('posted');
    await expect(ledger.saved()).rejects.toThrow('keeps nothing');
    expect(ledger.tick(NOON_MS)).toEqual([]);
    journal.setSound(true);
    expect(ledger.tick(NOON_MS)).toEqual(['c']);
    expect(await ledger.post(bid, costNanos(100), NOON_MS)).toBe('repeated');
    await ledger.saved();
    expect(ledger.isSound).toBe(true);
    expect(reserveAll(ledger, account)).toHaveLength(9);
  });
});
