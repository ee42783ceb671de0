/** A journal that is as short-lived as its process: for tests, and for a ledger that need not be kept. */
import type { Journal } from './journal.ts';

export interface MemoryJournal extends Journal {
  /** Records appended ever: a place in time. */
  readonly appended: number;
  /** The place up to which a crash takes nothing. */
  readonly written: number;
  /** What a crash leaves of which the records after that place were not kept. */
  crash(appended: number): MemoryJournal;
  /** Asks for a rewrite at the next tick. */
  requestRewrite(): void;
  /** false: it keeps nothing from now on, like a full disk. */
  setSound(sound: boolean): void;
}

interface Kept {
  readonly bytes: Uint8Array;
  readonly at: number;
}

export function openMemoryJournal(): MemoryJournal {
  return new ArrayJournal([], 0);
}

class ArrayJournal implements MemoryJournal {
  #records: readonly Kept[];
  #appendedRecords: Kept[] = [];
  #next: Kept[] | null = null;
  #sound = true;
  appended: number;
  written: number;
  wantsRewrite = false;
  readonly isHanging = false;

  constructor(records: readonly Kept[], appended: number) {
    this.#records = records;
    this.appended = appended;
    this.written = appended;
  }

  replay(apply: (record: Uint8Array) => void): void {
    for (const { bytes } of this.#records) apply(bytes);
    this.#appendedRecords = [...this.#records];
  }

  append(record: Uint8Array): void {
    this.#appendedRecords.push({ bytes: Uint8Array.from(record), at: ++this.appended });
  }

  write(): boolean {
    if (this.#sound) this.written = this.appended;
    return this.#sound;
  }

  get healthy(): boolean {
    return this.#sound;
  }

  saved(): Promise<void> {
    return this.write() ? Promise.resolve() : Promise.reject(new Error('the journal keeps nothing'));
  }

  get bytes(): number {
    return this.#appendedRecords.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  beginRewrite(): void {
    this.wantsRewrite = false;
    this.#next = [];
  }

  appendNext(record: Uint8Array): void {
    this.#next?.push({ bytes: Uint8Array.from(record), at: this.appended });
  }

  endRewrite(): Promise<boolean> {
    if (this.#next === null) return Promise.resolve(false);
    this.#appendedRecords = this.#next;
    this.written = this.appended;
    this.#next = null;
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    return this.saved();
  }

  crash(appended: number): MemoryJournal {
    return new ArrayJournal(
      this.#appendedRecords.filter(({ at }) => at <= appended),
      appended,
    );
  }

  requestRewrite(): void {
    this.wantsRewrite = true;
  }

  setSound(sound: boolean): void {
    this.#sound = sound;
  }
}
