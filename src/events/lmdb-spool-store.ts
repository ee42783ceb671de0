/**
 * The spool's file and its one writer. All here is synchronous and waits for the disk: it runs on a thread of its own
 * (lmdb-spool-thread.ts). A call that throws has changed nothing.
 */
import { cutIntoChunks, type KeptGroup, type NewGroup } from './spool-group.ts';
import { START, writeState, type ChunkKey, type SpoolDatabase, type SpoolState } from './lmdb-spool-file.ts';
import type { SpoolRoom } from './lmdb-spool-room.ts';
import type { SpoolTail } from './lmdb-spool-tail.ts';
import type { ReaderFigures } from './spool.ts';

export interface StoreFigures {
  readonly liveBytes: number;
  readonly liveRecords: number;
  readonly fileBytes: number;
  /** null when nothing waits. */
  readonly oldestAtMs: number | null;
  readonly lastSequence: number;
  /** That this thread has kept. */
  readonly groups: number;
  readonly readers: readonly ReaderFigures[];
}

export interface StoreParts {
  readonly database: SpoolDatabase;
  readonly room: SpoolRoom;
  readonly tail: SpoolTail;
  readonly state: SpoolState;
  /** What stands in the file, in order. */
  readonly chunks: readonly ChunkKey[];
}

/** What stands in the tail alone, and in memory, at most: a commit of so much takes some milliseconds. */
const MAX_TAIL_BYTES = 1_048_576;
/** So many chunks a commit takes out at most: each may touch a page, and the room for these is reserved. */
const MAX_DELETIONS = 128;

export class SpoolStore {
  readonly #parts: StoreParts;
  #state: SpoolState;
  #lastSequence: number;
  #liveBytes: number;
  #liveRecords: number;
  #oldestAtMs: number | null;
  #groups = 0;
  /** In the tail, and not yet in the file. */
  #uncommitted: KeptGroup[] = [];
  #uncommittedBytes = 0;
  /** Acknowledged, and not yet on the medium. */
  readonly #acknowledged = new Map<string, number>();
  #hasMoreToDelete = true;
  /** What the disk did not take the last time. */
  #refusedBytes = 0;

  constructor(parts: StoreParts) {
    const { state, chunks } = parts;
    this.#parts = parts;
    this.#state = state;
    this.#lastSequence = chunks.reduce((_, [first, count]) => first + count - 1, state.deletedThrough);
    this.#liveBytes = chunks.reduce((sum, [, , bytes]) => sum + bytes, 0);
    this.#liveRecords = chunks.reduce((sum, [, count]) => sum + count, 0);
    this.#oldestAtMs = chunks[0]?.[3] ?? null;
    this.#adoptTail();
  }

  get id(): string {
    return this.#state.id;
  }

  /** Returns the first sequence; the others follow it. */
  keep(group: NewGroup): number {
    // A copy: few bytes, too, come in a buffer of 16 KiB.
    const kept = { ...group, bytes: group.bytes.slice(), first: this.#lastSequence + 1 };
    this.#refusedBytes = group.bytes.length;
    const { room, tail } = this.#parts;
    room.make(this.#uncommittedBytes + kept.bytes.length, this.#liveBytes);
    tail.append(kept);
    this.#await(kept);
    this.#refusedBytes = 0;
    this.#count(kept);
    this.#groups++;
    return kept.first;
  }

  /** Stands with the next commit. */
  acknowledge(reader: string, sequence: number): void {
    const position = Math.min(sequence, this.#lastSequence);
    if (position > this.position(reader)) this.#acknowledged.set(reader, position);
  }

  /** Commits what waits for it. */
  settle(): void {
    if (!this.hasUnsettled) return;
    this.#commit(this.#uncommitted);
    if (this.#uncommitted.length === 0) return;
    this.#uncommitted = [];
    this.#uncommittedBytes = 0;
    this.#parts.tail.empty();
    // Of these, too, what was acknowledged before it could be read.
    if (this.hasUnsettledReaders) this.#commit([]);
  }

  get hasUnsettled(): boolean {
    return this.#uncommitted.length > 0 || this.hasUnsettledReaders;
  }

  get isTailLong(): boolean {
    return this.#uncommittedBytes > MAX_TAIL_BYTES;
  }

  /** Acknowledgements, and what may be deleted for them. */
  get hasUnsettledReaders(): boolean {
    return this.#acknowledged.size > 0 || this.#hasMoreToDelete;
  }

  /** Whether the disk would take by now what it has refused. Throws when not. */
  probe(): void {
    const { database, room, tail } = this.#parts;
    room.make(this.#uncommittedBytes + this.#refusedBytes, this.#liveBytes);
    tail.probe(this.#refusedBytes);
    room.touch();
    database.transactionSync(() => {
      writeState(database, this.#state);
    });
  }

  /** On the medium. 0: it is no reader of this spool. */
  position(reader: string): number {
    return this.#state.positions[reader] ?? 0;
  }

  /** What readers can read by now. */
  get committedSequence(): number {
    return this.#lastSequence - this.#uncommitted.reduce((sum, { count }) => sum + count, 0);
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  figures(): StoreFigures {
    return {
      liveBytes: this.#liveBytes,
      liveRecords: this.#liveRecords,
      fileBytes: this.#parts.room.fileBytes,
      oldestAtMs: this.#oldestAtMs,
      lastSequence: this.#lastSequence,
      groups: this.#groups,
      readers: Object.entries(this.#state.positions).map(([name, position]) => ({
        name,
        position,
        waitingRecords: this.#lastSequence - position,
      })),
    };
  }

  async close(): Promise<void> {
    this.#parts.room.close();
    this.#parts.tail.close();
    await this.#parts.database.close();
  }

  #adoptTail(): void {
    for (const group of this.#parts.tail.read()) {
      // What was committed just before the tail was to be emptied.
      if (group.first <= this.#lastSequence) continue;
      if (group.first !== this.#lastSequence + 1) break;
      this.#await(group);
      this.#count(group);
    }
  }

  #await(group: KeptGroup): void {
    this.#uncommitted.push(group);
    this.#uncommittedBytes += group.bytes.length;
  }

  #count({ bytes, count, atMs }: KeptGroup): void {
    this.#lastSequence += count;
    this.#liveBytes += bytes.length;
    this.#liveRecords += count;
    this.#oldestAtMs ??= atMs;
  }

  /** One transaction: the groups, where the readers stand, and without what all of them have acknowledged. */
  #commit(groups: readonly KeptGroup[]): void {
    const { database, room } = this.#parts;
    const positions = { ...this.#state.positions, ...Object.fromEntries(this.#acknowledged) };
    const readers = Object.values(positions);
    const through = readers.length === 0 ? 0 : Math.min(...readers);
    const { gone, next } = this.#findAcknowledged(through);
    const last = gone.at(-1);
    const deletedThrough = last === undefined ? this.#state.deletedThrough : last[0] + last[1] - 1;
    const state = { ...this.#state, positions, deletedThrough };
    room.touch();
    database.transactionSync(() => {
      for (const group of groups) putGroup(database, group);
      for (const key of gone) database.removeSync(key);
      if (this.hasUnsettledReaders) writeState(database, state);
    });
    this.#state = state;
    this.#acknowledged.clear();
    const isReadAhead = groups.some(({ first }) => first <= through);
    this.#hasMoreToDelete = gone.length === MAX_DELETIONS || isReadAhead;
    if (gone.length === 0) return;
    this.#liveBytes -= gone.reduce((sum, [, , bytes]) => sum + bytes, 0);
    this.#liveRecords -= gone.reduce((sum, [, count]) => sum + count, 0);
    this.#oldestAtMs = next?.[3] ?? groups[0]?.atMs ?? this.#uncommitted[0]?.atMs ?? null;
  }

  /** The oldest chunks that no reader needs, and the one behind them. */
  #findAcknowledged(through: number): {
    readonly gone: readonly ChunkKey[];
    readonly next: ChunkKey | null;
  } {
    const gone: ChunkKey[] = [];
    if (!this.hasUnsettledReaders) return { gone, next: null };
    let next: ChunkKey | null = null;
    for (const key of chunkKeys(this.#parts.database, MAX_DELETIONS + 1)) {
      if (gone.length < MAX_DELETIONS && key[0] + key[1] - 1 <= through) gone.push(key);
      else {
        next = key;
        break;
      }
    }
    return { gone, next };
  }
}

/** From the oldest on. */
export function chunkKeys(database: SpoolDatabase, limit: number): readonly ChunkKey[] {
  const keys = [...database.getKeys({ start: START, limit })] as ChunkKey[];
  database.resetReadTxn();
  return keys;
}

function putGroup(database: SpoolDatabase, group: KeptGroup): void {
  let first = group.first;
  for (const { bytes, count } of cutIntoChunks(group.bytes)) {
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    database.putSync([first, count, bytes.length, group.atMs] satisfies ChunkKey, value);
    first += count;
  }
}
