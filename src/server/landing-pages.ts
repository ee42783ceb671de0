/**
 * Where an ad's click leads: from the index; for an ad that left the index since it was served, from memory; after
 * a restart, from where campaigns are kept.
 */
import type { CampaignStore } from '../campaigns/store.ts';
import { snapshotOrdinal, type Index } from '../targeting/tiers.ts';
import type { Catalog } from './catalog.ts';

export interface LandingPage {
  readonly campaignId: string;
  readonly url: string;
}

export interface LandingPages {
  /** `unknown`: no campaign has, or had, the ad. `unavailable`: that can't be found out now. */
  find(adId: string): Promise<LandingPage | 'unknown' | 'unavailable'>;
  /** From the index and from memory: at once, and null where only the store could know. */
  findKnown(adId: string): LandingPage | null;
  /**
   * Before `next` is served in the place of the catalog's index: keeps the pages of ads that leave. `changed`: the
   * campaigns that they may be of; null: any, and of those the ads that were served.
   */
  keepDeparting(served: Catalog, next: Index, changed: Iterable<string> | null): void;
}

/** Some 300 bytes each. Clicks come within minutes; the oldest are forgotten first. */
const MAX_DEPARTED = 100_000;

export function createLandingPages(
  catalog: () => Catalog,
  store: Pick<CampaignStore, 'findLandingPage'>,
  onError: (error: unknown) => void,
): LandingPages {
  const departed = new Map<string, LandingPage>();

  function findKnown(adId: string): LandingPage | null {
    const current = catalog();
    const ad = current.index.adOrdinal(adId);
    if (ad < 0) return departed.get(adId) ?? null;
    const { campaignId, text } = current.creative(ad);
    return { campaignId, url: text.redirectUrl };
  }

  return {
    findKnown,
    async find(adId) {
      const known = findKnown(adId);
      if (known !== null) return known;
      try {
        return (await store.findLandingPage(adId)) ?? 'unknown';
      } catch (error) {
        onError(error);
        return 'unavailable';
      }
    },
    keepDeparting(served, next, changed) {
      const leaving = changed === null ? servedAds(served) : adsOf(served.index, changed);
      for (const { adId, ...page } of leaving) if (next.adOrdinal(adId) < 0) departed.set(adId, page);
      for (const oldest of departed.keys()) {
        if (departed.size <= MAX_DEPARTED) break;
        departed.delete(oldest);
      }
    },
  };
}

interface KnownAd extends LandingPage {
  readonly adId: string;
}

/** What a tombstone hides in the catalog's index left it, or changed, before. */
function* servedAds(catalog: Catalog): Generator<KnownAd, void> {
  for (const { text } of catalog.servedCreatives()) {
    const ad = catalog.index.adOrdinal(text.id);
    if (ad < 0) continue;
    const { campaignId, text: present } = catalog.creative(ad);
    yield { adId: present.id, campaignId, url: present.redirectUrl };
  }
}

function* adsOf(index: Index, campaignIds: Iterable<string>): Generator<KnownAd, void> {
  for (const campaignId of campaignIds) {
    const campaign = index.campaignOrdinal(campaignId);
    if (campaign < 0) continue;
    const { snapshot } = index.tierOf(campaign);
    const row = snapshotOrdinal(campaign);
    const end = snapshot.adStart[row + 1] ?? 0;
    for (let ad = snapshot.adStart[row] ?? 0; ad < end; ad++) {
      const { id, redirectUrl } = snapshot.adText(ad);
      yield { adId: id, campaignId, url: redirectUrl };
    }
  }
}
