/**
 * The ledger's journal on disk: `journal.bin` in its folder, `journal.next` while that is being rewritten, and the
 * last tail that was cut off in `journal.torn`.
 *
 * What is written survives the death of the process, kill -9 included. `saved` waits for more: for fdatasync, so
 * that what was answered survives a power cut as well; all who wait share one. Grants of leases do not wait for
 * it (a bid has no time for a disk): a power cut may lose those of the last second, and notices for them are then
 * `unknown`, counted and not booked.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { AppendFile, type Disk, REAL_DISK, type TornTail } from './disk-append-file.ts';
import { asError, syncFolder } from './disk-folder.ts';
import type { Journal } from './journal.ts';
import { Waiting } from './waiting.ts';

/** A journal is rewritten when it is larger than this … */
const REWRITE_BYTES = 67_108_864;
/** … and than this many times its size after the last rewrite. */
const REWRITE_RATIO = 4;
/** Gathered bytes of the second journal that are written at once. */
const NEXT_WRITE_BYTES = 262_144;

export interface DiskJournalOptions {
  readonly rewriteBytes?: number;
  readonly disk?: Disk;
  /** Told, while the journal is read, of the tail that a crash has torn and that was cut off. */
  readonly onTorn?: (tail: TornTail) => void;
}

/**
 * Opens or makes the journal in `folder`. Throws when the file is not one of this version; reading it throws when
 * it is damaged before its end.
 */
export function openDiskJournal(folder: string, options: DiskJournalOptions = {}): Journal {
  return new DiskJournal(folder, options);
}

class DiskJournal implements Journal {
  readonly #folder: string;
  readonly #rewriteBytes: number;
  readonly #disk: Disk;
  readonly #onTorn: (tail: TornTail) => void;
  #file: AppendFile;
  #next: AppendFile | null = null;
  #ending: Promise<boolean> | null = null;
  #rewrittenBytes = 0;

  /** Why the last write failed; null once one was made good. */
  #writeError: Error | null = null;
  /** After a failed sync the kernel may have dropped the pages: only a new file can be trusted. */
  #syncError: Error | null = null;
  #closed = false;
  #turn: NodeJS.Immediate | null = null;
  /** Those who wait for the end of this turn, and those who wait for the next sync. */
  #forWrite: Waiting | null = null;
  #forSync: Waiting[] = [];
  #unsynced = false;
  #syncing: Promise<void> | null = null;
  /** The file is about to be replaced: no sync of the old one begins. */
  #replacing = false;

  constructor(folder: string, options: DiskJournalOptions) {
    this.#folder = folder;
    this.#rewriteBytes = options.rewriteBytes ?? REWRITE_BYTES;
    this.#disk = options.disk ?? REAL_DISK;
    this.#onTorn = options.onTorn ?? (() => undefined);
    fs.mkdirSync(folder, { recursive: true });
    fs.rmSync(this.#path('next'), { force: true });
    const path = this.#path('bin');
    if (fs.existsSync(path)) {
      this.#file = AppendFile.open(path, this.#disk);
    } else {
      this.#file = AppendFile.create(path, this.#disk);
      this.#file.write();
      this.#syncError = syncFolder(folder);
    }
  }

  replay(apply: (record: Uint8Array) => void): void {
    const tail = this.#file.replay(apply, this.#path('torn'));
    if (tail !== null) this.#onTorn(tail);
  }

  append(record: Uint8Array): void {
    this.#file.append(record);
    this.#unsynced = true;
    this.#turn ??= setImmediate(() => {
      this.#endTurn();
    });
  }

  write(): boolean {
    try {
      this.#file.write();
      this.#writeError = null;
    } catch (error) {
      this.#writeError = asError(error);
    }
    return this.#writeError === null;
  }

  get healthy(): boolean {
    return this.#writeError === null && this.#syncError === null;
  }

  get isHanging(): boolean {
    return this.#file.isHanging;
  }

  saved(): Promise<void> {
    if (!this.#unsynced && this.#syncing === null && this.healthy) return Promise.resolve();
    this.#forWrite ??= new Waiting();
    this.#turn ??= setImmediate(() => {
      this.#endTurn();
    });
    return this.#forWrite.promise;
  }

  get bytes(): number {
    return this.#file.bytes;
  }

  get wantsRewrite(): boolean {
    if (this.#syncError !== null) return true;
    return this.bytes > Math.max(this.#rewriteBytes, this.#rewrittenBytes * REWRITE_RATIO);
  }

  beginRewrite(): void {
    this.#onNext(() => (this.#next = AppendFile.create(this.#path('next'), this.#disk)));
  }

  appendNext(record: Uint8Array): void {
    const next = this.#next;
    if (next === null) return;
    next.append(record);
    if (next.gatheredBytes >= NEXT_WRITE_BYTES) this.#onNext(() => next.write());
  }

  endRewrite(): Promise<boolean> {
    this.#ending ??= this.#replaceFile().finally(() => {
      this.#ending = null;
    });
    return this.#ending;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#ending;
    this.#dropNext();
    try {
      await this.saved();
    } finally {
      await this.#syncing;
      if (this.#turn !== null) clearImmediate(this.#turn);
      this.#file.close();
    }
  }

  async #replaceFile(): Promise<boolean> {
    const next = this.#next;
    if (next === null) return false;
    try {
      next.write();
      await next.sync();
      // Under steady notices a sync is always asked for: those who wait now are served by the new file.
      this.#replacing = true;
      await this.#syncing;
      if (this.#next !== next) throw new Error('the second journal was given up meanwhile');
      // What came meanwhile is little, and nothing may come between here and the new name.
      next.write();
      next.syncNow();
      fs.renameSync(this.#path('next'), this.#path('bin'));
    } catch {
      this.#dropNext();
      this.#syncAgain();
      return false;
    }
    this.#file.close();
    this.#file = next;
    this.#next = null;
    this.#rewrittenBytes = next.bytes;
    this.#writeError = null;
    this.#syncError = syncFolder(this.#folder);
    this.#syncAgain();
    return true;
  }

  #syncAgain(): void {
    this.#replacing = false;
    this.#startSync();
  }

  #endTurn(): void {
    this.#turn = null;
    const waiting = this.#forWrite;
    this.#forWrite = null;
    const kept = this.write();
    if (waiting === null) return;
    const error = kept ? this.#syncError : this.#writeError;
    if (error !== null) {
      waiting.reject(error);
      return;
    }
    this.#forSync.push(waiting);
    this.#startSync();
  }

  #startSync(): void {
    if (!this.#replacing && this.#forSync.length > 0) this.#syncing ??= this.#syncAll();
  }

  /** One sync after the other, each for all who came while the one before was under way. Never rejects. */
  async #syncAll(): Promise<void> {
    while (this.#forSync.length > 0 && !this.#replacing) {
      const waiting = this.#forSync;
      this.#forSync = [];
      this.#unsynced = this.#file.gatheredBytes > 0;
      try {
        await this.#file.sync();
        for (const one of waiting) one.resolve();
      } catch (error) {
        this.#syncError = asError(error);
        for (const one of waiting) one.reject(this.#syncError);
      }
    }
    this.#syncing = null;
  }

  #onNext(work: () => void): void {
    try {
      work();
    } catch {
      this.#dropNext();
    }
  }

  /** The journal as it is goes on; the next try waits until it has grown as much again. */
  #dropNext(): void {
    this.#next?.close();
    this.#next = null;
    fs.rmSync(this.#path('next'), { force: true });
    this.#rewrittenBytes = Math.max(this.#rewrittenBytes, this.bytes / 2);
  }

  #path(suffix: 'bin' | 'next' | 'torn'): string {
    return join(this.#folder, `journal.${suffix}`);
  }
}
