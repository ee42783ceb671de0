/**
 * What the front thread knows of the ads in one snapshot: decoded, and its markup compiled, at the first bid
 * with the ad; forgotten with the snapshot.
 */
import { adIdentity, type AdIdentity } from '../auction/ad-identity.ts';
import { compileBannerMarkup, type BannerMarkup } from '../auction/markup.ts';
import type { BidModel } from '../campaigns/model.ts';
import type { Account, BudgetTerms, Ledger } from '../ledger/ledger.ts';
import { costNanos, costOfAction, costOfImpression, priceMicros, type CostNanos } from '../money.ts';
import { MARKUP_TYPE } from '../openrtb/codes.ts';
import { BID_MODEL_BY_NUMBER, type AdText, type Snapshot } from '../targeting/snapshot.ts';

export interface Creative {
  readonly text: AdText;
  readonly width: number;
  readonly height: number;
  readonly campaignId: string;
  readonly seat: string;
  readonly model: BidModel;
  readonly account: Account;
  /** What one click (cpc) or one conversion (cpa) costs; 0 for cpm. */
  readonly actionNanos: CostNanos;
  readonly identity: AdIdentity;
  readonly markup: BannerMarkup;
  /** The bid's members that are the same in every bid with this ad, as JSON. */
  readonly bidJson: string;
}

export interface Catalog {
  readonly snapshot: Snapshot;
  creative(ad: number): Creative;
  /** Those that were asked for since the snapshot is served. */
  servedCreatives(): Iterable<Creative>;
  account(campaign: number): Account;
}

export function createCatalog(snapshot: Snapshot, ledger: Ledger): Catalog {
  const creatives = new Array<Creative | undefined>(snapshot.adCount);
  const accounts = new Array<Account | undefined>(snapshot.campaignCount);
  const account = (campaign: number): Account =>
    (accounts[campaign] ??= ledger.account(budgetTerms(snapshot, campaign)));
  return {
    snapshot,
    account,
    servedCreatives: () => creatives.filter((creative) => creative !== undefined),
    creative: (ad) => (creatives[ad] ??= readCreative(snapshot, ad, account)),
  };
}

function readCreative(snapshot: Snapshot, ad: number, account: (campaign: number) => Account): Creative {
  const campaign = snapshot.adCampaign[ad] ?? 0;
  const text = snapshot.adText(ad);
  const { id: campaignId, seat } = snapshot.campaignText(campaign);
  const width = snapshot.adWidth[ad] ?? 0;
  const height = snapshot.adHeight[ad] ?? 0;
  const model = modelOf(snapshot, campaign);
  return {
    text,
    width,
    height,
    campaignId,
    seat,
    model,
    account: account(campaign),
    actionNanos: model === 'cpm' ? costNanos(0) : unitOf(snapshot, campaign),
    identity: adIdentity(campaignId, text.id),
    markup: compileBannerMarkup(text, width, height),
    bidJson: constantMembers(snapshot, ad, text, width, height),
  };
}

function constantMembers(
  snapshot: Snapshot,
  ad: number,
  text: AdText,
  width: number,
  height: number,
): string {
  const attributes = [
    ...snapshot.adAttributes.ids.subarray(
      snapshot.adAttributes.start[ad],
      snapshot.adAttributes.start[ad + 1],
    ),
  ];
  const members = {
    adomain: text.adomain,
    ...(text.categories.length > 0 ? { cat: text.categories, cattax: snapshot.adCattax[ad] } : {}),
    ...(attributes.length > 0 ? { attr: attributes } : {}),
    crid: text.id,
    adid: text.id,
    w: width,
    h: height,
    mtype: MARKUP_TYPE.banner,
  };
  return JSON.stringify(members).slice(1, -1);
}

function budgetTerms(snapshot: Snapshot, campaign: number): BudgetTerms {
  const { id, timezone } = snapshot.campaignText(campaign);
  const lifetime = snapshot.lifetimeBudgetNanos[campaign] ?? -1;
  return {
    campaignId: id,
    model: modelOf(snapshot, campaign),
    dailyBudgetNanos: costNanos(snapshot.dailyBudgetNanos[campaign] ?? 0),
    lifetimeBudgetNanos: lifetime < 0 ? null : costNanos(lifetime),
    timezone,
    termsVersion: snapshot.epoch,
    unitNanos: unitOf(snapshot, campaign),
  };
}

function modelOf(snapshot: Snapshot, campaign: number): BidModel {
  return BID_MODEL_BY_NUMBER[snapshot.bidModel[campaign] ?? 0] ?? 'cpm';
}

function unitOf(snapshot: Snapshot, campaign: number): CostNanos {
  const amount = snapshot.amountMicros[campaign] ?? 0;
  return modelOf(snapshot, campaign) === 'cpm' ? costOfImpression(priceMicros(amount)) : costOfAction(amount);
}
