/**
 * The ledger against a naive one: an object for every reservation, every sum added up anew. Both walk the same
 * seeded random way, step by step, through days, crashes, changed budgets and notices in every order.
 * `GAVEL_WALK_STEPS=200000 npx vitest run src/ledger/model.test.ts` takes more of them.
 */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BidModel } from '../campaigns/model.ts';
import { costNanos } from '../money.ts';
import { localDay } from './day.ts';
import { openDiskJournal } from './disk-journal.ts';
import { type EmbeddedLedger, openLedger } from './embedded.ts';
import { holdAtLeast, holdEqual } from './fixtures/ledger-walk.ts';
import type { Journal } from './journal.ts';
import type { Account, BudgetTerms, PostStatus, ReservedBid, VoidStatus, WinStatus } from './ledger.ts';
import { type MemoryJournal, openMemoryJournal } from './memory-journal.ts';

const ZONES = ['UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland'];
const MODELS: readonly BidModel[] = ['cpm', 'cpm', 'cpc', 'cpa'];
const START_MS = Date.UTC(2026, 9, 31, 20);
/** A slice, the longest validity in these walks, a win's extension. */
const WITHHELD_SEC = 10 + 900 + 60 + 1;
const DAY_MS = 86_400_000;
const STEPS = Number(process.env.GAVEL_WALK_STEPS ?? 40_000);
const STEPS_PER_SEED = 1_000;
const FIRST_SEED = Number(process.env.GAVEL_WALK_SEED ?? 1);
/** By less a clock is not taken to have been set back. */
const SKEW_MS = 5_000;
/** Behind any place in the journal. */
const NEVER = Number.POSITIVE_INFINITY;

type Random = () => number;

function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One thing that happened, and the place in the journal up to which it must be kept to have happened. */
interface Fact {
  readonly place: number;
  readonly nanos: number;
  readonly day: number;
}

/** What was true of a reservation when its post was taken back. */
interface Retract {
  readonly place: number;
  readonly posted: Fact | null;
  readonly late: boolean;
  readonly voided: Fact | null;
}

/** Reservations of one lease and one expiry: when that is due by a clock that was set back. */
interface Life {
  dueSec: number;
  longestSec: number;
}

interface NaiveReservation {
  readonly bid: ReservedBid;
  readonly model: BidModel;
  readonly day: number;
  posted: Fact | null;
  late: boolean;
  voided: Fact | null;
  won: Fact | null;
  wonLate: Fact | null;
  retracts: Retract[];
  clicked: Fact | null;
  converted: Fact | null;
  gone: Fact | null;
}

class NaiveLedger {
  readonly terms = new Map<string, BudgetTerms>();
  readonly reservations: NaiveReservation[] = [];
  readonly #lives = new Map<string, Life>();
  readonly #byCampaign = new Map<string, readonly NaiveReservation[]>();
  nowMs = START_MS;
  /** Until then a crash may withhold more than is known here. */
  withheldUntilSec = 0;

  of(campaignId: string): readonly NaiveReservation[] {
    return this.#byCampaign.get(campaignId) ?? [];
  }

  add(one: NaiveReservation): void {
    this.reservations.push(one);
    const { campaignId } = one.bid;
    this.#byCampaign.set(campaignId, [...this.of(campaignId), one]);
    const { expirySec } = one.bid;
    this.#live(one, expirySec, expirySec, expirySec - Math.floor(this.nowMs / 1000));
  }

  #live({ bid }: NaiveReservation, expirySec: number, dueSec: number, longestSec: number): void {
    if (bid.reservedNanos === 0) return;
    const key = `${bid.lease.toString()}:${expirySec.toString()}`;
    const life = this.#lives.get(key);
    if (life === undefined) this.#lives.set(key, { dueSec, longestSec });
    else life.longestSec = Math.max(life.longestSec, longestSec);
  }

  #life({ bid }: NaiveReservation, expirySec: number): Life {
    const life = this.#lives.get(`${bid.lease.toString()}:${expirySec.toString()}`);
    if (life === undefined) throw new Error('no life');
    return life;
  }

  setBack(backMs: number): void {
    this.nowMs -= backMs;
    for (const life of this.#lives.values()) {
      life.dueSec = Math.min(life.dueSec, Math.floor(this.nowMs / 1000) + life.longestSec);
    }
  }

  today(campaignId: string): number {
    return localDay(this.nowMs, this.termsOf(campaignId).timezone).key;
  }

  termsOf(campaignId: string): BudgetTerms {
    const terms = this.terms.get(campaignId);
    if (terms === undefined) throw new Error('no terms');
    return terms;
  }

  posted(campaignId: string, day: number | null): number {
    let sum = 0;
    for (const { posted, clicked, converted } of this.of(campaignId)) {
      for (const fact of [posted, clicked, converted]) {
        if (fact !== null && (day === null || fact.day === day)) sum += fact.nanos;
      }
    }
    return sum;
  }

  late(campaignId: string, day: number | null): number {
    let sum = 0;
    for (const { late, posted } of this.of(campaignId)) {
      if (late && posted !== null && (day === null || posted.day === day)) sum += posted.nanos;
    }
    return sum;
  }

  pending(campaignId: string, day: number | null): number {
    let sum = 0;
    for (const one of this.of(campaignId)) {
      const open = one.posted === null && one.voided === null && one.gone === null;
      if (open && (day === null || one.day === day)) sum += one.bid.reservedNanos;
    }
    return sum;
  }

  left(campaignId: string): number {
    const { dailyBudgetNanos, lifetimeBudgetNanos } = this.termsOf(campaignId);
    const day = this.today(campaignId);
    const daily = dailyBudgetNanos - this.posted(campaignId, day) - this.pending(campaignId, day);
    if (lifetimeBudgetNanos === null) return daily;
    return Math.min(
      daily,
      lifetimeBudgetNanos - this.posted(campaignId, null) - this.pending(campaignId, null),
    );
  }

  expired(one: NaiveReservation): boolean {
    const expirySec = one.bid.expirySec + (one.won === null ? 0 : 60);
    if (one.bid.reservedNanos === 0) return this.nowMs >= expirySec * 1000;
    return one.gone !== null || this.nowMs >= Math.min(expirySec, this.#life(one, expirySec).dueSec) * 1000;
  }

  post(one: NaiveReservation, nanos: number, place: number): PostStatus {
    if (one.posted !== null) return 'repeated';
    one.late = one.voided !== null || this.expired(one);
    one.posted = { place, nanos, day: one.day };
    return one.late ? 'late' : 'posted';
  }

  void(one: NaiveReservation, place: number): VoidStatus {
    if (one.posted !== null) return 'already_posted';
    if (one.voided !== null) return 'repeated';
    if (this.expired(one)) return 'expired';
    one.voided = { place, nanos: 0, day: one.day };
    return 'voided';
  }

  win(one: NaiveReservation, place: number): WinStatus {
    if (one.won !== null || one.wonLate !== null) return 'repeated';
    const fact = { place, nanos: 0, day: one.day };
    if (one.posted !== null || one.voided !== null || this.expired(one)) {
      one.wonLate = fact;
      return one.posted !== null ? 'already_posted' : 'expired';
    }
    const { expirySec, reservedNanos } = one.bid;
    if (reservedNanos > 0) {
      const { dueSec, longestSec } = this.#life(one, expirySec);
      this.#live(one, expirySec + 60, dueSec + 60, longestSec + 60);
    }
    one.won = fact;
    return 'extended';
  }

  retract(one: NaiveReservation, place: number): boolean {
    const { posted, late, voided } = one;
    if (posted === null) return false;
    one.retracts.push({ place, posted, late, voided });
    one.posted = null;
    one.late = false;
    one.voided = { place, nanos: 0, day: one.day };
    return true;
  }

  action(one: NaiveReservation, kind: 'clicked' | 'converted', nanos: number, place: number): PostStatus {
    if (kind === 'converted' && one.clicked === null) return 'unclicked';
    if (one[kind] !== null) return 'repeated';
    const costs =
      (kind === 'clicked' && one.model === 'cpc') || (kind === 'converted' && one.model === 'cpa');
    const charged = !costs || nanos <= this.left(one.bid.campaignId);
    one[kind] = { place, nanos: costs && charged ? nanos : 0, day: this.today(one.bid.campaignId) };
    return charged ? 'posted' : 'uncharged';
  }

  tick(): void {
    for (const one of this.reservations) {
      if (one.gone === null && one.posted === null && one.voided === null && this.expired(one)) {
        one.gone = { place: NEVER, nanos: 0, day: one.day };
      }
    }
  }

  /** What was written after that place did not happen. */
  crash(place: number): void {
    const kept = (fact: Fact | null): Fact | null => (fact !== null && fact.place <= place ? fact : null);
    for (const one of this.reservations) {
      for (
        let last = one.retracts.at(-1);
        last !== undefined && last.place > place;
        last = one.retracts.at(-1)
      ) {
        one.posted = last.posted;
        one.late = last.late;
        one.voided = last.voided;
        one.retracts.pop();
      }
      one.posted = kept(one.posted);
      if (one.posted === null) one.late = false;
      one.voided = kept(one.voided);
      one.won = kept(one.won);
      one.wonLate = kept(one.wonLate);
      one.clicked = kept(one.clicked);
      one.converted = kept(one.converted);
      // It may have come back with the lease, and goes again at the next tick at the latest when the lease does.
      one.gone = null;
    }
    this.withheldUntilSec = Math.ceil(this.nowMs / 1000) + WITHHELD_SEC;
    this.tick();
  }
}

/** Where the journal of a walk stands, and how it crashes. */
interface Store {
  journal: Journal;
  place(): number;
  rewrite(): void;
  /** Leaves what was written, and some of what was gathered; returns the place where it ends. */
  crash(random: Random): number;
  remove(): void;
}

function memoryStore(): Store {
  let journal: MemoryJournal = openMemoryJournal();
  return {
    get journal() {
      return journal;
    },
    place: () => journal.appended,
    rewrite: () => {
      journal.requestRewrite();
    },
    crash: (random) => {
      const place = journal.written + Math.floor(random() * (journal.appended - journal.written + 1));
      journal = journal.crash(place);
      return place;
    },
    remove: () => undefined,
  };
}

/** Cuts the file at any byte, in the middle of records too. */
function diskStore(): Store {
  const folder = fs.mkdtempSync(join(tmpdir(), 'gavel-ledger-'));
  const path = join(folder, 'journal.bin');
  let journal = openDiskJournal(folder);
  return {
    get journal() {
      return journal;
    },
    place: () => journal.bytes,
    rewrite: () => undefined,
    crash: (random) => {
      const written = fs.statSync(path).size;
      journal.write();
      const place = written + Math.floor(random() * (journal.bytes - written + 1));
      const left = fs.readFileSync(path).subarray(0, place);
      void journal.close();
      fs.rmSync(path);
      fs.writeFileSync(path, left);
      journal = openDiskJournal(folder);
      return place;
    },
    remove: () => {
      void journal.close();
      fs.rmSync(folder, { recursive: true });
    },
  };
}

class Walk {
  readonly #random: Random;
  readonly #store: Store;
  readonly #naive = new NaiveLedger();
  readonly #accounts = new Map<string, Account>();
  /** The largest excess that a cut of the budget explains. */
  readonly #cut = new Map<string, number>();
  readonly #budgets = new Map<string, number>();
  #real: EmbeddedLedger;
  #savedPlace = 0;
  #termsVersion = 0;
  /** Until then reservations may be due that a clock has made which was ahead. */
  #setBackUntilMs = 0;
  #rewrites = 0;
  readonly seen: Record<string, number> = {};

  constructor(seed: number, store: Store) {
    this.#random = randomFrom(seed);
    this.#store = store;
    this.#real = openLedger({ journal: store.journal, nowMs: START_MS, copiedBytesPerTick: 400 });
    for (let at = 0; at < 6; at++) this.#setTerms(`campaign-${at.toString()}`, at);
    this.#savedPlace = store.place();
  }

  async step(): Promise<void> {
    const dice = this.#random();
    if (dice < 0.46) this.#reserve();
    else if (dice < 0.86) await this.#notify();
    else if (dice < 0.955) this.#passTime();
    else if (dice < 0.97) await this.#save();
    else if (dice < 0.98) this.#setTerms(this.#anyCampaign(), null);
    else if (dice < 0.985) this.#store.rewrite();
    else if (dice < 0.99) this.#crash();
    else if (dice < 0.995) this.#setClockBack();
    else if (dice < 0.998) this.#setOldTerms(this.#anyCampaign());
    // The copy of the journal ends behind a promise.
    if (dice > 0.9) await Promise.resolve();
    this.#compare();
  }

  #reserve(): void {
    const campaignId = this.#anyCampaign();
    const account = this.#accounts.get(campaignId);
    if (account === undefined) throw new Error('no account');
    const { model, unitNanos, timezone } = account.terms;
    const cost =
      model !== 'cpm' ? 0 : this.#random() < 0.7 ? unitNanos : Math.ceil(this.#random() * unitNanos);
    const naive = this.#naive;
    const expirySec = Math.floor(naive.nowMs / 1000) + 1 + Math.floor(this.#random() * 900);
    const left = naive.left(campaignId);
    const skewMs = this.#random() < 0.1 ? 400 : 0;
    const taken = this.#real.reserve(account, costNanos(cost), naive.nowMs - skewMs, expirySec);
    this.#see(taken === null ? 'reserve:null' : 'reserve:taken');
    if (taken === null) {
      if (!this.#withheld) expect(left).toBeLessThan(unitNanos);
      return;
    }
    expect(left).toBeGreaterThanOrEqual(model === 'cpm' ? cost : unitNanos);
    const bid = { ...taken, campaignId, reservedNanos: costNanos(cost), expirySec };
    expect(
      naive.of(campaignId).some((one) => one.bid.lease === bid.lease && one.bid.ordinal === bid.ordinal),
    ).toBe(false);
    const day = localDay(naive.nowMs, timezone).key;
    naive.add({
      bid,
      model,
      day,
      posted: null,
      late: false,
      voided: null,
      won: null,
      wonLate: null,
      retracts: [],
      clicked: null,
      converted: null,
      gone: null,
    });
  }

  async #notify(): Promise<void> {
    const { reservations, nowMs } = this.#naive;
    const back = Math.floor(this.#random() ** 2 * Math.min(reservations.length, 60));
    const one = reservations[reservations.length - 1 - back];
    if (one === undefined) return;
    const kind = this.#random();
    const { bid } = one;
    const unit = this.#naive.termsOf(bid.campaignId).unitNanos;
    const real = this.#real;
    if (kind < 0.3) {
      const nanos = this.#random() < 0.5 ? bid.reservedNanos : Math.floor(this.#random() * bid.reservedNanos);
      const status = await real.post(bid, costNanos(nanos), nowMs);
      this.#agree('post', status, this.#naive.post(one, nanos, this.#store.place()));
      if (status === 'repeated' || this.#random() < 0.8) return;
      for (let call = 0; call < 2; call++) {
        const taken = (await real.retract(bid, nowMs)).toString();
        this.#agree('retract', taken, this.#naive.retract(one, this.#store.place()).toString());
      }
    } else if (kind < 0.5) {
      this.#agree('void', await real.void(bid, nowMs), this.#naive.void(one, this.#store.place()));
    } else if (kind < 0.65) {
      this.#agree('win', await real.win(bid, nowMs), this.#naive.win(one, this.#store.place()));
    } else {
      const action = kind < 0.88 ? 'clicked' : 'converted';
      const status =
        action === 'clicked'
          ? await real.postClick(bid, unit, nowMs)
          : await real.postConversion(bid, unit, nowMs);
      const expected = this.#naive.action(one, action, unit, this.#store.place());
      const fact = one[action];
      if (this.#withheld && status === 'uncharged' && expected === 'posted' && fact !== null) {
        one[action] = { ...fact, nanos: 0 };
        this.#see('action:withheld');
      } else this.#agree(action, status, expected);
    }
  }

  #passTime(): void {
    const far = this.#random();
    const seconds = far < 0.02 ? 30_000 : far < 0.1 ? 600 : far < 0.5 ? 12 : 1;
    this.#naive.nowMs += Math.floor(this.#random() * seconds * 1000);
    this.#naive.tick();
    this.#real.tick(this.#naive.nowMs);
    this.#see('tick');
    if (this.#real.totals().rewrites > this.#rewrites) this.#see('rewritten');
    this.#rewrites = this.#real.totals().rewrites;
  }

  /** By less than a day, so that no day comes back which is forgotten. */
  #setClockBack(): void {
    const naive = this.#naive;
    if (this.#withheld) return;
    if (this.#random() < 0.2) {
      this.#real.tick(naive.nowMs - Math.floor(this.#random() * SKEW_MS));
      naive.tick();
      return;
    }
    naive.setBack(SKEW_MS + 1 + Math.floor(this.#random() ** 4 * (DAY_MS - SKEW_MS - 1)));
    naive.tick();
    this.#real.tick(naive.nowMs);
    this.#setBackUntilMs = naive.nowMs + WITHHELD_SEC * 1000;
    this.#see('set back');
  }

  async #save(): Promise<void> {
    const place = this.#store.place();
    await this.#real.saved();
    this.#savedPlace = place;
  }

  #crash(): void {
    if (this.#naive.nowMs < this.#setBackUntilMs) return;
    // What a clock that was ahead has left is gone by now, and the crash may not forget that.
    if (this.#setBackUntilMs > 0) this.#store.journal.write();
    this.#setBackUntilMs = 0;
    const place = this.#store.crash(this.#random);
    expect(place).toBeGreaterThanOrEqual(this.#savedPlace);
    this.#savedPlace = place;
    this.#naive.nowMs += 1;
    this.#naive.crash(place);
    this.#real = openLedger({
      journal: this.#store.journal,
      nowMs: this.#naive.nowMs,
      copiedBytesPerTick: 400,
    });
    for (const [campaignId, terms] of this.#naive.terms)
      this.#accounts.set(campaignId, this.#real.account(terms));
    // What is taken back of posts and of edits can lift what is used above the budget once more.
    this.#budgets.clear();
    this.#see('crash');
  }

  #setTerms(campaignId: string, at: number | null): void {
    const before = this.#naive.terms.get(campaignId);
    const unit = before?.unitNanos ?? costNanos(1 + Math.floor(this.#random() * 3_000));
    const daily = costNanos(Math.floor(unit * (1 + this.#random() * 25)));
    const lifetime = this.#random() < 0.4 ? null : costNanos(Math.floor(unit * (1 + this.#random() * 120)));
    const terms: BudgetTerms = {
      campaignId,
      termsVersion: ++this.#termsVersion,
      model: before?.model ?? MODELS[(at ?? 0) % MODELS.length] ?? 'cpm',
      timezone: before?.timezone ?? ZONES[(at ?? 0) % ZONES.length] ?? 'UTC',
      evenOver: null,
      dailyBudgetNanos: daily,
      lifetimeBudgetNanos: lifetime,
      budgetMode: 'strict',
      unitNanos: unit,
    };
    this.#naive.terms.set(campaignId, terms);
    this.#accounts.set(campaignId, this.#real.account(terms));
    this.#see('terms');
  }

  /** As a reader of an older snapshot does. */
  #setOldTerms(campaignId: string): void {
    const terms = this.#naive.termsOf(campaignId);
    const old = { termsVersion: terms.termsVersion - 1, dailyBudgetNanos: costNanos(0) };
    expect(this.#real.account({ ...terms, ...old })).toBe(this.#accounts.get(campaignId));
    this.#see('old terms');
  }

  /** Sums, to the nano; after a crash pending may be more until what was withheld is back. */
  #compare(): void {
    const naive = this.#naive;
    let allPending = 0;
    for (const [campaignId, terms] of naive.terms) {
      const spend = this.#real.spend(campaignId, naive.nowMs);
      const day = naive.today(campaignId);
      const pending = naive.pending(campaignId, null);
      holdEqual(spend.spentTodayNanos, naive.posted(campaignId, day), `${campaignId} today`);
      holdEqual(spend.spentLifetimeNanos, naive.posted(campaignId, null), `${campaignId} ever`);
      allPending += spend.pendingNanos;
      if (this.#withheld) holdAtLeast(spend.pendingNanos, pending, `${campaignId} pending`);
      else holdEqual(spend.pendingNanos, pending, `${campaignId} pending`);
      this.#holdBudget(`${campaignId} day ${day.toString()}`, terms.dailyBudgetNanos, campaignId, day);
      this.#holdBudget(`${campaignId} ever`, terms.lifetimeBudgetNanos ?? NEVER, campaignId, null);
    }
    holdEqual(this.#real.pendingNanos(), allPending, 'pending');
    holdEqual(this.#real.totals().unexplainedOverspendNanos, 0, 'unexplained');
  }

  /** posted + pending, but for what came late, never rises above the budget; what a cut left above it only falls. */
  #holdBudget(name: string, budget: number, campaignId: string, day: number | null): void {
    const used =
      this.#naive.posted(campaignId, day) +
      this.#naive.pending(campaignId, day) -
      this.#naive.late(campaignId, day);
    const excess = Math.max(0, used - budget);
    const allowed = this.#cut.get(name) ?? 0;
    if (this.#budgets.get(name) === budget) holdAtLeast(allowed, excess, name);
    this.#cut.set(name, excess);
    this.#budgets.set(name, budget);
  }

  get #withheld(): boolean {
    return this.#naive.nowMs < this.#naive.withheldUntilSec * 1000;
  }

  #anyCampaign(): string {
    return `campaign-${Math.floor(this.#random() * 6).toString()}`;
  }

  #agree(what: string, real: string, naive: string): void {
    expect(`${what}:${real}`).toBe(`${what}:${naive}`);
    this.#see(`${what}:${real}`);
  }

  #see(what: string): void {
    this.seen[what] = (this.seen[what] ?? 0) + 1;
  }
}

async function walk(seed: number, steps: number, store: Store): Promise<Record<string, number>> {
  const walker = new Walk(seed, store);
  let step = 0;
  try {
    for (; step < steps; step++) await walker.step();
  } catch (error) {
    throw new Error(`seed ${seed.toString()} step ${step.toString()}`, { cause: error });
  } finally {
    store.remove();
  }
  return walker.seen;
}

describe('the embedded ledger', () => {
  it(
    'agrees with a naive ledger over random walks, crashes between any two records included',
    { timeout: 3_600_000 },
    async () => {
      const seen: Record<string, number> = {};
      for (let seed = FIRST_SEED; seed < FIRST_SEED + STEPS / STEPS_PER_SEED; seed++) {
        for (const [what, count] of Object.entries(await walk(seed, STEPS_PER_SEED, memoryStore()))) {
          seen[what] = (seen[what] ?? 0) + count;
        }
      }
      // A walk that misses what it should compare proves nothing.
      for (const what of [
        'reserve:null',
        'post:late',
        'post:repeated',
        'void:already_posted',
        'void:expired',
        'win:extended',
        'win:expired',
        'win:already_posted',
        'win:repeated',
        'retract:true',
        'retract:false',
        'set back',
        'old terms',
        'clicked:uncharged',
        'converted:posted',
        'converted:unclicked',
        'crash',
        'rewritten',
      ]) {
        expect(seen[what] ?? 0, what).toBeGreaterThan(10);
      }
    },
  );

  it('agrees with it over crashes that tear the file at any byte', async () => {
    for (let seed = 1_001; seed <= 1_012; seed++) await walk(seed, 500, diskStore());
  });
});
