import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { costNanos } from '../money.ts';
import { type Disk, REAL_DISK } from './disk-append-file.ts';
import { type DiskJournalOptions, openDiskJournal } from './disk-journal.ts';
import { type EmbeddedLedger, openLedger } from './embedded.ts';
import type { Journal } from './journal.ts';
import type { BudgetTerms } from './ledger.ts';

const NOON_MS = Date.UTC(2026, 5, 1, 12);
const EXPIRY_SEC = NOON_MS / 1000 + 300;

let folder = '';
const journals: Journal[] = [];

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'gavel-journal-'));
});
afterEach(async () => {
  for (const journal of journals.splice(0)) await journal.close().catch(() => undefined);
  fs.rmSync(folder, { recursive: true });
});

function open(options: DiskJournalOptions = {}): Journal {
  const journal = openDiskJournal(folder, options);
  journals.push(journal);
  return journal;
}

const path = (): string => join(folder, 'journal.bin');

function texts(journal: Journal): string[] {
  const read: string[] = [];
  journal.replay((record) => read.push(Buffer.from(record).toString()));
  return read;
}

/** A disk that takes `room` bytes more, and syncs while `syncs` is true. */
class SmallDisk implements Disk {
  readonly hangMs = REAL_DISK.hangMs;
  room = Number.POSITIVE_INFINITY;
  syncs = true;

  write(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number {
    if (this.room <= 0) throw new Error('ENOSPC');
    const taken = REAL_DISK.write(fd, bytes, offset, Math.min(length, this.room), position);
    this.room -= taken;
    return taken;
  }

  sync(fd: number): Promise<void> {
    return this.syncs ? REAL_DISK.sync(fd) : Promise.reject(new Error('EIO'));
  }
}

function terms(campaignId: string): BudgetTerms {
  return {
    campaignId,
    termsVersion: 1,
    model: 'cpm',
    dailyBudgetNanos: costNanos(1_000_000_000),
    lifetimeBudgetNanos: null,
    timezone: 'UTC',
    evenOver: null,
    budgetMode: 'strict',
    unitNanos: costNanos(100),
  };
}

async function reserve(ledger: EmbeddedLedger, campaignId: string, nowMs = NOON_MS): Promise<boolean> {
  const reservedNanos = costNanos(100);
  const taken = ledger.reserve(ledger.account(terms(campaignId)), reservedNanos, nowMs, EXPIRY_SEC);
  if (taken === null) return false;
  const bid = { ...taken, campaignId, reservedNanos, expirySec: EXPIRY_SEC };
  return (await ledger.post(bid, reservedNanos, nowMs)) === 'posted';
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Takes some turns of the event loop, as a medium does. */
async function slowSync(fd: number): Promise<void> {
  for (let at = 0; at < 4; at++) await turn();
  await REAL_DISK.sync(fd);
}

describe('the journal on disk', () => {
  it('gives back in order what was saved', async () => {
    const journal = open();
    const long = 'x'.repeat(3_000_000);
    for (const text of ['one', long, 'three']) journal.append(Buffer.from(text));
    await journal.saved();
    expect(texts(open())).toEqual(['one', long, 'three']);
  });

  it('drops a torn tail wherever it is torn, and goes on behind what is whole', async () => {
    const journal = open();
    journal.append(Buffer.from('first'));
    await journal.saved();
    const whole = fs.statSync(path()).size;
    journal.append(Buffer.from('second'));
    await journal.saved();
    const bytes = fs.readFileSync(path());
    for (let end = whole; end < bytes.length; end++) {
      fs.writeFileSync(path(), bytes.subarray(0, end));
      const torn = open();
      expect(texts(torn)).toEqual(['first']);
      torn.append(Buffer.from('third'));
      await torn.saved();
      expect(texts(open())).toEqual(['first', 'third']);
    }
  });

  it('takes neither a damaged record nor a tail of zeros for its own', async () => {
    const journal = open();
    for (const text of ['first', 'second']) journal.append(Buffer.from(text));
    await journal.saved();
    const bytes = fs.readFileSync(path());
    fs.writeFileSync(path(), Buffer.concat([bytes, Buffer.alloc(4_096)]));
    expect(texts(open())).toEqual(['first', 'second']);
    bytes[bytes.length - 1] = 0;
    fs.writeFileSync(path(), bytes);
    expect(texts(open())).toEqual(['first']);
  });

  it('tells of a tail that it cuts off, and keeps it in a file of its own', async () => {
    const journal = open();
    for (const text of ['first', 'second']) journal.append(Buffer.from(text));
    await journal.saved();
    const bytes = fs.readFileSync(path());
    const offset = bytes.length - 14;
    fs.writeFileSync(path(), bytes.subarray(0, bytes.length - 1));
    const tails: unknown[] = [];
    expect(texts(open({ onTorn: (tail) => tails.push(tail) }))).toEqual(['first']);
    const keptIn = join(folder, 'journal.torn');
    expect(tails).toEqual([{ path: path(), offset, bytes: 13, keptIn }]);
    expect(fs.readFileSync(keptIn)).toEqual(bytes.subarray(offset, bytes.length - 1));
    expect(texts(open({ onTorn: (tail) => tails.push(tail) }))).toEqual(['first']);
    expect(tails).toHaveLength(1);
  });

  it('is refused when any one byte before its last record is damaged, and left as it is', async () => {
    const journal = open();
    for (const text of ['first', 'second', 'third', 'x'.repeat(2_000_000), 'last']) {
      journal.append(Buffer.from(text));
    }
    await journal.saved();
    const bytes = fs.readFileSync(path());
    const second = 16 + 8 + 5;
    const places = Array.from({ length: 8 + 6 + 8 + 5 + 8 }, (_, at) => second + at);
    for (const place of [...places, 1_500_000]) {
      const damaged = Buffer.from(bytes);
      damaged[place] = (damaged[place] ?? 0) ^ 0x40;
      fs.writeFileSync(path(), damaged);
      expect(() => texts(open()), place.toString()).toThrow(
        /journal\.bin is damaged at byte \d+.*truncate -s/,
      );
      expect(fs.readFileSync(path()).equals(damaged)).toBe(true);
    }
    const damaged = Buffer.from(bytes);
    damaged[second + 10] = 0;
    fs.writeFileSync(path(), damaged);
    expect(() => texts(open())).toThrow(
      `is damaged at byte ${second.toString()}, and whole records follow from byte ${(second + 14).toString()}`,
    );
  });

  it('is refused when it is of another version or none of ours, and begins anew when it has no whole header', () => {
    fs.writeFileSync(path(), Buffer.concat([Buffer.from('GAVELLED'), Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])]));
    expect(() => open()).toThrow('no ledger journal of version 2');
    fs.writeFileSync(path(), 'something else entirely');
    expect(() => open()).toThrow('no ledger journal of version 2');
    fs.writeFileSync(path(), 'GAVEL');
    expect(texts(open())).toEqual([]);
  });

  it('rejects saved while the disk is full, and makes a half-written record good when it has room again', async () => {
    const disk = new SmallDisk();
    const journal = open({ disk });
    journal.append(Buffer.from('first'));
    await journal.saved();
    disk.room = 5;
    journal.append(Buffer.from('second'));
    await expect(journal.saved()).rejects.toThrow('ENOSPC');
    expect(journal.healthy).toBe(false);
    disk.room = 1_000;
    await journal.saved();
    expect(journal.healthy).toBe(true);
    expect(texts(open())).toEqual(['first', 'second']);
  });

  it('hangs while the disk does not answer, and no longer', async () => {
    const answers: (() => void)[] = [];
    const sync = (): Promise<void> => new Promise((resolve) => answers.push(resolve));
    const journal = open({ disk: { ...REAL_DISK, sync, hangMs: 20 } });
    journal.append(Buffer.from('first'));
    const saved = journal.saved();
    expect(journal.isHanging).toBe(false);
    await expect.poll(() => journal.isHanging).toBe(true);
    expect(journal.healthy).toBe(true);
    answers[0]?.();
    await saved;
    expect(journal.isHanging).toBe(false);
  });

  it('shares one sync among all who wait in a turn', async () => {
    let syncs = 0;
    const sync = (fd: number): Promise<void> => {
      syncs++;
      return REAL_DISK.sync(fd);
    };
    const journal = open({ disk: { ...REAL_DISK, sync } });
    const waiting = Array.from({ length: 64 }, (_, at) => {
      journal.append(Buffer.from(at.toString()));
      return journal.saved();
    });
    await Promise.all(waiting);
    expect(syncs).toBe(1);
  });
});

describe('a ledger on disk', () => {
  it('rewrites a journal that has outgrown its state, and forgets nothing by that', async () => {
    const ledger = openLedger({
      journal: open({ rewriteBytes: 20_000 }),
      nowMs: NOON_MS,
      copiedBytesPerTick: 300,
    });
    let posts = 0;
    let largest = 0;
    for (let round = 0; round < 120; round++) {
      for (let at = 0; at < 20; at++) if (await reserve(ledger, `c${(posts % 7).toString()}`)) posts++;
      ledger.tick(NOON_MS);
      await ledger.saved();
      largest = Math.max(largest, ledger.size().journalBytes);
    }
    await ledger.close();
    expect(ledger.totals().rewrites).toBeGreaterThan(1);
    expect(largest).toBeLessThan(60_000);
    expect(fs.statSync(path()).size).toBe(ledger.size().journalBytes);
    const again = openLedger({ journal: open(), nowMs: NOON_MS });
    let spent = 0;
    for (let at = 0; at < 7; at++) spent += again.spend(`c${at.toString()}`, NOON_MS).spentTodayNanos;
    expect(spent).toBe(posts * 100);
  });

  it('rewrites its journal while notices come without a pause', async () => {
    const journal = open({ rewriteBytes: 2_000, disk: { ...REAL_DISK, sync: (fd) => slowSync(fd) } });
    const ledger = openLedger({ journal, nowMs: NOON_MS });
    // Two groups by turns: one always waits for a sync while the other's is under way.
    async function notify(place: number): Promise<void> {
      for (let at = 0; at < place; at++) await turn();
      for (let round = 0; round < 60; round++) {
        expect(await reserve(ledger, `c${place.toString()}`)).toBe(true);
        ledger.tick(NOON_MS);
        await ledger.saved();
      }
    }
    await Promise.all(Array.from({ length: 8 }, (_, place) => notify(place)));
    expect(ledger.totals().rewrites).toBeGreaterThan(1);
    await ledger.close();
    const again = openLedger({ journal: open(), nowMs: NOON_MS });
    for (let place = 0; place < 8; place++) {
      expect(again.spend(`c${place.toString()}`, NOON_MS).spentTodayNanos).toBe(6_000);
    }
  });

  it('bids nothing that a full disk has not recorded, and goes on when it has room', async () => {
    const disk = new SmallDisk();
    const ledger = openLedger({ journal: open({ disk }), nowMs: NOON_MS });
    disk.room = 10;
    expect(await reserve(ledger, 'c')).toBe(false);
    expect(await reserve(ledger, 'c')).toBe(false);
    // A lease that gave nothing is not remembered.
    expect(ledger.size().leases).toBe(0);
    await expect(ledger.saved()).rejects.toThrow('ENOSPC');
    disk.room = 1_000_000;
    await ledger.saved();
    expect(ledger.tick(NOON_MS)).toEqual(['c']);
    expect(await reserve(ledger, 'c')).toBe(true);
    expect(ledger.spend('c', NOON_MS).pendingNanos).toBe(0);
  });

  it('trusts a file whose sync failed no more, and goes on with a new one', async () => {
    const disk = new SmallDisk();
    const journal = open({ disk });
    const ledger = openLedger({ journal, nowMs: NOON_MS });
    expect(await reserve(ledger, 'c')).toBe(true);
    await ledger.saved();
    disk.syncs = false;
    for (let at = 0; at < 3; at++) expect(await reserve(ledger, 'c')).toBe(true);
    await expect(ledger.saved()).rejects.toThrow('EIO');
    expect(await reserve(ledger, 'other')).toBe(false);
    disk.syncs = true;
    await expect(ledger.saved()).rejects.toThrow('EIO');
    ledger.tick(NOON_MS);
    while (!journal.healthy) await turn();
    await ledger.saved();
    expect(await reserve(ledger, 'other')).toBe(true);
    expect(openLedger({ journal: open(), nowMs: NOON_MS }).spend('c', NOON_MS).spentTodayNanos).toBe(400);
  });

  it('withholds nothing but what is pending after it was closed in peace', async () => {
    const ledger = openLedger({ journal: open(), nowMs: NOON_MS });
    ledger.reserve(ledger.account(terms('c')), costNanos(100), NOON_MS, EXPIRY_SEC);
    await ledger.close();
    expect(openLedger({ journal: open(), nowMs: NOON_MS }).spend('c', NOON_MS).pendingNanos).toBe(100);
  });
});
