/**
 * Records as they stand one behind the other in a group (what one commit takes) and in a chunk (what one key of the
 * store holds):
 *
 *   (u32 length  bytes)*          little-endian
 */

export const LENGTH_BYTES = 4;
/** Four pages of 4 KiB without the header that the first of them has: larger values are harder to find room for. */
const MAX_CHUNK_BYTES = 4 * 4_096 - 16;

/** Records that are kept together, or not at all. */
export interface NewGroup {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly atMs: number;
}

export interface KeptGroup extends NewGroup {
  readonly first: number;
}

export interface Chunk {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** Gathers the records of one group. */
export class Group {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  /** In bytes. */
  length = 0;
  count = 0;

  constructor(expectedBytes: number) {
    this.#bytes = new Uint8Array(expectedBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  add(record: Uint8Array): void {
    const end = this.length + LENGTH_BYTES + record.length;
    if (end > this.#bytes.length) this.#grow(end);
    this.#view.setUint32(this.length, record.length, true);
    this.#bytes.set(record, this.length + LENGTH_BYTES);
    this.length = end;
    this.count++;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(needed * 2);
    grown.set(this.bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** In chunks of whole records, none longer than MAX_CHUNK_BYTES unless it is one record. */
export function cutIntoChunks(group: Uint8Array): readonly Chunk[] {
  const chunks: Chunk[] = [];
  let start = 0;
  let count = 0;
  for (const [from, to] of recordBounds(group)) {
    if (count > 0 && to - start > MAX_CHUNK_BYTES) {
      chunks.push({ bytes: group.subarray(start, from - LENGTH_BYTES), count });
      start = from - LENGTH_BYTES;
      count = 0;
    }
    count++;
  }
  if (count > 0) chunks.push({ bytes: group.subarray(start), count });
  return chunks;
}

/** Where each record begins and ends. Throws when the bytes are none that `Group` has made. */
export function* recordBounds(bytes: Uint8Array): Generator<readonly [from: number, to: number]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let offset = 0;
  while (offset < bytes.length) {
    const from = offset + LENGTH_BYTES;
    const to = from + (from <= bytes.length ? view.getUint32(offset, true) : 0);
    if (to < from || to > bytes.length)
      throw new Error(`the spool's chunk is cut off at byte ${String(offset)}`);
    yield [from, to];
    offset = to;
  }
}
