/**
 * A file that only grows, of records that are whole or not there:
 *
 *   file    8 bytes "GAVELLED"  u32 version  u32 0  record*          little-endian
 *
 * Records are gathered in memory and written at known places, so that a failed or short write is made good by the
 * next. A torn tail is cut off; a file that is damaged before its end is refused.
 */
import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { copyTail, findRecord, readRecords, RECORD_HEADER_BYTES } from './disk-records.ts';

const MAGIC = 'GAVELLED';
const VERSION = 2;
const FILE_HEADER_BYTES = 16;
const GATHERED_START_BYTES = 65_536;
/** Calls are not kept waiting for longer; a disk that is merely busy answers in tens of milliseconds. */
const HANG_MS = 2_000;

/** The calls that can fail for want of a sound disk. */
export interface Disk {
  write(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  /** Puts the data of the file on the medium. */
  sync(fd: number): Promise<void>;
  /** A sync that takes longer hangs. */
  readonly hangMs: number;
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
  hangMs: HANG_MS,
};

/** What a crash left of records that it cut short: they had not been kept, and nobody was told that they were. */
export interface TornTail {
  readonly path: string;
  /** Where it began. */
  readonly offset: number;
  readonly bytes: number;
  /** The file that it was put into; null where that could not be written. */
  readonly keptIn: string | null;
}

export class AppendFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #disk: Disk;
  /** Where the next write goes: the end of what is whole in the file. */
  #position: number;
  #gathered = Buffer.alloc(GATHERED_START_BYTES);
  #gatheredBytes = 0;
  /** When the sync under way began; Infinity: none is. */
  #syncSinceMs = Infinity;

  private constructor(path: string, fd: number, disk: Disk, position: number) {
    this.#path = path;
    this.#fd = fd;
    this.#disk = disk;
    this.#position = position;
  }

  /** A new file in the place of whatever stands there. */
  static create(path: string, disk: Disk): AppendFile {
    const fd = fs.openSync(path, 'w+');
    const file = new AppendFile(path, fd, disk, 0);
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
      return new AppendFile(path, fd, disk, FILE_HEADER_BYTES);
    }
    fs.closeSync(fd);
    // A crash before the first write leaves less than a header, and nothing that was ever told to be kept.
    if (bytes < FILE_HEADER_BYTES) return AppendFile.create(path, disk);
    throw new Error(`${path} is no ledger journal of version ${VERSION.toString()}`);
  }

  /**
   * Hands over the whole records, each good until `read` returns. Cuts off a torn tail, keeps it in `tornPath`, and
   * says so. Throws when whole records follow a bad one: then the file is damaged.
   */
  replay(read: (record: Uint8Array) => void, tornPath: string): TornTail | null {
    if (this.#position === 0) return null;
    const offset = readRecords(this.#fd, FILE_HEADER_BYTES, read);
    this.#position = offset;
    const bytes = fs.fstatSync(this.#fd).size - offset;
    if (bytes === 0) return null;
    const next = findRecord(this.#fd, offset + 1);
    if (next !== null) throw new Error(damageOf(this.#path, offset, next));
    let keptIn: string | null = tornPath;
    try {
      copyTail(this.#fd, offset, tornPath);
    } catch {
      // A full disk tears tails, and must not keep the server from starting.
      keptIn = null;
    }
    fs.ftruncateSync(this.#fd, offset);
    return { path: this.#path, offset, bytes, keptIn };
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

  /** One at a time. */
  async sync(): Promise<void> {
    this.#syncSinceMs = performance.now();
    try {
      await this.#disk.sync(this.#fd);
    } finally {
      this.#syncSinceMs = Infinity;
    }
  }

  get isHanging(): boolean {
    return performance.now() - this.#syncSinceMs > this.#disk.hangMs;
  }

  /** Waits for the disk: for the few bytes that came since the last `sync`. */
  syncNow(): void {
    fs.fdatasyncSync(this.#fd);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

function damageOf(path: string, offset: number, next: number): string {
  return (
    `${path} is damaged at byte ${offset.toString()}, and whole records follow from byte ${next.toString()}: ` +
    'what was spent after it would be forgotten. Restore the file from a copy. To start without what follows the ' +
    `damage, keep a copy and cut the file there: truncate -s ${offset.toString()} ${path}`
  );
}
