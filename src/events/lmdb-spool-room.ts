/**
 * Room on the disk, taken before it is needed. LMDB needs new pages also to delete old ones, so a spool that has filled
 * the disk could never be drained. Therefore its file is lengthened here, with zeros, ahead of LMDB: records are refused
 * when that fails, and what is left of the file is for acknowledgements.
 */
import fs from 'node:fs';
import type { SpoolDatabase } from './lmdb-spool-file.ts';

/** How much the file grows at once: seldom, and a blink of any disk. */
const EXTENT_BYTES = 4 * 1_048_576;
/** A commit that deletes touches some dozens of pages of 4 KiB; what it frees serves the one after the next. */
const RESERVE_BYTES = 1_048_576;
/** Pages are filled to the last byte by no one, and the tree above them grows. */
const PAGES_A_BYTE = 1.25;
/** With so much of the pages in use, the rest surely has room in one piece. */
const SPARSE = 0.5;
const ZEROS = new Uint8Array(RESERVE_BYTES);

export class SpoolRoom {
  readonly #database: SpoolDatabase;
  readonly #fd: number;
  fileBytes: number;

  constructor(database: SpoolDatabase, file: string) {
    this.#database = database;
    this.#fd = fs.openSync(file, 'r+');
    this.fileBytes = fs.fstatSync(this.#fd).size;
  }

  /** Throws when the disk has no room for so many bytes more. */
  make(newBytes: number, liveBytes: number): void {
    const used = usedBytes(this.#database);
    const needed = used + Math.ceil(newBytes * PAGES_A_BYTE) + RESERVE_BYTES;
    if (needed <= this.fileBytes) return;
    const isSparse = liveBytes + newBytes <= used * SPARSE;
    try {
      this.#lengthen(Math.ceil(needed / EXTENT_BYTES) * EXTENT_BYTES);
    } catch (error) {
      if (!isSparse) throw error;
    }
  }

  /**
   * Throws when the disk takes no write at all. Before each commit: where LMDB's own write fails, lmdb writes the reason
   * behind the end of its buffer, which kills the process (3.5.6, mdb_page_flush).
   */
  touch(): void {
    if (usedBytes(this.#database) < this.fileBytes) fs.writeSync(this.#fd, ZEROS, 0, 1, this.fileBytes - 1);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  #lengthen(toBytes: number): void {
    let size = fs.fstatSync(this.#fd).size;
    while (size < toBytes) {
      const written = fs.writeSync(this.#fd, ZEROS, 0, Math.min(ZEROS.length, toBytes - size), size);
      if (written === 0) throw new Error('the disk takes no more of the spool');
      size += written;
      this.fileBytes = size;
    }
  }
}

/** Up to its last page; behind it the file holds nothing. */
export function usedBytes(database: SpoolDatabase): number {
  const { lastPageNumber, pageSize } = database.getStats() as { lastPageNumber: number; pageSize: number };
  database.resetReadTxn();
  return (lastPageNumber + 1) * pageSize;
}
