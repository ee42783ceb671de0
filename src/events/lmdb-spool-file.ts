/**
 * The spool's LMDB file, as its writer and its readers open it. One key a chunk of records (spool-group.ts), and one
 * that says who has read how far:
 *
 *   [first sequence, records, bytes, epoch ms]  →  chunk
 *   Symbol(state)                               →  JSON of SpoolState
 *
 * The transactions are LMDB's plain ones: pages, flush, then the meta page, flushed too. lmdb's own default
 * (overlappingSync) restores by the boot's id, which a container may share with the one before a power cut.
 */
import { open, type RootDatabase } from 'lmdb';
import fs from 'node:fs';
import { join } from 'node:path';

export type ChunkKey = [first: number, count: number, bytes: number, atMs: number];
export type SpoolDatabase = RootDatabase<Buffer, ChunkKey | symbol>;

export interface SpoolState {
  readonly version: number;
  readonly id: string;
  /** By reader: acknowledged up to here. */
  readonly positions: Readonly<Record<string, number>>;
  /** All up to here is gone: the next sequence is known also when nothing is left. */
  readonly deletedThrough: number;
}

export const SPOOL_VERSION = 1;
const STATE = Symbol.for('state');
/** Before every chunk. */
export const START: ChunkKey = [0, 0, 0, 0];
/** Addresses, not memory: reserved once, so that the map never moves under a reader. */
const MAP_TIMES_MAX_BYTES = 4;
const MIN_MAP_BYTES = 256 * 1_048_576;

export function dataFile(folder: string): string {
  return join(folder, 'data.mdb');
}

/** What every LMDB file of this format begins with, in each of its first two pages, behind the page's own header. */
const META_AT = 24;
const PAGE_SIZE_AT = META_AT + 24;
const META_BYTES = 128;
const MAGIC = 0xbeef_c0de;
const DATA_VERSION = 2;

/** Also where there is no file yet, or an empty one. */
export function hasHead(path: string): boolean {
  if (!fs.existsSync(path) || fs.statSync(path).size === 0) return true;
  const fd = fs.openSync(path, 'r');
  try {
    const head = Buffer.alloc(META_AT + META_BYTES);
    const isMeta = (offset: number): boolean =>
      fs.readSync(fd, head, 0, head.length, offset) === head.length &&
      head.readUInt32LE(META_AT) === MAGIC &&
      head.readUInt16LE(META_AT + 4) === DATA_VERSION;
    return isMeta(0) && isMeta(head.readUInt32LE(PAGE_SIZE_AT));
  } finally {
    fs.closeSync(fd);
  }
}

export function openDatabase(folder: string, maxBytes: number): SpoolDatabase {
  return open<Buffer, ChunkKey | symbol>({
    path: folder,
    noSubdir: false,
    encoding: 'binary',
    overlappingSync: false,
    mapSize: MIN_MAP_BYTES + MAP_TIMES_MAX_BYTES * maxBytes,
  });
}

/** In this thread, for reading alone, while the writer has it open in whichever thread. */
export function openToRead(folder: string): SpoolDatabase {
  return open<Buffer, ChunkKey | symbol>({
    path: folder,
    noSubdir: false,
    encoding: 'binary',
    overlappingSync: false,
    readOnly: true,
  });
}

/** null: there is none. Its version may be another than ours, and then all else. Throws when it is no JSON. */
export function readState(database: SpoolDatabase): SpoolState | null {
  const bytes = database.get(STATE);
  database.resetReadTxn();
  return bytes === undefined ? null : (JSON.parse(bytes.toString()) as SpoolState);
}

/** Within a transaction. */
export function writeState(database: SpoolDatabase, state: SpoolState): void {
  database.putSync(STATE, Buffer.from(JSON.stringify(state)));
}
