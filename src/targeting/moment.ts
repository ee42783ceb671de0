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
    this.#nowMs = nowMs;
    const quarter = Math.floor(nowMs / QUARTER_HOUR_MS);
    if (snapshot === this.#snapshot && quarter === this.#quarter) return;
    this.#snapshot = snapshot;
    this.#quarter = quarter;
    const zones = Array.from({ length: snapshot.zoneCount }, (_, zone) => snapshot.zoneName(zone));
    this.#offsetsMs = zones.map((zone) => utcOffsetMs(nowMs, zone));
    this.hourOfWeekTexts = this.#findHours(snapshot, DIMENSION_NUMBER.hourOfWeek);
    this.daypartTexts = this.#findHours(snapshot, DAYPART_DIMENSION);
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

  #findHours(snapshot: IndexSnapshot, dimension: number): number[] {
    return this.#offsetsMs
      .map((offsetMs, zone) => {
        const hour = Math.floor(minuteOfWeek(this.#nowMs + offsetMs) / HOUR_MINUTES);
        return snapshot.lookup(dimension, hourTerm(zone, hour));
      })
      .filter((text) => text !== 0);
  }
}
