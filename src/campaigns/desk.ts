/** Where campaigns are managed, as the server sees it: read one by one or page by page, changed in transactions. */
import type { Campaign, CampaignStatus } from './model.ts';

/** What every change says of itself. */
export interface Order {
  /** Who: it stands in the audit. */
  readonly actor: string;
  /** The one advertiser whose campaigns there are for the actor; null: all. */
  readonly advertiserId: string | null;
  /** A request that may come twice; null: one that is done as often as it comes. */
  readonly once: Once | null;
}

export interface Once {
  readonly key: string;
  /** The same for the same request. */
  readonly fingerprint: string;
}

export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What is made of a campaign once it is known. `write` with a campaign that is the same as before writes nothing. */
export type Verdict<Refusal> =
  | {
      readonly kind: 'write';
      readonly campaign: Campaign;
      readonly action: string;
      /** Given the campaign as it was written. */
      readonly answer: (written: Campaign) => KeptAnswer;
    }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/**
 * done: committed · replayed: it had been, with the same key · key_reused: the key belongs to another request ·
 * refused: by the verdict · unknown: there is no such campaign for the actor · unavailable: Postgres is away, nothing
 * was done · uncertain: Postgres went away during the commit, or hangs.
 */
export type Outcome<Refusal> =
  | { readonly kind: 'done' | 'replayed'; readonly answer: KeptAnswer }
  | { readonly kind: 'key_reused' | 'unknown' | 'unavailable' | 'uncertain' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface ListFilter {
  readonly status: CampaignStatus | null;
  readonly advertiserId: string | null;
}

/** A place between two campaigns of a list, which stays where it is whatever is added. */
export interface ListPlace {
  readonly createdAtMicros: number;
  readonly id: string;
}

export interface Page<Item, Place> {
  readonly items: readonly Item[];
  /** null: there is no more. */
  readonly next: Place | null;
}

export interface AuditEntry {
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface CampaignDesk {
  /** `advertiserId`: of this one alone. Its ads are those that have not ended. null: there is none. */
  find(id: string, advertiserId: string | null): Promise<Campaign | null | 'unavailable'>;
  /** In the order in which they were created. */
  list(
    filter: ListFilter,
    after: ListPlace | null,
    limit: number,
  ): Promise<Page<Campaign, ListPlace> | 'unavailable'>;
  /**
   * The last change first; `before`: a place in the audit. `advertiserId`: since the campaign came to this one; null:
   * all.
   */
  audit(
    id: string,
    advertiserId: string | null,
    before: number | null,
    limit: number,
  ): Promise<Page<AuditEntry, number> | 'unavailable'>;
  create(
    campaign: Campaign,
    order: Order,
    answer: (written: Campaign) => KeptAnswer,
  ): Promise<Outcome<never>>;
  /** `decide` may be called more than once. No other change comes between its campaign and the commit. */
  change<Refusal>(
    id: string,
    order: Order,
    decide: (current: Campaign) => Verdict<Refusal>,
  ): Promise<Outcome<Refusal>>;
}
