/**
 * The records of a journal file, read back. The first one that is not whole ends them. Either it is the torn tail
 * of a crash, behind which there is nothing (a file grows over data that is on the medium, so a power cut leaves no
 * hole); or whole records follow it, and then the file is damaged where it had been kept.
 *
 *   record  u32 length (never 0)  u32 crc32 of the payload  payload          little-endian
 */
import fs from 'node:fs';
import { crc32 } from 'node:zlib';

export const RECORD_HEADER_BYTES = 8;
const READ_BYTES = 1_048_576;
/** Longer than any record that the ledger writes; a length above it is damage. */
const MAX_RECORD_BYTES = 16_777_216;
/** Records up to this are looked for behind a bad one: a lease with all its marks has 50 KB. */
const MAX_FOUND_BYTES = 65_536;

/** Hands over the records from `start` on, each good until `read` returns, and returns where the last whole one ends. */
export function readRecords(fd: number, start: number, read: (record: Uint8Array) => void): number {
  let buffer = Buffer.alloc(READ_BYTES);
  let position = start;
  let used = 0;
  let at = 0;
  for (;;) {
    const next = recordEnd(buffer, at, used, MAX_RECORD_BYTES);
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

/** Where the first whole record at or behind `start` begins; null: there is none. */
export function findRecord(fd: number, start: number): number | null {
  const buffer = Buffer.alloc(READ_BYTES + RECORD_HEADER_BYTES + MAX_FOUND_BYTES);
  for (let position = start; ; position += READ_BYTES) {
    const used = fs.readSync(fd, buffer, 0, buffer.length, position);
    if (used === 0) return null;
    for (let at = 0; at < Math.min(used, READ_BYTES); at++) {
      if (typeof recordEnd(buffer, at, used, MAX_FOUND_BYTES) === 'number') return position + at;
    }
  }
}

/** Copies what stands from `start` on into a file of its own. */
export function copyTail(fd: number, start: number, path: string): void {
  const buffer = Buffer.alloc(READ_BYTES);
  const copy = fs.openSync(path, 'w');
  try {
    for (let position = start; ;) {
      const bytes = fs.readSync(fd, buffer, 0, buffer.length, position);
      if (bytes === 0) return;
      fs.writeFileSync(copy, buffer.subarray(0, bytes));
      position += bytes;
    }
  } finally {
    fs.closeSync(copy);
  }
}

/** Where the record at `at` ends; `more`: behind what was read; `torn`: it is not whole. */
function recordEnd(buffer: Buffer, at: number, used: number, maxBytes: number): number | 'more' | 'torn' {
  if (at + RECORD_HEADER_BYTES > used) return 'more';
  const length = buffer.readUInt32LE(at);
  // A tail of zeros, which a power cut can leave, would pass the check sum.
  if (length === 0 || length > maxBytes) return 'torn';
  const end = at + RECORD_HEADER_BYTES + length;
  if (end > used) return 'more';
  const sound = crc32(buffer.subarray(at + RECORD_HEADER_BYTES, end)) === buffer.readUInt32LE(at + 4);
  return sound ? end : 'torn';
}
