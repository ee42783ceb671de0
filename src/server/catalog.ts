/**
 * What the front thread knows of the ads in the index: decoded, and its markup compiled, at the first bid with the
 * ad. Each snapshot of the index has a shelf of its own, which is forgotten with the snapshot.
 */
import { adIdentity, type AdIdentity } from '../auction/ad-identity.ts';
import { compileBannerMarkup, type BannerMarkup } from '../auction/markup.ts';
import type { BidModel } from '../campaigns/model.ts';
import { keyOf } from '../ledger/cap-record.ts';
import type { CapTerms } from '../ledger/caps.ts';
import type { Account, ActiveTime, BudgetTerms, Ledger } from '../ledger/ledger.ts';
import { costNanos, costOfAction, costOfImpression, priceMicros, type CostNanos } from '../money.ts';
import { MARKUP_TYPE } from '../openrtb/codes.ts';
import { BID_MODEL_BY_NUMBER, CAMPAIGN_FLAG, type AdText, type Snapshot } from '../targeting/snapshot.ts';
import { snapshotOrdinal, tierNumber, type Index, type Tier } from '../targeting/tiers.ts';

export interface Creative {
  readonly text: AdText;
  readonly width: number;
  readonly height: number;
  readonly campaignId: string;
  readonly seat: string;
  readonly model: BidModel;
  readonly account: Account;
  /** null: none. */
  readonly caps: CapTerms | null;
  /** What one click (cpc) or one conversion (cpa) costs; 0 for cpm. */
  readonly actionNanos: CostNanos;
  readonly identity: AdIdentity;
  readonly markup: BannerMarkup;
  /** The bid's members that are the same in every bid with this ad, as JSON. */
  readonly bidJson: string;
}

/** Ordinals are those of the index. */
export interface Catalog {
  readonly index: Index;
  creative(ad: number): Creative;
  /** Those that were asked for since their snapshots are served. */
  servedCreatives(): Iterable<Creative>;
  account(campaign: number): Account;
  /** null: the campaign has none. */
  caps(campaign: number): CapTerms | null;
}

/** What is known of one tier's snapshot. */
interface Shelf {
  readonly creatives: (Creative | undefined)[];
  readonly accounts: (Account | undefined)[];
}

/** One catalog an index; both are forgotten together. */
export function createCatalogs(ledger: Ledger): (index: Index) => Catalog {
  const shelves = new WeakMap<Snapshot, Shelf>();
  const catalogs = new WeakMap<Index, Catalog>();
  let last: Catalog | null = null;

  function shelfOf({ snapshot }: Tier): Shelf {
    const known = shelves.get(snapshot);
    if (known !== undefined) return known;
    const shelf = { creatives: new Array(snapshot.adCount), accounts: new Array(snapshot.campaignCount) };
    shelves.set(snapshot, shelf);
    return shelf;
  }

  return (index) => {
    if (last?.index === index) return last;
    last = catalogs.get(index) ?? createCatalog(index, index.tiers.map(shelfOf), ledger);
    catalogs.set(index, last);
    return last;
  };
}

/** `shelves`: by tier. */
function createCatalog(index: Index, shelves: readonly Shelf[], ledger: Ledger): Catalog {
  function shelfOf(ordinal: number): Shelf {
    const shelf = shelves[tierNumber(ordinal)];
    if (shelf === undefined) throw new RangeError(`catalog: no tier has the ordinal ${ordinal}`);
    return shelf;
  }
  function account(campaign: number): Account {
    const { accounts } = shelfOf(campaign);
    const row = snapshotOrdinal(campaign);
    return (accounts[row] ??= ledger.account(budgetTerms(index.tierOf(campaign), row)));
  }
  function creative(ad: number): Creative {
    const { creatives } = shelfOf(ad);
    const row = snapshotOrdinal(ad);
    return (creatives[row] ??= readCreative(index.tierOf(ad), row, account));
  }
  return {
    index,
    account,
    creative,
    caps: (campaign) => capTerms(index.tierOf(campaign), snapshotOrdinal(campaign)),
    servedCreatives: () =>
      shelves.flatMap(({ creatives }) => creatives.filter((known) => known !== undefined)),
  };
}

function readCreative(tier: Tier, ad: number, account: (campaign: number) => Account): Creative {
  const { snapshot, firstOrdinal } = tier;
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
    account: account(firstOrdinal + campaign),
    caps: capTerms(tier, campaign),
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

function budgetTerms({ snapshot, since }: Tier, campaign: number): BudgetTerms {
  const { id, timezone } = snapshot.campaignText(campaign);
  const lifetime = snapshot.lifetimeBudgetNanos[campaign] ?? -1;
  return {
    campaignId: id,
    model: modelOf(snapshot, campaign),
    budgetMode: isExpected(snapshot, campaign) ? 'expected' : 'strict',
    dailyBudgetNanos: costNanos(snapshot.dailyBudgetNanos[campaign] ?? 0),
    lifetimeBudgetNanos: lifetime < 0 ? null : costNanos(lifetime),
    timezone,
    evenOver: activeTime(snapshot, campaign),
    termsVersion: since,
    unitNanos: unitOf(snapshot, campaign),
  };
}

/** null: its budget is spent as fast as bids are won. */
function activeTime(snapshot: Snapshot, campaign: number): ActiveTime | null {
  if (((snapshot.campaignFlags[campaign] ?? 0) & CAMPAIGN_FLAG.even) === 0) return null;
  return {
    startMs: snapshot.startMs[campaign] ?? 0,
    endMs: snapshot.endMs[campaign] ?? Infinity,
    stretches: snapshot.weekStretches(campaign),
  };
}

function capTerms({ snapshot }: Tier, campaign: number): CapTerms | null {
  if (((snapshot.campaignFlags[campaign] ?? 0) & CAMPAIGN_FLAG.capped) === 0) return null;
  const { id, timezone } = snapshot.campaignText(campaign);
  const endMs = snapshot.endMs[campaign] ?? Infinity;
  return { key: keyOf(id), timezone, endMs, caps: snapshot.frequencyCaps(campaign) };
}

function isExpected(snapshot: Snapshot, campaign: number): boolean {
  return ((snapshot.campaignFlags[campaign] ?? 0) & CAMPAIGN_FLAG.expected) !== 0;
}

function modelOf(snapshot: Snapshot, campaign: number): BidModel {
  return BID_MODEL_BY_NUMBER[snapshot.bidModel[campaign] ?? 0] ?? 'cpm';
}

function unitOf(snapshot: Snapshot, campaign: number): CostNanos {
  const amount = snapshot.amountMicros[campaign] ?? 0;
  return modelOf(snapshot, campaign) === 'cpm' ? costOfImpression(priceMicros(amount)) : costOfAction(amount);
}
