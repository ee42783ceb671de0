/** What notices have done in the last minute or two, by campaign: a Redis that comes back older is told it again. */

/** One byte an ordinal, as shared.lua names its bits. */
export const DONE = { posted: 1, voided: 2, won: 4, clicked: 16, converted: 32, charged: 128 } as const;

export interface DoneCall {
  readonly lease: number;
  readonly ordinal: number;
  /** Of DONE. */
  readonly bits: number;
  readonly reservedNanos: number;
  readonly postedNanos: number;
  readonly expirySec: number;
}

/** An append-only file that is cut, or a replica that lags, lacks a second or two; this bears a slow one. */
const REMEMBERED_MS = 60_000;
/** Some 15 MB; beyond it, they are remembered for a shorter time. */
const MAX_REMEMBERED = 100_000;

type ByCampaign = Map<string, DoneCall[]>;

/** Two halves, of which the older is forgotten as a whole. */
export class DoneCalls {
  #newer: ByCampaign = new Map();
  #older: ByCampaign = new Map();
  #count = 0;
  #sinceMs = 0;

  note(campaignId: string, call: DoneCall, nowMs: number): void {
    if (nowMs - this.#sinceMs >= REMEMBERED_MS || this.#count >= MAX_REMEMBERED) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#count = 0;
      this.#sinceMs = nowMs;
    }
    this.#count++;
    const calls = this.#newer.get(campaignId);
    if (calls === undefined) this.#newer.set(campaignId, [call]);
    else calls.push(call);
  }

  /** Oldest first. */
  of(campaignId: string): readonly DoneCall[] {
    return [...(this.#older.get(campaignId) ?? []), ...(this.#newer.get(campaignId) ?? [])];
  }

  campaigns(): ReadonlySet<string> {
    return new Set([...this.#older.keys(), ...this.#newer.keys()]);
  }
}
