/** Where what happened leaves the server. */

export type EventType = 'impression' | 'click' | 'conversion' | 'win' | 'billing' | 'loss';

export interface AdEvent {
  readonly type: EventType;
  readonly atMs: number;
  readonly adId: string;
  /** '' where it is not known. */
  readonly campaignId: string;
  /** The ad is one that a campaign has. */
  readonly known: boolean;
  /** It came with a sound token. */
  readonly signed: boolean;
  readonly traceId: string;
  /** Of a loss: OpenRTB's loss reason; null where none was told. */
  readonly lossReason: number | null;
  /** Of a conversion: what it was worth, in USD; null where that was not told. */
  readonly valueUsd: number | null;
}

export interface Events {
  /** Returns once the event is kept; false when it can't be. */
  record(event: AdEvent): boolean;
}
