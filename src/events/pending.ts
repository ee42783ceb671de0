/**
 * What this server accepted and what is not yet among the committed rows: added when it goes to the spool, taken off
 * when it was committed. Repeats count here until they are found to be such.
 */
import type { Events } from './door.ts';
import type { AdEvent, EventRecord } from './event.ts';
import { decodeEvent } from './msgpack-event.ts';

export interface PendingCounts {
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: number;
}

export interface Pending {
  ofCampaign(campaignId: string): PendingCounts;
  ofAd(adId: string): PendingCounts;
}

export interface AdCounts extends PendingCounts {
  readonly adId: string;
  /** '' where the ad is not known. */
  readonly campaignId: string;
}

export interface PendingBook extends Pending {
  add(counts: AdCounts): void;
  takeOff(counts: AdCounts): void;
}

type Cell = Record<keyof PendingCounts, number>;

/** What is pending of ads of nobody's, above this, is not counted: our own ads are bounded by our campaigns. */
const MAX_UNKNOWN_ADS = 10_000;
const NONE: PendingCounts = { impressions: 0, clicks: 0, conversions: 0 };
const COUNTED = { impression: 'impressions', click: 'clicks', conversion: 'conversions' } as const;

export function createPendingBook(maxUnknownAds = MAX_UNKNOWN_ADS): PendingBook {
  const byCampaign = new Map<string, Cell>();
  const byAd = new Map<string, Cell>();
  const byUnknownAd = new Map<string, Cell>();

  function cellsOf({ adId, campaignId }: AdCounts): readonly (readonly [Map<string, Cell>, string])[] {
    if (campaignId === '') return [[byUnknownAd, adId]];
    return [
      [byAd, adId],
      [byCampaign, campaignId],
    ];
  }

  return {
    add(counts) {
      for (const [cells, id] of cellsOf(counts)) {
        const cell = cells.get(id);
        if (cell !== undefined) move(cell, counts, 1);
        else if (cells !== byUnknownAd || cells.size < maxUnknownAds) {
          cells.set(id, move({ ...NONE }, counts, 1));
        }
      }
    },
    takeOff(counts) {
      for (const [cells, id] of cellsOf(counts)) {
        const cell = cells.get(id);
        if (cell === undefined) continue;
        move(cell, counts, -1);
        if (cell.impressions + cell.clicks + cell.conversions === 0) cells.delete(id);
      }
    },
    ofCampaign: (campaignId) => ({ ...(byCampaign.get(campaignId) ?? NONE) }),
    ofAd: (adId) => {
      const sum = { ...(byAd.get(adId) ?? NONE) };
      return move(sum, byUnknownAd.get(adId) ?? NONE, 1);
    },
  };
}

/** From before its append on, so that what takes an event off never comes first. */
export function countPending(events: Events, book: PendingBook): Events {
  return {
    async record(event) {
      const counts = countsOf(event);
      if (counts !== null) book.add(counts);
      const kept = await events.record(event);
      if (counts !== null && kept === 'not_kept') book.takeOff(counts);
      return kept;
    },
  };
}

/** null: neither impression nor click nor conversion. */
function countsOf(event: Pick<AdEvent, 'adId' | 'campaignId' | 'known' | 'type'>): AdCounts | null {
  const { type, adId, campaignId, known } = event;
  if (type !== 'impression' && type !== 'click' && type !== 'conversion') return null;
  return { ...NONE, adId, campaignId: known ? campaignId : '', [COUNTED[type]]: 1 };
}

/** Of what a spool or a topic holds, by ad. */
export function sumByAd(records: readonly Uint8Array[]): readonly AdCounts[] {
  return sumCounts(records.map(readCounts).filter((counts) => counts !== null));
}

export function sumCounts(all: readonly AdCounts[]): readonly AdCounts[] {
  const sums = new Map<string, AdCounts & Cell>();
  for (const counts of all) {
    const key = `${counts.campaignId} ${counts.adId}`;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { ...counts });
    else move(sum, counts, 1);
  }
  return [...sums.values()];
}

function readCounts(record: Uint8Array): AdCounts | null {
  const decoded = decodeEvent(record);
  return 'fault' in decoded || isTally(decoded.event) ? null : countsOf(decoded.event);
}

function isTally(event: EventRecord): event is Exclude<EventRecord, AdEvent> {
  return event.type === 'auction';
}

/** What was found to be too few, as above the bound on unknown ads, stays 0. */
function move(cell: Cell, counts: PendingCounts, sign: 1 | -1): Cell {
  cell.impressions = Math.max(0, cell.impressions + sign * counts.impressions);
  cell.clicks = Math.max(0, cell.clicks + sign * counts.clicks);
  cell.conversions = Math.max(0, cell.conversions + sign * counts.conversions);
  return cell;
}
