import { describe, expect, test } from 'vitest';
import { seededRandom } from '../campaigns/seeded-random.ts';
import { openTestReader, openTestSpool, readAll, spoolFolder } from './fixtures/spool-folder.ts';
import type { Appended, Spool, SpoolReader, SpoolSync } from './spool.ts';
import { SPOOL_CLASSES } from './spool.ts';

const RECORD = Buffer.from('a record');

function appendMany(spool: Spool, count: number, record: Uint8Array = RECORD): Promise<Appended[]> {
  return Promise.all(Array.from({ length: count }, () => spool.append(record, 'money')));
}

describe('what is appended', () => {
  test('is read back in order, byte for byte, under sequences from 1 on', async () => {
    const spool = await openTestSpool(spoolFolder());
    const reader = openTestReader(spool);
    const written = ['one', '', 'three'].map((text) => Buffer.from(text));
    const appended = await Promise.all(written.map((record) => spool.append(record, 'tracking')));
    expect(appended).toEqual([1, 2, 3].map((sequence) => ({ outcome: 'kept', sequence })));
    expect((await readAll(reader)).map(({ record }) => Buffer.from(record))).toEqual(written);
    await spool.close();
  });

  test('in one turn makes one group', async () => {
    const spool = await openTestSpool(spoolFolder());
    const before = spool.figures().groups;
    await appendMany(spool, 1_000);
    expect(spool.figures().groups).toBe(before + 1);
    await spool.close();
  });

  test('is a copy, for the spool and for the reader', async () => {
    const spool = await openTestSpool(spoolFolder());
    const reader = openTestReader(spool);
    const record = Buffer.from('mine');
    const appending = spool.append(record, 'money');
    record.fill(0);
    await appending;
    await reader.settle();
    reader.read(1, 1_000)[0]?.record.fill(0);
    expect(Buffer.from(reader.read(1, 1_000)[0]?.record ?? []).toString()).toBe('mine');
    await spool.close();
  });

  test('fails once the spool is closed, and what came before is kept', async () => {
    const folder = spoolFolder();
    const spool = await openTestSpool(folder);
    const appending = spool.append(RECORD, 'money');
    const closing = spool.close();
    expect(await spool.append(RECORD, 'money')).toEqual({ outcome: 'failed', sequence: 0 });
    expect(await appending).toEqual({ outcome: 'kept', sequence: 1 });
    await closing;
    const again = await openTestSpool(folder);
    expect(await readAll(openTestReader(again))).toHaveLength(1);
    await again.close();
  });
});

describe('a reader', () => {
  test('is woken by the next record, wherever it waits', async () => {
    const spool = await openTestSpool(spoolFolder());
    const reader = openTestReader(spool);
    const waiting = reader.wait();
    await spool.append(RECORD, 'money');
    await waiting;
    const next = reader.wait(1);
    await spool.append(RECORD, 'money');
    await next;
    expect(reader.read(10, 1_000, 1)).toHaveLength(1);
    await spool.close();
  });

  test('gets at least one record, and no more than both limits allow', async () => {
    const spool = await openTestSpool(spoolFolder());
    const reader = openTestReader(spool);
    await appendMany(spool, 100, Buffer.alloc(1_000));
    await reader.settle();
    expect(reader.read(7, 1_000_000)).toHaveLength(7);
    expect(reader.read(100, 5_000)).toHaveLength(5);
    expect(reader.read(100, 1)).toHaveLength(1);
    expect(reader.read(100, 1_000, 100)).toHaveLength(0);
    await spool.close();
  });

  test('that stands still holds deletion back, and figures show it', async () => {
    const folder = spoolFolder();
    const spool = await openTestSpool(folder, { readers: ['quick', 'slow'] });
    const quick = openTestReader(spool, 'quick');
    await appendMany(spool, 50);
    await quick.acknowledge(50);
    expect(spool.figures()).toMatchObject({
      liveRecords: 50,
      readers: [
        { name: 'quick', position: 50, waitingRecords: 0 },
        { name: 'slow', position: 0, waitingRecords: 50 },
      ],
    });
    expect(spool.figures().oldestAgeMs).toBeGreaterThanOrEqual(0);
    const slow = openTestReader(spool, 'slow');
    expect(await readAll(slow)).toHaveLength(50);
    await slow.acknowledge(50);
    expect(spool.figures()).toMatchObject({ liveRecords: 0, liveBytes: 0, oldestAgeMs: 0 });
    await spool.close();
  });

  test('may acknowledge what is not committed yet, and it is deleted all the same', async () => {
    const spool = await openTestSpool(spoolFolder(), { sync: { kind: 'every', ms: 20 } });
    const reader = openTestReader(spool);
    await appendMany(spool, 5);
    await reader.acknowledge(5);
    await expect.poll(() => spool.figures().liveRecords).toBe(0);
    await spool.close();
  });

  test('that is no longer named is forgotten, and a new one begins with what is there', async () => {
    const folder = spoolFolder();
    const first = await openTestSpool(folder, { readers: ['a', 'gone'] });
    await appendMany(first, 30);
    await openTestReader(first).acknowledge(10);
    await first.close();
    const second = await openTestSpool(folder, { readers: ['a', 'new'] });
    expect((await readAll(openTestReader(second, 'a')))[0]?.sequence).toBe(11);
    expect((await readAll(openTestReader(second, 'new')))[0]?.sequence).toBe(1);
    expect(() => second.connect('gone')).toThrow('no reader gone');
    await second.close();
  });

  test('is told when the spool closes under it', async () => {
    const spool = await openTestSpool(spoolFolder());
    const waiting = openTestReader(spool).wait();
    await Promise.all([expect(waiting).rejects.toThrow('the spool was closed'), spool.close()]);
  });
});

test('a spool that was drained empty goes on counting, under the same id, after each start', async () => {
  const folder = spoolFolder();
  let id = '';
  for (let round = 0; round < 3; round++) {
    const spool = await openTestSpool(folder);
    if (round > 0) expect(spool.id).toBe(id);
    id = spool.id;
    expect((await appendMany(spool, 5)).map(({ sequence }) => sequence)).toEqual(
      [1, 2, 3, 4, 5].map((index) => round * 5 + index),
    );
    await openTestReader(spool).acknowledge((round + 1) * 5);
    expect(spool.figures().liveRecords).toBe(0);
    await spool.close();
  }
});

test('a full spool drops bids first, then tracking, then money, counts them, and takes all again when it is drained', async () => {
  const record = Buffer.alloc(996);
  const spool = await openTestSpool(spoolFolder(), { maxBytes: 100_000 });
  const reader = openTestReader(spool);
  const outcomes = await Promise.all(Array.from({ length: 90 }, () => spool.append(record, 'bids')));
  expect(outcomes.filter(({ outcome }) => outcome === 'kept')).toHaveLength(80);
  for (const [spoolClass, kept] of [
    ['tracking', 10],
    ['money', 10],
  ] as const) {
    const appended = await Promise.all(Array.from({ length: 12 }, () => spool.append(record, spoolClass)));
    expect(appended.filter(({ outcome }) => outcome === 'kept')).toHaveLength(kept);
    expect(appended.at(-1)).toEqual({ outcome: 'full', sequence: 0 });
  }
  expect(spool.figures()).toMatchObject({
    liveBytes: 100_000,
    droppedByClass: { bids: 10, tracking: 2, money: 2 },
  });
  await reader.acknowledge(100);
  for (const spoolClass of SPOOL_CLASSES) {
    expect((await spool.append(record, spoolClass)).outcome).toBe('kept');
  }
  expect((await readAll(reader)).map(({ sequence }) => sequence)).toEqual([101, 102, 103]);
  await spool.close();
});

test('the file stays bounded while ever more goes through it, and no read holds its pages', async () => {
  const spool = await openTestSpool(spoolFolder());
  const reader = openTestReader(spool);
  let bytes = 0;
  for (let round = 0; round < 150; round++) {
    await appendMany(spool, 500, Buffer.alloc(400 + round));
    bytes += 500 * (404 + round);
    const records = await readAll(reader);
    // Some always stays behind.
    await reader.acknowledge((records.at(-1)?.sequence ?? 0) - 200);
  }
  expect(bytes).toBeGreaterThan(30_000_000);
  expect(spool.figures().fileBytes).toBeLessThanOrEqual(2 * 4_194_304);
  await spool.close();
});

describe.each<SpoolSync>([{ kind: 'group' }, { kind: 'every', ms: 20 }])('with sync $kind', (sync) => {
  test.each([1, 2, 3].map((salt) => (Date.now() ^ salt) >>> 0))(
    'a random walk keeps to the model (seed %i)',
    async (seed) => {
      await walk(seed, sync);
    },
  );
});

/** Appends, reads, acknowledges and reopens at random; what is read must be what was appended. */
async function walk(seed: number, sync: SpoolSync): Promise<void> {
  const random = seededRandom(seed);
  const folder = spoolFolder();
  const names = ['a', 'b'];
  const model: Buffer[] = [];
  const positions = new Map(names.map((name) => [name, 0]));
  let spool = await openTestSpool(folder, { sync, readers: names });
  let readers = new Map(names.map((name) => [name, openTestReader(spool, name)]));

  async function append(): Promise<void> {
    const records = Array.from({ length: random.integer(60) }, () => {
      const bytes = random.chance(0.02) ? random.integer(50_000) : random.integer(900);
      return Buffer.alloc(bytes, random.integer(256));
    });
    const appended = await Promise.all(
      records.map((record) => spool.append(record, random.pick(SPOOL_CLASSES))),
    );
    appended.forEach((one, index) => {
      expect(one).toEqual({ outcome: 'kept', sequence: model.length + index + 1 });
    });
    model.push(...records);
  }

  async function readSome(reader: SpoolReader): Promise<void> {
    const behind = positions.get(reader.name) ?? 0;
    expect(reader.position).toBe(behind);
    if (behind < model.length) await reader.wait();
    const records = reader.read(1 + random.integer(100), 1 + random.integer(60_000));
    records.forEach(({ sequence, record }, index) => {
      expect(sequence).toBe(behind + index + 1);
      expect(model[sequence - 1]?.equals(record)).toBe(true);
    });
    if (behind < model.length) expect(records.length).toBeGreaterThan(0);
    if (records.length === 0 || random.chance(0.3)) return;
    const through = behind + random.between(1, records.length);
    const acknowledged = reader.acknowledge(through);
    positions.set(reader.name, through);
    if (random.chance(0.8)) await acknowledged;
    else acknowledged.catch(() => undefined);
  }

  async function reopen(): Promise<void> {
    for (const reader of readers.values()) await reader.close();
    await spool.close();
    spool = await openTestSpool(folder, { sync, readers: names });
    readers = new Map(names.map((name) => [name, openTestReader(spool, name)]));
    expect(spool.figures().lastSequence).toBe(model.length);
    // An acknowledgement that nobody waited for may have been lost.
    for (const reader of readers.values()) {
      expect(reader.position).toBeLessThanOrEqual(positions.get(reader.name) ?? 0);
      positions.set(reader.name, reader.position);
    }
  }

  for (let step = 0; step < 60; step++) {
    const lot = random.next();
    if (lot < 0.4) await append();
    else if (lot < 0.93) await readSome(readers.get(random.pick(names))!);
    else await reopen();
    expect(spool.figures().liveRecords).toBeGreaterThanOrEqual(
      model.length - Math.min(...positions.values()),
    );
  }
  for (const reader of readers.values()) await reader.acknowledge(model.length);
  await expect.poll(() => spool.figures()).toMatchObject({ liveRecords: 0, liveBytes: 0 });
  await spool.close();
}
