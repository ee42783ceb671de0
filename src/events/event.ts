/**
 * What is recorded, from the answer that it stands behind to its row: one shape for the spool, Kafka and the consumer
 * (msgpack-event.ts writes and reads it).
 */

/** What happened to one ad: each becomes a row. */
export const AD_EVENT_TYPES = ['impression', 'click', 'conversion', 'win', 'billing', 'loss'] as const;
export type EventType = (typeof AD_EVENT_TYPES)[number];

export interface AdEvent {
  readonly type: EventType;
  /** Unique over all types; the same id again is the same event. At most MAX_EVENT_ID_CHARS. */
  readonly eventId: string;
  /** When it happened, as its sender says. */
  readonly atMs: number;
  /** When it came here. */
  readonly receivedAtMs: number;
  readonly adId: string;
  /** '' where it is not known. */
  readonly campaignId: string;
  /** The ad is one that a campaign has. */
  readonly known: boolean;
  /** It came with a sound token, or is ours: only then it may have moved money. */
  readonly signed: boolean;
  /** It tells how well the ad does: an impression that could be clicked on with a token, and what came of it. */
  readonly rated: boolean;
  /** As the sender named it; from a token the salted hash of the user. */
  readonly userId: string | null;
  readonly placementId: string | null;
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
  /** As in targeting: mobile, tablet, desktop … */
  readonly deviceType: string | null;
  /** The bid that it belongs to, in micros of a USD (CPM). */
  readonly bidMicros: number | null;
  /** What it cost the campaign, in nanos of a USD: 0 where it moved no money. */
  readonly spendNanos: number;
  /** What the exchange charges us for it where the campaign pays for clicks or conversions. */
  readonly mediaCostNanos: number;
  /** Of a loss: OpenRTB's loss reason; null where none was told. */
  readonly lossReason: number | null;
  /** Of a conversion: what it was worth, in micros of a USD; null where that was not told. */
  readonly valueMicros: number | null;
  readonly traceId: string;
}

/** Bids and no-bids are a hundred times as many as all else: they are counted, never kept one by one. */
export interface AuctionTally {
  readonly type: 'auction';
  readonly eventId: string;
  /** The minute in which they were answered. */
  readonly atMs: number;
  readonly receivedAtMs: number;
  /** '' for no-bids. */
  readonly campaignId: string;
  readonly adId: string;
  /** The reason of no-bids; null for bids. */
  readonly nbr: number | null;
  readonly count: number;
}

export type EventRecord = AdEvent | AuctionTally;

/** Ids that are no UUID are taken as they are, as long as they are no longer than this. */
export const MAX_EVENT_ID_CHARS = 128;
/** Of an ad, a campaign, a user, a placement: what a column of the tables holds. */
export const MAX_NAME_CHARS = 255;
