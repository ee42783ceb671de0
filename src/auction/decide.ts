/**
 * One bid request in, a shortlist per imp or the reason for none out. CPU only: no clock, no ledger, no I/O.
 * Workers, `GAVEL_WORKERS=0` and the simple forms all decide here.
 *
 *   body → openrtb/parse → admit (privacy, currency, chain) → per imp: targeting/match → judge → shortlist
 */
import { ATTRIBUTE } from '../openrtb/attributes.ts';
import { NBR, nearnessOf, type Nbr } from '../openrtb/codes.ts';
import { parseBidRequest } from '../openrtb/parse.ts';
import type { BidRequest, Channel, Imp } from '../openrtb/request.ts';
import { Matcher } from '../targeting/match.ts';
import { IndexMatcher } from '../targeting/merge.ts';
import { FROM_BEST } from '../targeting/query.ts';
import type { Index } from '../targeting/tiers.ts';
import type { DeciderPolicy, Refused, Terms } from './admit.ts';
import type { Candidate, Decided, Decision, ImpDecision } from './decision.ts';
import { explainImp, type ExplainedCampaigns, type Explanation } from './explanation.ts';
import { impQuery } from './lookup.ts';
import { shortlist, type Shortlist } from './shortlist.ts';
import { TierOffers } from './tier-offers.ts';
import { packWhereabouts } from './whereabouts.ts';

const OPENRTB_TERMS: Terms = { cpmOnly: false, imageOnly: false };

/** ImpDecision.resumeFrom of an imp that matching does not resume for. */
const NOT_THIS_IMP = -1;
const NOTHING_FOUND = { shortlist: Object.freeze<Candidate[]>([]), resumeFrom: NOT_THIS_IMP };

export interface Decider {
  /**
   * `nowMs` is the arrival, epoch milliseconds. `resume`: per imp the ordinal from which matching goes on after
   * a shortlist that fell out whole (ImpDecision.resumeFrom; -1: not this imp); null: from the start.
   */
  decide(index: Index, body: Buffer, nowMs: number, resume: readonly number[] | null): Decision;
  decideRequest(
    index: Index,
    request: BidRequest,
    terms: Terms,
    nowMs: number,
    resume: readonly number[] | null,
  ): Decided;
  /** Why each of `own`, or else of the best campaigns, does or does not bid: what `ext.explain` is told. */
  explain(index: Index, body: Buffer, nowMs: number, own: ExplainedCampaigns | null): Explanation | null;
}

export function createDecider(policy: DeciderPolicy): Decider {
  const matcher = new IndexMatcher();
  const explainer = new Matcher();
  const offers = new TierOffers(policy);

  function decideRequest(
    index: Index,
    request: BidRequest,
    terms: Terms,
    nowMs: number,
    resume: readonly number[] | null,
  ): Decided {
    const admitted = offers.admit(index, request, terms);
    if ('nbr' in admitted) return refuse(request, admitted);
    const imps: ImpDecision[] = [];
    for (const imp of request.imps) {
      const from = resume === null ? FROM_BEST : (resume[imps.length] ?? NOT_THIS_IMP);
      const isAsked = resume === null || from !== NOT_THIS_IMP;
      const nbr = isAsked ? rejectImp(imp, policy) : NBR.budgetOrPacing;
      const found = nbr === 0 ? shortlistOf(index, imp, nowMs, from) : { ...NOTHING_FOUND, nbr };
      imps.push(impDecision(imp, request.channel, found));
    }
    return {
      kind: 'decided',
      requestId: request.id,
      test: request.test,
      explain: request.explain,
      currency: admitted.currency,
      currencyRate: admitted.currencyRate,
      userId: admitted.identifier ? request.userId : '',
      whereabouts: whereaboutsOf(admitted.attributes),
      channel: request.channel,
      tmaxMs: request.tmaxMs,
      nbr: nearestNbr(imps),
      imps,
    };
  }

  function shortlistOf(index: Index, imp: Imp, nowMs: number, from: number): Shortlist {
    const byTier = offers.open(index, imp);
    return shortlist(index, matcher, byTier, impQuery(byTier, nowMs, from));
  }

  return {
    decideRequest,
    decide(index, body, nowMs, resume) {
      const parsed = parseBidRequest(body.toString('utf8'), nowMs);
      if (!parsed.ok) return { kind: 'invalid', field: parsed.field, message: parsed.message };
      return decideRequest(index, parsed.request, OPENRTB_TERMS, nowMs, resume);
    },
    explain(index, body, nowMs, own) {
      const parsed = parseBidRequest(body.toString('utf8'), nowMs);
      if (!parsed.ok) return null;
      const { request } = parsed;
      const admitted = offers.admit(index, request, OPENRTB_TERMS);
      let truncated = false;
      const imps = request.imps.map((imp) => {
        const nbr = 'nbr' in admitted ? admitted.nbr : rejectImp(imp, policy);
        if (nbr !== 0 || 'nbr' in admitted) return { impid: imp.id, nbr, candidates: [] };
        const byTier = offers.open(index, imp);
        const query = impQuery(byTier, nowMs, FROM_BEST);
        const { candidates, truncated: isCut } = explainImp(index, explainer, byTier, query, own);
        truncated ||= isCut;
        return { impid: imp.id, nbr: shortlist(index, matcher, byTier, query).nbr, candidates };
      });
      return { imps, truncated };
    },
  };
}

/** What makes an imp hopeless before any campaign is looked at. 0: nothing. */
function rejectImp(imp: Imp, policy: DeciderPolicy): Nbr {
  if (imp.problem !== '') return NBR.invalidRequest;
  if (imp.banner === null) return NBR.mediaTypeNotServed;
  if (imp.secure && !policy.secureUrl) return NBR.notSecure;
  return NBR.unknown;
}

function refuse(request: BidRequest, { nbr }: Refused): Decided {
  return {
    kind: 'decided',
    requestId: request.id,
    test: request.test,
    explain: request.explain,
    currency: 'USD',
    currencyRate: 1,
    userId: '',
    whereabouts: 0,
    channel: request.channel,
    tmaxMs: request.tmaxMs,
    nbr,
    imps: request.imps.map((imp) => impDecision(imp, request.channel, { ...NOTHING_FOUND, nbr })),
  };
}

function whereaboutsOf(attributes: BidRequest['attributes']): number {
  return packWhereabouts(
    attributes[ATTRIBUTE.country]?.[0] ?? '',
    attributes[ATTRIBUTE.deviceType]?.[0] ?? '',
  );
}

function impDecision(imp: Imp, channel: Channel, found: Shortlist): ImpDecision {
  return {
    impId: imp.id,
    placementId: imp.tagId,
    nbr: found.nbr,
    expSec: bidLifetimeSec(imp, channel),
    multiplier: imp.multiplier,
    shortlist: found.shortlist,
    resumeFrom: found.resumeFrom,
  };
}

const WEB_LIFETIME_SEC = 300;
const APP_LIFETIME_SEC = 600;
const INTERSTITIAL_LIFETIME_SEC = 3600;

/**
 * Seconds within which the impression must follow: what the imp's `exp` asks, else IAB Tech Lab's advice by
 * channel. Never longer than an interstitial's hour: the money is withheld that long.
 */
function bidLifetimeSec(imp: Imp, channel: Channel): number {
  if (imp.expSec !== null) return Math.min(Math.max(imp.expSec, 1), INTERSTITIAL_LIFETIME_SEC);
  if (imp.interstitial) return INTERSTITIAL_LIFETIME_SEC;
  return channel === 'app' ? APP_LIFETIME_SEC : WEB_LIFETIME_SEC;
}

/** 0 where an imp has a shortlist; else the reason of the imp that came nearest to a bid. */
function nearestNbr(imps: readonly ImpDecision[]): Nbr {
  let nearest: Nbr = NBR.invalidRequest;
  for (const { nbr } of imps) {
    if (nbr === NBR.unknown) return nbr;
    if (nearnessOf(nbr) > nearnessOf(nearest)) nearest = nbr;
  }
  return nearest;
}
