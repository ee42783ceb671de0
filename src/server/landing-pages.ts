/**
 * Where an ad's click leads: from the index; for an ad that left the index since it was served, from memory; after
 * a restart, from where campaigns are kept.
 */
import type { CampaignStore } from '../campaigns/store.ts';
import type { Snapshot } from '../targeting/snapshot.ts';
import type { Catalog } from './catalog.ts';

export interface LandingPage {
  readonly campaignId: string;
  readonly url: string;
}

export interface LandingPages {
  /** `unknown`: no campaign has, or had, the ad. `unavailable`: that can't be found out now. */
  find(adId: string): Promise<LandingPage | 'unknown' | 'unavailable'>;
  /** From the index alone. */
  findServed(adId: string): LandingPage | null;
  /** Before `next` is served in the place of the catalog's snapshot: keeps the pages of ads that leave. */
  keepDeparting(served: Catalog, next: Snapshot): void;
}

/** Some 300 bytes each. Clicks come within minutes; the oldest are forgotten first. */
const MAX_DEPARTED = 100_000;

export function createLandingPages(
  catalog: () => Catalog,
  store: Pick<CampaignStore, 'findLandingPage'>,
  onError: (error: unknown) => void,
): LandingPages {
  const departed = new Map<string, LandingPage>();

  function findServed(adId: string): LandingPage | null {
    const current = catalog();
    const ad = current.snapshot.adOrdinal(adId);
    if (ad < 0) return null;
    const { campaignId, text } = current.creative(ad);
    return { campaignId, url: text.redirectUrl };
  }

  return {
    findServed,
    async find(adId) {
      const known = findServed(adId) ?? departed.get(adId);
      if (known !== undefined) return known;
      try {
        return (await store.findLandingPage(adId)) ?? 'unknown';
      } catch (error) {
        onError(error);
        return 'unavailable';
      }
    },
    keepDeparting(served, next) {
      for (const { text, campaignId } of served.servedCreatives()) {
        if (next.adOrdinal(text.id) < 0) departed.set(text.id, { campaignId, url: text.redirectUrl });
      }
      for (const oldest of departed.keys()) {
        if (departed.size <= MAX_DEPARTED) break;
        departed.delete(oldest);
      }
    },
  };
}
