/** The time of a query in every zone that the campaigns of a snapshot live in, and which of them run at it. */
import { DIMENSION_NUMBER } from '../campaigns/dimensions.ts';
import { QUARTER_HOUR_MS, minuteOfWeek, utcOffsetMs } from '../campaigns/zone.ts';
import { DAYPART_DIMENSION, hourTerm } from './layout.ts';
import type { IndexSnapshot } from './snapshot-view.ts';

const HOUR_MINUTES = 60;
const NEVER = -1;

export class Moment {
  /** The local hours of all zones, as texts of hourOfWeek and of the dayparts; those that the snapshot holds. */
  hourOfWeekTexts: readonly number[] = [];
  daypartTexts: readonly number[] = [];
  #snapshot: IndexSnapshot | null = null;
  #nowMs = 0;
  #quarter = NEVER;
  #offsetsMs: readonly number[] = [];

  /** Costs something once a quarter hour: within one, no local hour begins and no offset changes. */
  set(snapshot: IndexSnapshot, nowMs: number): void {
    const quarter = Math.floor(nowMs / QUARTER_HOUR_MS);
    this.#nowMs = nowMs;
    if (snapshot === this.#snapshot && quarter === this.#quarter) return;
    const zones = Array.from({ length: snapshot.zoneCount }, (_, zone) => snapshot.zoneName(zone));
    const offsetsMs = zones.map((zone) => utcOffsetMs(nowMs, zone));
    const hours = offsetsMs.map((offsetMs) => Math.floor(minuteOfWeek(nowMs + offsetMs) / HOUR_MINUTES));
    this.hourOfWeekTexts = findHours(snapshot, DIMENSION_NUMBER.hourOfWeek, hours);
    this.daypartTexts = findHours(snapshot, DAYPART_DIMENSION, hours);
    this.#offsetsMs = offsetsMs;
    // Last: what threw before is computed anew, rather than taken for the snapshot's.
    this.#snapshot = snapshot;
    this.#quarter = quarter;
  }

  /** Between its start and its end, and in one of its dayparts if it has any: to the minute. */
  isRunning({ sections }: IndexSnapshot, campaign: number): boolean {
    const { startMs, endMs, stretchStart } = sections;
    if (this.#nowMs < (startMs[campaign] ?? 0) || this.#nowMs >= (endMs[campaign] ?? 0)) return false;
    const first = stretchStart[campaign] ?? 0;
    const end = stretchStart[campaign + 1] ?? 0;
    if (first === end) return true;
    const minute = minuteOfWeek(this.#nowMs + (this.#offsetsMs[sections.zone[campaign] ?? 0] ?? 0));
    for (let i = first; i < end; i++) {
      const stretch = sections.stretches[i] ?? 0;
      if (minute >= stretch >>> 16 && minute < (stretch & 0xffff)) return true;
    }
    return false;
  }
}

/** `hours`: the hour of the week by zone. */
function findHours(snapshot: IndexSnapshot, dimension: number, hours: readonly number[]): number[] {
  return hours
    .map((hour, zone) => snapshot.lookup(dimension, hourTerm(zone, hour)))
    .filter((text) => text !== 0);
}
