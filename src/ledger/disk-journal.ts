/**
 * The ledger's journal on disk: `journal.bin` in its folder, and `journal.next` while that is being rewritten.
 *
 * What is written survives the death of the process, kill -9 included. `saved` waits for more: for fdatasync, so
 * that what was answered survives a power cut as well; all who wait share one. Grants of leases do not wait for
 * it (a bid has no time for a disk): a power cut may lose those of the last second, and notices for them are then
 * `unknown`, counted and not booked.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { AppendFile, type Disk, REAL_DISK } from './disk-append-file.ts';
import type { Journal } from './journal.ts';
import { Waiting } from './waiting.ts';

/** `synced`: a power cut loses nothing that was answered. `written`: the death of the process doesn't. */
const SAVED_MEANS = 'synced' as 'synced' | 'written';
/** A journal is rewritten when it is larger than this … */
const REWRITE_BYTES = 67_108_864;
/** … and than this many times its size after the last rewrite. */
const REWRITE_RATIO = 4;
/** Gathered bytes of the second journal that are written at once. */
const NEXT_WRITE_BYTES = 262_144;

export interface DiskJournalOptions {
  readonly rewriteBytes?: number;
  readonly disk?: Disk;
}

/** Opens or makes the journal in `folder`. Throws when the file is not one of this version. */
export function openDiskJournal(folder: string, options: DiskJournalOptions = {}): Journal {
  return new DiskJournal(folder, options.rewriteBytes ?? REWRITE_BYTES, options.disk ?? REAL_DISK);
}

class DiskJournal implements Journal {
  readonly #folder: string;
  readonly #rewriteBytes: number;
  readonly #disk: Disk;
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

  constructor(folder: string, rewriteBytes: number, disk: Disk) {
    this.#folder = folder;
    this.#rewriteBytes = rewriteBytes;
    this.#disk = disk;
    fs.mkdirSync(folder, { recursive: true });
    fs.rmSync(this.#path('next'), { force: true });
    const path = this.#path('bin');
    if (fs.existsSync(path)) {
      this.#file = AppendFile.open(path, disk);
    } else {
      this.#file = AppendFile.create(path, disk);
      this.#file.write();
      this.#syncError = this.#syncFolder();
    }
  }

  replay(apply: (record: Uint8Array) => void): void {
    this.#file.replay(apply);
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
      await this.#syncing;
      // What came meanwhile is little, and nothing may come between here and the new name.
      next.write();
      next.syncNow();
      fs.renameSync(this.#path('next'), this.#path('bin'));
    } catch {
      this.#dropNext();
      return false;
    }
    this.#file.close();
    this.#file = next;
    this.#next = null;
    this.#rewrittenBytes = next.bytes;
    this.#writeError = null;
    this.#syncError = this.#syncFolder();
    return true;
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
    if (SAVED_MEANS === 'written') waiting.resolve();
    this.#forSync.push(waiting);
    this.#syncing ??= this.#syncAll();
  }

  /** One sync after the other, each for all who came while the one before was under way. Never rejects. */
  async #syncAll(): Promise<void> {
    while (this.#forSync.length > 0) {
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

  /** A new name in the folder survives a power cut only after this. */
  #syncFolder(): Error | null {
    try {
      const fd = fs.openSync(this.#folder, 'r');
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
      return null;
    } catch (error) {
      return asError(error);
    }
  }

  #path(suffix: 'bin' | 'next'): string {
    return join(this.#folder, `journal.${suffix}`);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
