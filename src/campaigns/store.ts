/** Where campaigns are kept, as the rest of the program sees it. */
import type { Campaign } from './model.ts';

/** Where a database is in its history (postgres-history.ts). */
export interface HistoryPlace {
  /** The number of the last committed change. */
  readonly version: number;
  /** Two histories never share one. */
  readonly mark: string;
  /** It once stood at the mark that was asked about; false: it was set back behind it. */
  readonly isDescendant: boolean;
}

export interface CampaignChanges {
  /** The last change that is in it. */
  readonly version: number;
  /** Where in its history the database was read; null: that is not known. */
  readonly mark: string | null;
  /** Campaigns that changed. */
  readonly count: number;
  /** By campaign: the last change of it, its targeting or its ads; gone ones, too. Empty where they were too many. */
  readonly changed: ReadonlyMap<string, number>;
  /** Those of them that are active; null: they were too many. */
  readonly campaigns: readonly Campaign[] | null;
}

export interface ChangesToSend {
  /** The last change that is in it. */
  readonly version: number;
  readonly row: string | null;
}

export interface CampaignStore {
  /** Every active campaign with its targeting and ads, as of one moment, in the order of their ids. */
  loadServable(): Promise<{ readonly version: number; readonly campaigns: readonly Campaign[] }>;
  /**
   * Adds the campaigns as one change and returns its number, which becomes their `version`. Rejects, adding
   * none, when an id is taken. None given: nothing changes. The audit names `actor`, or `import`. `onProgress` is told how
   * many are written, none of which are there before the promise resolves.
   */
  insertMany(
    campaigns: readonly Campaign[],
    actor?: string,
    onProgress?: (written: number) => void,
  ): Promise<number>;
  /** insertMany, but only into a database that no change was ever made in; false: one was. */
  insertFirst(campaigns: readonly Campaign[]): Promise<boolean>;
  /** Of an ad of any campaign, also an ended one; null: no campaign has it, or `adId` is no UUID. */
  findLandingPage(adId: string): Promise<{ readonly campaignId: string; readonly url: string } | null>;
  /** The number of the last committed change; 0 when there was none. */
  version(): Promise<number>;
  /** Where it stands, and whether it has stood at `mark`. */
  place(mark: string): Promise<HistoryPlace>;
  /**
   * What the changes after `since` touched, as of one moment. Where that is more than `mostLoaded` campaigns, they are
   * only counted.
   */
  changedSince(since: number, mostLoaded: number): Promise<CampaignChanges>;
  /** changedSince as text, for the change stream; null where they were too many. */
  changesToSend(since: number, mostLoaded: number): Promise<ChangesToSend>;
  /** However many. */
  allChangedSince(since: number): Promise<CampaignChanges>;
  /** Campaigns of every status. */
  count(): Promise<number>;
}
