import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededCampaigns } from '../campaigns/seeded.ts';
import { compileIndex } from './compile.ts';
import {
  readFacts,
  readIndexFile,
  writeIndexFile,
  type KeptFacts,
  type ReadIndexFile,
} from './disk-index-file.ts';
import { clearHeader } from './header.ts';
import { openSnapshot } from './snapshot-view.ts';

const CAMPAIGNS = 200;
const NOW_MS = Date.UTC(2026, 10, 4);
const FACTS: KeptFacts = {
  id: 'a',
  over: null,
  database: 'of the tests',
  mark: '7 at noon',
  program: 'this',
  priors: { ctr: 0.001, cvr: 0.00001 },
  version: 42,
  changed: null,
  unsound: [{ id: 'left out', reason: 'no time zone is named Mars/Base' }],
  savedAtMs: NOW_MS,
};
/** Bytes before the facts, which say how many those are. */
const FORMAT_PLACE = 8;
const FACTS_PLACE = 16;
/** In the index. */
const LAYOUT_VERSION_PLACE = 4;

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-index-file-'));
  path = join(folder, 'index', 'base');
});
afterEach(() => rmSync(folder, { recursive: true }));

function compiled(count = CAMPAIGNS): SharedArrayBuffer {
  const campaigns = seededCampaigns({ count, seed: 5 });
  return compileIndex(campaigns, { nowMs: NOW_MS, epoch: 9, priors: FACTS.priors }).buffer;
}

function bytesOf(buffer: SharedArrayBuffer): Buffer {
  return Buffer.from(buffer, 0, openSnapshot(buffer).usedBytes);
}

function reasonOf(read: ReadIndexFile): string {
  return read.kind === 'refused' ? read.reason : `not refused, but ${read.kind}`;
}

/** Flips a bit of byte `place`. */
function flip(place: number): void {
  const bytes = readFileSync(path);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

describe('an index in a file', () => {
  it('comes back byte for byte, with what was known of it', () => {
    const buffer = compiled();
    expect(writeIndexFile(path, FACTS, buffer)).toBe(true);
    const read = readIndexFile(path);
    if (read.kind !== 'sound') throw new Error(reasonOf(read));
    expect(read.facts).toEqual(FACTS);
    expect(Buffer.compare(bytesOf(read.snapshot.buffer), bytesOf(buffer))).toBe(0);
    expect(readFacts(path)).toEqual(FACTS);
  });

  it('has all campaigns live again, whichever were spent', () => {
    const buffer = compiled();
    const pristine = Buffer.from(bytesOf(buffer));
    for (const campaign of [0, 31, CAMPAIGNS - 1]) openSnapshot(buffer).setLive(campaign, false);
    writeIndexFile(path, FACTS, buffer);
    const read = readIndexFile(path);
    if (read.kind !== 'sound') throw new Error(reasonOf(read));
    expect(Buffer.compare(bytesOf(read.snapshot.buffer), pristine)).toBe(0);
  });

  it('without a campaign is one, too', () => {
    expect(writeIndexFile(path, FACTS, compiled(0))).toBe(true);
    expect(readIndexFile(path).kind).toBe('sound');
  });

  it('that was never written is missing', () => {
    expect(readIndexFile(path)).toEqual({ kind: 'missing' });
    expect(readFacts(path)).toBe(null);
  });

  it('whose buffer is being written over is not kept, and the file before it stays', () => {
    const buffer = compiled();
    writeIndexFile(path, FACTS, buffer);
    const before = readFileSync(path);
    clearHeader(buffer);
    expect(writeIndexFile(path, { ...FACTS, version: 43 }, buffer)).toBe(false);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(join(folder, 'index'))).toEqual(['base']);
  });

  it('that can not be put in its place leaves nothing that would fill the disk', () => {
    mkdirSync(join(path, 'in the way'), { recursive: true });
    expect(() => writeIndexFile(path, FACTS, compiled())).toThrow();
    expect(readdirSync(join(folder, 'index'))).toEqual(['base']);
  });
});

describe('a file is refused', () => {
  beforeEach(() => {
    writeIndexFile(path, FACTS, compiled());
  });

  it('wherever it is cut off', () => {
    const { length } = readFileSync(path);
    for (const bytes of [length - 1, length - 4, Math.floor(length / 2), 600, 100, FACTS_PLACE, 3, 0]) {
      truncateSync(path, bytes);
      expect(readIndexFile(path).kind, `cut to ${bytes} of ${length} bytes`).toBe('refused');
    }
  });

  it('wherever a bit of it is flipped', () => {
    const { length } = readFileSync(path);
    const places = Array.from({ length: 100 }, (_, i) => Math.floor((i * (length - 1)) / 99));
    const ofFacts = Array.from({ length: 100 }, (_, i) => i);
    for (const place of [...ofFacts, ...places]) {
      flip(place);
      expect(readIndexFile(path).kind, `byte ${place} of ${length}`).toBe('refused');
      flip(place);
    }
    expect(readIndexFile(path).kind).toBe('sound');
  });

  it('where bytes follow it', () => {
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(8)]));
    expect(reasonOf(readIndexFile(path))).toContain('checksum');
  });

  it('where it is of another format, or no such file at all', () => {
    flip(FORMAT_PLACE);
    expect(reasonOf(readIndexFile(path))).toContain('no facts that this program can read');
    writeFileSync(path, 'a text that somebody put here');
    expect(reasonOf(readIndexFile(path))).toContain('no facts that this program can read');
  });

  it('where its index has another layout', () => {
    const bytes = readFileSync(path);
    const bodyFrom = FACTS_PLACE + bytes.readUInt32LE(FORMAT_PLACE + 4);
    bytes.writeUInt32LE(99, bodyFrom + LAYOUT_VERSION_PLACE);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
    writeFileSync(path, bytes);
    expect(reasonOf(readIndexFile(path))).toContain('its layout is version 99');
  });
});
