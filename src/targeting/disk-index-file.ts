/**
 * A compiled index in a file, for the next start:
 *
 *     'GAVLKEPT' · u32 format · u32 bytes of the facts
 *     facts, JSON
 *     the index as it lies in its buffer (layout.ts), without the head room
 *     u32 CRC-32 of all before
 *
 * Numbers are in the machine's byte order, as in the index: another machine refuses the file.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { UnsoundCampaign } from '../campaigns/soundness.ts';
import { readHeader } from './header.ts';
import { HEADER_BYTES } from './layout.ts';
import type { Priors } from './rank.ts';
import { openSnapshot, type IndexSnapshot } from './snapshot-view.ts';

/** What is known of the index in a file. */
export interface KeptFacts {
  readonly id: string;
  /** The id of the base that its changes belong over; null: it is a base. */
  readonly over: string | null;
  /** Which database the campaigns are of. */
  readonly database: string;
  /** Where in that database's history: numbers of changes come again after it was set back. */
  readonly mark: string;
  /** The build of the program that compiled it. */
  readonly program: string;
  readonly priors: Priors;
  /** The last change that is in it. */
  readonly version: number;
  /** The campaigns that changed since its base; null: it is a base. */
  readonly changed: readonly string[] | null;
  /** Active campaigns that were left out. */
  readonly unsound: readonly UnsoundCampaign[];
  readonly savedAtMs: number;
}

export type ReadIndexFile =
  | { readonly kind: 'sound'; readonly facts: KeptFacts; readonly snapshot: IndexSnapshot }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly reason: string };

const MAGIC = 'GAVLKEPT';
const FORMAT = 1;
const START_BYTES = 16;
const CRC_BYTES = 4;
/** Copied before it is summed and written: readers set budget bits meanwhile. */
const CHUNK_BYTES = 4 * 2 ** 20;

/**
 * Puts the file in its place, whole or not at all. false: the buffer was written over meanwhile, and nothing was kept.
 * Throws where the disk refuses.
 */
export function writeIndexFile(path: string, facts: KeptFacts, buffer: SharedArrayBuffer): boolean {
  const header = headerOf(buffer).slice();
  const usedBytes = readUsedBytes(buffer);
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.unfinished`;
  try {
    writeUnfinished(unfinished, facts, buffer, usedBytes);
    // A compilation clears the header first and writes it last.
    const after = headerOf(buffer);
    const isSame = usedBytes > 0 && header.every((byte, place) => byte === after[place]);
    if (isSame) renameSync(unfinished, path);
    return isSame;
  } finally {
    // A part of it would take what is left of a full disk from the ledger.
    rmSync(unfinished, { force: true });
  }
}

function writeUnfinished(path: string, facts: KeptFacts, buffer: SharedArrayBuffer, usedBytes: number): void {
  const file = openSync(path, 'w');
  try {
    let crc = 0;
    const write = (bytes: Uint8Array): void => {
      crc = crc32(bytes, crc);
      writeFileSync(file, bytes);
    };
    write(startOf(facts));
    for (let from = 0; from < usedBytes; from += CHUNK_BYTES) {
      write(new Uint8Array(buffer, from, Math.min(CHUNK_BYTES, usedBytes - from)).slice());
    }
    writeFileSync(file, Uint32Array.of(crc));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The index, in a buffer of its own, and with all its campaigns live. */
export function readIndexFile(path: string): ReadIndexFile {
  return withFile(path, (file) => {
    const start = readStart(file);
    if (start === null) return refused(`it starts with no facts that this program can read`);
    const { facts, bodyFrom, crc: startCrc } = start;
    const bodyBytes = fstatSync(file).size - bodyFrom - CRC_BYTES;
    if (bodyBytes < HEADER_BYTES) return refused('it is cut off');
    const buffer = new SharedArrayBuffer(bodyBytes);
    const crc = new Uint32Array(1);
    if (!readWhole(file, new Uint8Array(buffer), bodyFrom)) return refused('it is cut off');
    readWhole(file, new Uint8Array(crc.buffer), bodyFrom + bodyBytes);
    if (crc32(new Uint8Array(buffer), startCrc) !== crc[0])
      return refused('its checksum is wrong: it was damaged or cut off');
    return open(facts, buffer);
  });
}

/** The facts alone, unchecked; null where there is no such file. */
export function readFacts(path: string): KeptFacts | null {
  const read = withFile(path, (file) => ({ kind: 'facts', facts: readStart(file)?.facts ?? null }) as const);
  return read.kind === 'facts' ? read.facts : null;
}

function open(facts: KeptFacts, buffer: SharedArrayBuffer): ReadIndexFile {
  try {
    const snapshot = openSnapshot(buffer);
    for (let campaign = 0; campaign < snapshot.campaignCount; campaign++) snapshot.setLive(campaign, true);
    return { kind: 'sound', facts, snapshot };
  } catch (error) {
    return refused(messageOf(error));
  }
}

function startOf(facts: KeptFacts): Uint8Array {
  const text = Buffer.from(JSON.stringify(facts));
  const numbers = Buffer.from(Uint32Array.of(FORMAT, text.length).buffer);
  return Buffer.concat([Buffer.from(MAGIC, 'latin1'), numbers, text]);
}

interface Start {
  readonly facts: KeptFacts;
  readonly bodyFrom: number;
  readonly crc: number;
}

/** null: it is no file of this format, or its facts are damaged. */
function readStart(file: number): Start | null {
  const start = Buffer.alloc(START_BYTES);
  if (!readWhole(file, start, 0) || start.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  const [format, textBytes = 0] = new Uint32Array(Uint8Array.from(start.subarray(MAGIC.length)).buffer);
  if (format !== FORMAT || START_BYTES + textBytes > fstatSync(file).size) return null;
  const text = Buffer.alloc(textBytes);
  readWhole(file, text, START_BYTES);
  try {
    const facts = JSON.parse(text.toString()) as KeptFacts;
    return { facts, bodyFrom: START_BYTES + textBytes, crc: crc32(text, crc32(start)) };
  } catch {
    return null;
  }
}

function withFile<T>(path: string, read: (file: number) => T): T | ReadIndexFile {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isMissing ? { kind: 'missing' } : refused(messageOf(error));
  }
  try {
    return read(file);
  } catch (error) {
    return refused(messageOf(error));
  } finally {
    closeSync(file);
  }
}

/** false: the file ends before. One call reads 2 GiB at most. */
function readWhole(file: number, into: Uint8Array, from: number): boolean {
  for (let done = 0; done < into.length;) {
    const bytes = readSync(file, into, done, into.length - done, from + done);
    if (bytes === 0) return false;
    done += bytes;
  }
  return true;
}

function headerOf(buffer: SharedArrayBuffer): Uint8Array {
  return new Uint8Array(buffer, 0, Math.min(HEADER_BYTES, buffer.byteLength));
}

/** 0: it is being written. */
function readUsedBytes(buffer: SharedArrayBuffer): number {
  try {
    return readHeader(buffer).placement.usedBytes;
  } catch {
    return 0;
  }
}

function refused(reason: string): ReadIndexFile {
  return { kind: 'refused', reason };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
