/** Changes that others are still to be told of, as the rest of the program sees them. */
import type { Announcement } from './announcement.ts';

/** A place in what is told. Its parts are the outbox's own. */
export interface OutboxPlace {
  readonly version: number;
  readonly campaignId: string;
  readonly standingAfter: string;
}

export interface OutboxBatch {
  readonly announcements: readonly Announcement[];
  /** Where it begins, and where it ends. */
  readonly from: OutboxPlace;
  readonly to: OutboxPlace;
}

export interface Outbox {
  /** What comes next, in the order of commits; null: all was told. */
  next(): Promise<OutboxBatch | null>;
  /**
   * All up to `to` was told; where that is `from`, it is not known how much of a batch was. If someone else told more
   * meanwhile, what was told now may stand behind it: then all since `from` is told again.
   */
  settle(from: OutboxPlace, to: OutboxPlace): Promise<void>;
  /** Changes that are not told yet; counted up to BACKLOG_LIMIT. */
  countBacklog(): Promise<number>;
}

/** Counting more would take Postgres longer than a glance; whoever sees it knows enough. */
export const BACKLOG_LIMIT = 100_000;
