/**
 * The caps of a server that runs alone: every user's record in memory, and each change of one in a journal. A crash
 * loses nothing that was answered.
 *
 * An entry is a user's whole record as it stands after the change, so that reading it back needs no rule and no clock:
 *
 *   entry   16 user hash  record (cap-record.ts)
 */
import { emptyRecord, keyOf, packRecord, unpackRecord, type UserRecord } from './cap-record.ts';
import { countShowing, endOf, holdShowings, releaseShowing } from './cap-rules.ts';
import type {
  CapsState,
  HeldBid,
  HoldAnswer,
  HoldOrder,
  ReleasedBid,
  ShowStatus,
  WatchedCaps,
} from './caps.ts';
import type { Journal } from './journal.ts';

const USER_BYTES = 16;
/** Looked at in each tick for being over: about 2 ms of work. */
const SWEPT_PER_TICK = 2_000;
/** Copied into a rewritten journal per tick: about 2 ms of work. */
const COPIED_BYTES_PER_TICK = 1_048_576;

const AWAY: HoldAnswer = { kind: 'away' };

export interface EmbeddedCaps extends WatchedCaps {
  /** Users that are remembered, and the bytes of their records. */
  size(): { readonly users: number; readonly recordBytes: number };
  /** The user's packed record; '': nothing is known of the user. */
  recordOf(userHash: string): string;
}

/** Reads the journal and goes on from there. Throws when it holds what this version doesn't know. */
export function openCaps(journal: Journal): EmbeddedCaps {
  return new JournaledCaps(journal);
}

class JournaledCaps implements EmbeddedCaps {
  readonly #journal: Journal;
  readonly #records = new Map<string, string>();
  #recordBytes = 0;
  #sweep: Iterator<[string, string]> | null = null;
  #copy: Iterator<[string, string]> | null = null;
  #isEnding = false;

  constructor(journal: Journal) {
    this.#journal = journal;
    journal.replay((entry) => {
      const text = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString('latin1');
      this.#set(text.slice(0, USER_BYTES), text.slice(USER_BYTES));
    });
    for (const packed of this.#records.values()) unpackRecord(packed);
  }

  get state(): CapsState {
    return this.#journal.healthy ? 'up' : 'away';
  }

  hold({ userHash, nowMs, imps, holds }: HoldOrder): HoldAnswer {
    if (!this.#journal.healthy) return AWAY;
    const before = this.recordOf(userHash);
    const record = this.#read(userHash);
    const answers = holdShowings(record, imps, nowMs);
    const isHeld = answers.some(
      (answer, imp) => answer.kind === 'open' && imps[imp]?.choices[answer.choice]?.ask !== null,
    );
    if (holds && isHeld) {
      this.#enter(userHash, packRecord(record));
      if (!this.#journal.write()) {
        this.#enter(userHash, before);
        return AWAY;
      }
    }
    return { kind: 'held', imps: answers };
  }

  async show(bid: HeldBid, nowMs: number): Promise<ShowStatus> {
    const record = this.#read(bid.userHash);
    const status = countShowing(record, keyOf(bid.campaignId), bid, nowMs);
    if (status === 'shown' || status === 'late') this.#enter(bid.userHash, packRecord(record));
    return this.#journal.saved().then(
      () => status,
      () => 'away',
    );
  }

  release(bid: ReleasedBid, nowMs: number): void {
    const record = this.#read(bid.userHash);
    if (!releaseShowing(record, keyOf(bid.campaignId), bid, nowMs)) return;
    this.#enter(bid.userHash, packRecord(record));
  }

  tick(nowMs: number): void {
    this.#forget(Math.floor(nowMs / 1000));
    this.#rewrite();
    // Keeps what nobody waits for, and tries a failing disk again. Who waits is told by his own call.
    this.#journal.saved().catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#journal.close();
  }

  size(): { readonly users: number; readonly recordBytes: number } {
    return { users: this.#records.size, recordBytes: this.#recordBytes };
  }

  recordOf(userHash: string): string {
    return this.#records.get(userHash) ?? '';
  }

  #read(userHash: string): UserRecord {
    const packed = this.#records.get(userHash);
    return packed === undefined ? emptyRecord() : unpackRecord(packed);
  }

  #enter(userHash: string, packed: string): void {
    this.#set(userHash, packed);
    const entry = Buffer.from(userHash + packed, 'latin1');
    this.#journal.append(entry);
    // Whatever the copy has of this user by then, the entry comes behind it.
    if (this.#copy !== null) this.#journal.appendNext(entry);
  }

  #set(userHash: string, packed: string): void {
    this.#recordBytes += packed.length - this.recordOf(userHash).length;
    if (packed === '') this.#records.delete(userHash);
    else this.#records.set(userHash, packed);
  }

  /** A journal needs no word of it: what is read back is over too. */
  #forget(nowSec: number): void {
    this.#sweep ??= this.#records.entries();
    for (let swept = 0; swept < SWEPT_PER_TICK; swept++) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = null;
        return;
      }
      const [userHash, packed] = next.value;
      if (endOf(unpackRecord(packed)) <= nowSec) this.#set(userHash, '');
    }
  }

  #rewrite(): void {
    if (this.#copy === null) {
      if (!this.#journal.wantsRewrite) return;
      this.#journal.beginRewrite();
      this.#copy = this.#records.entries();
    }
    for (let copied = 0; copied < COPIED_BYTES_PER_TICK && !this.#isEnding;) {
      const next = this.#copy.next();
      if (next.done === true) {
        this.#isEnding = true;
        void this.#journal.endRewrite().then(() => {
          this.#copy = null;
          this.#isEnding = false;
        });
        return;
      }
      const [userHash, packed] = next.value;
      const entry = Buffer.from(userHash + packed, 'latin1');
      this.#journal.appendNext(entry);
      copied += entry.length;
    }
  }
}
