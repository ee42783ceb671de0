/** Opens the spool's folder for its writer. What can't be read is moved aside, never deleted, and a new one is begun. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import {
  dataFile,
  hasHead,
  openDatabase,
  readState,
  SPOOL_VERSION,
  writeState,
  type ChunkKey,
  type SpoolDatabase,
  type SpoolState,
} from './lmdb-spool-file.ts';
import { SpoolRoom, usedBytes } from './lmdb-spool-room.ts';
import { chunkKeys, SpoolStore } from './lmdb-spool-store.ts';
import { SpoolTail } from './lmdb-spool-tail.ts';
import type { SpoolSync } from './spool.ts';

export interface StoreOrder {
  readonly folder: string;
  readonly maxBytes: number;
  readonly sync: SpoolSync;
  /** A name for whoever must acknowledge; the position of any other is forgotten. */
  readonly readers: readonly string[];
}

/** `onAside`: a sentence, when the spool that stood there was moved aside. Throws when the folder can't be written. */
export async function openStore(order: StoreOrder, onAside: (sentence: string) => void): Promise<SpoolStore> {
  fs.mkdirSync(order.folder, { recursive: true, mode: 0o700 });
  let contents = await readFolder(order);
  if (typeof contents === 'string') {
    const aside = `${order.folder}.aside-${new Date().toISOString().replaceAll(':', '-')}`;
    fs.renameSync(order.folder, aside);
    onAside(
      `The spool ${order.folder} ${contents}: it was moved to ${aside}, and a new one was begun. ` +
        'Events in it that were not shipped yet are there alone: keep it.',
    );
    fs.mkdirSync(order.folder, { mode: 0o700 });
    contents = await readFolder(order);
  }
  if (typeof contents === 'string') throw new Error(`a new spool in ${order.folder} ${contents}`);
  const tail = new SpoolTail(order.folder, order.sync.kind === 'group');
  // The names of new files, too, must outlive a power cut.
  for (const path of [order.folder, dirname(order.folder)]) syncFolder(path);
  const { database, state, chunks } = contents;
  return new SpoolStore({
    database,
    state: { ...state, positions: positionsOf(state, order.readers) },
    chunks,
    room: new SpoolRoom(database, dataFile(order.folder)),
    tail,
  });
}

interface FolderContents {
  readonly database: SpoolDatabase;
  readonly state: SpoolState;
  readonly chunks: readonly ChunkKey[];
}

/** Or what is wrong with it, as the end of a sentence. */
async function readFolder({ folder, maxBytes }: StoreOrder): Promise<FolderContents | string> {
  // lmdb itself kills the process over a file that is none of its own.
  if (!hasHead(dataFile(folder))) return 'is damaged (its file is none of LMDB)';
  const database = openDatabase(folder, maxBytes);
  const contents = readDatabase(database, folder);
  if (typeof contents === 'string') await database.close();
  return contents;
}

function readDatabase(database: SpoolDatabase, folder: string): FolderContents | string {
  // To read a page behind the end of the file would kill the process.
  if (fs.statSync(dataFile(folder)).size < usedBytes(database)) return 'is damaged (its file is cut off)';
  try {
    const chunks = chunkKeys(database, Infinity);
    const state = readState(database);
    if (state === null && chunks.length === 0) return { database, chunks, state: createState(database) };
    if (state?.version !== SPOOL_VERSION) return `is none of version ${String(SPOOL_VERSION)}`;
    const isWhole = chunks.every(([first], index) => {
      const before = chunks[index - 1];
      return first === (before === undefined ? state.deletedThrough : before[0] + before[1] - 1) + 1;
    });
    return isWhole ? { database, chunks, state } : 'is damaged (records are missing in it)';
  } catch (error) {
    return `is damaged (${String(error)})`;
  }
}

function createState(database: SpoolDatabase): SpoolState {
  const state = { version: SPOOL_VERSION, id: crypto.randomUUID(), positions: {}, deletedThrough: 0 };
  database.transactionSync(() => {
    writeState(database, state);
  });
  return state;
}

/** A reader that is new begins with the oldest record that is there. */
function positionsOf(state: SpoolState, readers: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(readers.map((name) => [name, state.positions[name] ?? state.deletedThrough]));
}

function syncFolder(path: string): void {
  const fd = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
