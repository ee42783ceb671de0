/**
 * A file that only grows, of records that are whole or not there:
 *
 *   file    8 bytes "GAVELLED"  u32 version  u32 0  record*
 *   record  u32 length (never 0)  u32 crc32 of the payload  payload          little-endian
 *
 * Records are gathered in memory and written at known places, so that a failed or short write is made good by the
 * next. The first record that is not whole ends the file: it is the torn tail of a crash, and is cut off.
 */
import fs from 'node:fs';
import { crc32 } from 'node:zlib';

const MAGIC = 'GAVELLED';
const VERSION = 1;
const FILE_HEADER_BYTES = 16;
const RECORD_HEADER_BYTES = 8;
const GATHERED_START_BYTES = 65_536;
const READ_BYTES = 1_048_576;
/** Longer than any record that the ledger writes; a length above it is damage. */
const MAX_RECORD_BYTES = 16_777_216;

/** The calls that can fail for want of a sound disk. */
export interface Disk {
  write(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  /** Puts the data of the file on the medium. */
  sync(fd: number): Promise<void>;
}

export const REAL_DISK: Disk = {
  write: (fd, bytes, offset, length, position) => fs.writeSync(fd, bytes, offset, length, position),
  sync: (fd) =>
    new Promise((resolve, reject) => {
      fs.fdatasync(fd, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    }),
};

export class AppendFile {
  readonly #fd: number;
  readonly #disk: Disk;
  /** Where the next write goes: the end of what is whole in the file. */
  #position: number;
  #gathered = Buffer.alloc(GATHERED_START_BYTES);
  #gatheredBytes = 0;

  private constructor(fd: number, disk: Disk, position: number) {
    this.#fd = fd;
    this.#disk = disk;
    this.#position = position;
  }

  /** A new file in the place of whatever stands there. */
  static create(path: string, disk: Disk): AppendFile {
    const fd = fs.openSync(path, 'w+');
    const file = new AppendFile(fd, disk, 0);
    file.#gathered.write(MAGIC, 'latin1');
    file.#gatheredBytes = file.#gathered.writeUInt32LE(VERSION, MAGIC.length) + 4;
    return file;
  }

  /** Opens the file; `replay` must follow. Throws when it is none of ours, or of another version. */
  static open(path: string, disk: Disk): AppendFile {
    const fd = fs.openSync(path, 'r+');
    const header = Buffer.alloc(FILE_HEADER_BYTES);
    const bytes = fs.readSync(fd, header, 0, FILE_HEADER_BYTES, 0);
    const version = header.readUInt32LE(MAGIC.length);
    if (
      bytes === FILE_HEADER_BYTES &&
      header.toString('latin1', 0, MAGIC.length) === MAGIC &&
      version === VERSION
    ) {
      return new AppendFile(fd, disk, FILE_HEADER_BYTES);
    }
    fs.closeSync(fd);
    // A crash before the first write leaves less than a header, and nothing that was ever told to be kept.
    if (bytes < FILE_HEADER_BYTES) return AppendFile.create(path, disk);
    throw new Error(`${path} is no ledger journal of version ${VERSION.toString()}`);
  }

  /** Hands over the whole records, each good until `read` returns, and cuts off the torn tail. */
  replay(read: (record: Uint8Array) => void): void {
    if (this.#position === 0) return;
    this.#position = readRecords(this.#fd, read);
    fs.ftruncateSync(this.#fd, this.#position);
  }

  /** Written and gathered. */
  get bytes(): number {
    return this.#position + this.#gatheredBytes;
  }

  get gatheredBytes(): number {
    return this.#gatheredBytes;
  }

  append(record: Uint8Array): void {
    const needed = this.#gatheredBytes + RECORD_HEADER_BYTES + record.length;
    if (needed > this.#gathered.length) {
      const grown = Buffer.alloc(needed * 2);
      this.#gathered.copy(grown, 0, 0, this.#gatheredBytes);
      this.#gathered = grown;
    }
    this.#gathered.writeUInt32LE(record.length, this.#gatheredBytes);
    this.#gathered.writeUInt32LE(crc32(record), this.#gatheredBytes + 4);
    this.#gathered.set(record, this.#gatheredBytes + RECORD_HEADER_BYTES);
    this.#gatheredBytes = needed;
  }

  /** Throws when the disk takes less than all; what it took is not written twice. */
  write(): void {
    let taken = 0;
    try {
      while (taken < this.#gatheredBytes) {
        const rest = this.#gatheredBytes - taken;
        const bytes = this.#disk.write(this.#fd, this.#gathered, taken, rest, this.#position + taken);
        if (bytes === 0) throw new Error('the disk takes no more of the ledger journal');
        taken += bytes;
      }
    } finally {
      this.#gathered.copyWithin(0, taken, this.#gatheredBytes);
      this.#gatheredBytes -= taken;
      this.#position += taken;
    }
  }

  sync(): Promise<void> {
    return this.#disk.sync(this.#fd);
  }

  /** Waits for the disk: for the few bytes that came since the last `sync`. */
  syncNow(): void {
    fs.fdatasyncSync(this.#fd);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

/** Hands over the records and returns where the last whole one ends. */
function readRecords(fd: number, read: (record: Uint8Array) => void): number {
  let buffer = Buffer.alloc(READ_BYTES);
  let used = fs.readSync(fd, buffer, 0, buffer.length, 0);
  let position = used;
  let at = FILE_HEADER_BYTES;
  for (;;) {
    const next = recordEnd(buffer, at, used);
    if (next === 'torn') return position - used + at;
    if (next !== 'more') {
      read(buffer.subarray(at + RECORD_HEADER_BYTES, next));
      at = next;
      continue;
    }
    buffer.copyWithin(0, at, used);
    used -= at;
    at = 0;
    if (used === buffer.length) buffer = Buffer.concat([buffer, Buffer.alloc(buffer.length)]);
    const bytes = fs.readSync(fd, buffer, used, buffer.length - used, position);
    if (bytes === 0) return position - used;
    used += bytes;
    position += bytes;
  }
}

/** Where the record at `at` ends; `more`: behind what was read; `torn`: it is not whole. */
function recordEnd(buffer: Buffer, at: number, used: number): number | 'more' | 'torn' {
  if (at + RECORD_HEADER_BYTES > used) return 'more';
  const length = buffer.readUInt32LE(at);
  // A tail of zeros, which a power cut can leave, would pass the check sum.
  if (length === 0 || length > MAX_RECORD_BYTES) return 'torn';
  const end = at + RECORD_HEADER_BYTES + length;
  if (end > used) return 'more';
  const sound = crc32(buffer.subarray(at + RECORD_HEADER_BYTES, end)) === buffer.readUInt32LE(at + 4);
  return sound ? end : 'torn';
}
