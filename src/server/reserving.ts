/**
 * From shortlists to sales: for each imp the best candidate whose caps let this user be shown it and whose budget bears
 * it. Who has no caps and pays from a slice that this node holds is sold at once; the caps of a request are asked once, for
 * all its imps, and slices that are lacking are waited for once.
 */
import type { Candidate, Decided, ImpDecision } from '../auction/decision.ts';
import { askOf } from '../ledger/cap-windows.ts';
import type { CapChoice, Caps, HoldAnswer } from '../ledger/caps.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { costNanos, type CostNanos } from '../money.ts';
import { NBR, type Nbr } from '../openrtb/codes.ts';
import type { Index } from '../targeting/tiers.ts';
import type { Catalog, Creative } from './catalog.ts';
import { heldBidOf, NO_RESERVATION, reservedBidOf, type Sale } from './sale.ts';

export interface Reserver {
  /**
   * Adds a sale for each imp that has none, each with an ad of its own; of a test request nothing is reserved and
   * nothing held. Returns why imps stayed without one, 0 where none did: at once, unless something must be waited for.
   */
  sell(catalog: Catalog, decided: Decided, sold: Sale[], nowMs: number): Nbr | Promise<Nbr>;
  /** Takes back sales that nobody will be told of. */
  giveBack(decided: Pick<Decided, 'userId'>, sales: readonly Sale[], nowMs: number): void;
}

export interface ReserverEdges {
  readonly ledger: Pick<Ledger, 'reserve' | 'release' | 'prepare' | 'canReserve' | 'isSound'>;
  readonly caps: Pick<Caps, 'hold' | 'release'>;
  readonly hashUser: (userId: string) => string;
  /** Told when a campaign's budget bears not even one unit more. */
  readonly onSpent: (index: Index, campaign: number) => void;
}

/** One call of `sell`. */
interface Round {
  readonly catalog: Catalog;
  readonly decided: Decided;
  readonly sold: Sale[];
  readonly nowMs: number;
  /** It has waited for slices. */
  hasWaited: boolean;
  /** Ads whose budget did not bear the bid. */
  unpaid: number[];
  /** Why imps have no sale, where that is not for want of a budget. */
  missed: typeof NBR.budgetOrPacing | typeof NBR.userCapMet | typeof NBR.ledgerAway;
}

/** An imp that the caps are asked for, and whom each of its choices stands for. */
interface Asked {
  readonly imp: ImpDecision;
  readonly candidates: readonly Candidate[];
  readonly choices: readonly CapChoice[];
}

export function createReserver(edges: ReserverEdges): Reserver {
  return new Reserving(edges);
}

class Reserving implements Reserver {
  readonly #edges: ReserverEdges;

  constructor(edges: ReserverEdges) {
    this.#edges = edges;
  }

  sell(catalog: Catalog, decided: Decided, sold: Sale[], nowMs: number): Nbr | Promise<Nbr> {
    const missed = NBR.budgetOrPacing;
    return this.#proceed({ catalog, decided, sold, nowMs, hasWaited: false, unpaid: [], missed });
  }

  giveBack({ userId }: Pick<Decided, 'userId'>, sales: readonly Sale[], nowMs: number): void {
    const { ledger, caps, hashUser } = this.#edges;
    for (const sale of sales) {
      if (sale.reservation === NO_RESERVATION) continue;
      ledger.release(reservedBidOf(sale), nowMs);
      const held = heldBidOf(sale, hashUser(userId));
      if (held !== null) caps.release(held, nowMs);
    }
  }

  #proceed(round: Round): Nbr | Promise<Nbr> {
    for (const imp of unsold(round)) {
      const need = this.#sellUncapped(round, imp);
      if (need === 'caps') return this.#askCaps(round);
      if (need === null) continue;
      round.hasWaited = true;
      round.unpaid = [];
      return need.then(() => this.#proceed(round));
    }
    return this.#outcome(round);
  }

  /** null: sold, or nobody can be; else the caps must be asked first, or what must be waited for. */
  #sellUncapped(round: Round, imp: ImpDecision): 'caps' | Promise<void> | null {
    for (const candidate of imp.shortlist) {
      if (isOut(round, candidate)) continue;
      const { caps: terms } = round.catalog.creative(candidate.ad);
      if (terms === null && this.#reserve(round, imp, candidate, round.nowMs)) return null;
      const lacking =
        round.hasWaited || round.decided.test ? null : this.#waitForSlices(round, imp, candidate);
      if (lacking !== null) return lacking;
      if (terms !== null) return 'caps';
    }
    return null;
  }

  /** That of the candidate, and of those who would be sold first in the other imps. */
  #waitForSlices(round: Round, wanting: ImpDecision, candidate: Candidate): Promise<void> | null {
    const nexts = unsold(round).map((imp) =>
      imp === wanting ? candidate : imp.shortlist.find((other) => !isOut(round, other)),
    );
    const accounts = nexts.flatMap((next) =>
      next === undefined ? [] : [round.catalog.creative(next.ad).account],
    );
    const longestSec = Math.max(...unsold(round).map(({ expSec }) => expSec));
    return this.#edges.ledger.prepare(accounts, round.nowMs, expiryOf(round, longestSec));
  }

  #askCaps(round: Round): Nbr | Promise<Nbr> {
    const asked = unsold(round).map((imp, place) => this.#choicesOf(round, imp, place + 1));
    const answer = this.#edges.caps.hold({
      userHash: this.#edges.hashUser(round.decided.userId),
      nowMs: round.nowMs,
      imps: asked.map(({ imp, choices }) => ({ expirySec: expiryOf(round, imp.expSec), choices })),
      holds: !round.decided.test,
    });
    if (answer instanceof Promise) return answer.then((held) => this.#sellHeld(round, asked, held));
    return this.#sellHeld(round, asked, answer);
  }

  /** Up to the candidate without caps that no earlier imp can have taken. */
  #choicesOf(round: Round, imp: ImpDecision, uncapped: number): Asked {
    const candidates: Candidate[] = [];
    const choices: CapChoice[] = [];
    let left = uncapped;
    for (const candidate of imp.shortlist) {
      if (left === 0) break;
      if (isOut(round, candidate)) continue;
      const { caps: terms, account } = round.catalog.creative(candidate.ad);
      if (terms === null) left--;
      else if (!round.decided.test && !this.#edges.ledger.canReserve(account, round.nowMs)) {
        if (this.#edges.ledger.isSound) this.#edges.onSpent(round.catalog.index, candidate.campaign);
        continue;
      }
      candidates.push(candidate);
      choices.push({ ad: candidate.ad, ask: terms === null ? null : askOf(terms, round.nowMs) });
    }
    return { imp, candidates, choices };
  }

  #sellHeld(round: Round, asked: readonly Asked[], answer: HoldAnswer): Nbr {
    if (answer.kind === 'away') round.missed = NBR.ledgerAway;
    for (const [place, { imp, candidates }] of asked.entries()) {
      const told = answer.kind === 'held' ? answer.imps[place] : undefined;
      if (told?.kind === 'capped' && round.missed !== NBR.ledgerAway) round.missed = NBR.userCapMet;
      const candidate = told?.kind === 'open' ? candidates[told.choice] : undefined;
      const atMs = told?.kind === 'open' ? told.atMs : round.nowMs;
      if (candidate !== undefined && this.#reserve(round, imp, candidate, atMs)) continue;
      if (candidate !== undefined) this.#letGo(round, imp, candidate, atMs);
      this.#sellWithoutCaps(round, imp);
    }
    return this.#outcome(round);
  }

  /** It was held, and its budget does not bear it. */
  #letGo(round: Round, imp: ImpDecision, { ad }: Candidate, issuedMs: number): void {
    const { decided, catalog, nowMs } = round;
    const { caps: terms, campaignId } = catalog.creative(ad);
    if (terms === null || decided.test) return;
    const expirySec = expiryOf(round, imp.expSec);
    this.#edges.caps.release(
      { userHash: this.#edges.hashUser(decided.userId), campaignId, issuedMs, expirySec },
      nowMs,
    );
  }

  /** Where the caps are away, or a budget that bore a bid before the caps were asked does so no more. */
  #sellWithoutCaps(round: Round, imp: ImpDecision): void {
    for (const candidate of imp.shortlist) {
      if (isOut(round, candidate) || round.catalog.creative(candidate.ad).caps !== null) continue;
      if (this.#reserve(round, imp, candidate, round.nowMs)) return;
    }
  }

  #reserve(round: Round, imp: ImpDecision, candidate: Candidate, issuedMs: number): boolean {
    const { decided, catalog, nowMs, sold } = round;
    if (isOut(round, candidate)) return false;
    const creative = catalog.creative(candidate.ad);
    const reservedNanos = reservedFor(creative, candidate, imp);
    const expirySec = expiryOf(round, imp.expSec);
    const reservation = decided.test
      ? NO_RESERVATION
      : this.#edges.ledger.reserve(creative.account, reservedNanos, nowMs, expirySec);
    if (reservation !== null) {
      const isHeld = creative.caps !== null && !decided.test;
      sold.push({ imp, candidate, creative, reservation, reservedNanos, issuedMs, expirySec, isHeld });
      return true;
    }
    round.unpaid.push(candidate.ad);
    // Only where the budget bears nothing more, rather than not a bid as dear as this one.
    if (this.#edges.ledger.isSound && !this.#edges.ledger.canReserve(creative.account, nowMs)) {
      this.#edges.onSpent(catalog.index, candidate.campaign);
    }
    return false;
  }

  #outcome(round: Round): Nbr {
    if (unsold(round).length === 0) return NBR.unknown;
    return this.#edges.ledger.isSound ? round.missed : NBR.ledgerAway;
  }
}

/** Imps with candidates and without a sale. */
function unsold({ decided, sold }: Round): readonly ImpDecision[] {
  return decided.imps.filter(
    ({ impId, shortlist }) => shortlist.length > 0 && !sold.some(({ imp }) => imp.impId === impId),
  );
}

function isOut({ sold, unpaid }: Round, { ad }: Candidate): boolean {
  return unpaid.includes(ad) || sold.some(({ candidate }) => candidate.ad === ad);
}

function expiryOf({ nowMs }: Round, validSec: number): number {
  return Math.ceil(nowMs / 1000) + validSec;
}

/** The whole bid for cpm; nothing for cpc and cpa, whose money moves at the click and the conversion. */
function reservedFor(
  { model }: Creative,
  { priceMicros }: Candidate,
  { multiplier }: ImpDecision,
): CostNanos {
  return costNanos(model === 'cpm' ? Math.ceil(priceMicros * multiplier) : 0);
}
