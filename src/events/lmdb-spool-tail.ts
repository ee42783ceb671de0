/**
 * What was answered and does not stand in the store yet: to append a group here and flush it costs a quarter of a commit.
 * Where GAVEL_SPOOL_SYNC is a number nothing is flushed: the operating system has it, so that it outlives the process; a
 * power cut may take it.
 *
 *   (u32 length  u32 crc32  f64 first sequence  u32 records  f64 epoch ms  group)*          little-endian
 *
 * The length is the group's, the checksum is over all behind it. Emptied by each commit of the store.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { KeptGroup } from './spool-group.ts';

const HEADER_BYTES = 28;

export class SpoolTail {
  readonly #fd: number;
  readonly #isFlushed: boolean;
  #bytes = 0;

  /** `isFlushed`: each append is on the medium when it returns, once the folder is. */
  constructor(folder: string, isFlushed: boolean) {
    this.#isFlushed = isFlushed;
    this.#fd = fs.openSync(join(folder, 'tail'), fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
  }

  /** The groups that are whole, in order; what follows them was never answered, or was lost with the power. */
  read(): readonly KeptGroup[] {
    const bytes = fs.readFileSync(this.#fd);
    const groups: KeptGroup[] = [];
    let offset = 0;
    while (offset + HEADER_BYTES <= bytes.length) {
      const end = offset + HEADER_BYTES + bytes.readUInt32LE(offset);
      if (end > bytes.length || crc32(bytes.subarray(offset + 8, end)) !== bytes.readUInt32LE(offset + 4))
        break;
      groups.push({
        first: bytes.readDoubleLE(offset + 8),
        count: bytes.readUInt32LE(offset + 16),
        atMs: bytes.readDoubleLE(offset + 20),
        bytes: bytes.subarray(offset + HEADER_BYTES, end),
      });
      offset = end;
    }
    this.#bytes = offset;
    return groups;
  }

  /** Throws when the disk takes less than all: then nothing of it is there. */
  append(group: KeptGroup): void {
    const bytes = Buffer.allocUnsafe(HEADER_BYTES + group.bytes.length);
    bytes.writeUInt32LE(group.bytes.length, 0);
    bytes.writeDoubleLE(group.first, 8);
    bytes.writeUInt32LE(group.count, 16);
    bytes.writeDoubleLE(group.atMs, 20);
    bytes.set(group.bytes, HEADER_BYTES);
    bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
    this.#write(bytes);
    this.#bytes += bytes.length;
  }

  /** Throws when the disk would not take so many bytes. */
  probe(bytes: number): void {
    this.#write(Buffer.alloc(HEADER_BYTES + bytes));
    fs.ftruncateSync(this.#fd, this.#bytes);
  }

  empty(): void {
    fs.ftruncateSync(this.#fd, 0);
    this.#bytes = 0;
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  #write(bytes: Uint8Array): void {
    let written = 0;
    try {
      while (written < bytes.length) {
        written += fs.writeSync(this.#fd, bytes, written, bytes.length - written, this.#bytes + written);
      }
      if (this.#isFlushed) fs.fdatasyncSync(this.#fd);
    } catch (error) {
      fs.ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
  }
}
