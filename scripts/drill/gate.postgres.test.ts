import pg from 'pg';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { openScratchServer } from '../../src/database/fixtures/postgres-scratch.ts';
import { openGate, type Gate, type Moment } from './gate.ts';

const scratch = openScratchServer();
let gate: Gate;
let direct: pg.Pool;
let gated: pg.Pool;

beforeEach(async () => {
  const url = new URL(await scratch.createDatabase());
  direct = new pg.Pool({ connectionString: url.href });
  await direct.query('CREATE TABLE consumed_offsets (next bigint); CREATE TABLE counted (batch int)');
  gate = await openGate(Number(url.port));
  url.port = String(gate.port);
  gated = new pg.Pool({ connectionString: url.href });
  gated.on('error', () => {});
});
afterEach(async () => {
  await gated.end();
  await direct.end();
  gate.close();
});
afterAll(() => scratch.close());

/** As the consumer does: named statements, whose text is sent once on each connection. */
async function count(batch: number, looksAtOffsets = true): Promise<void> {
  const client = await gated.connect();
  client.on('error', () => {});
  let isBroken = true;
  try {
    await client.query('BEGIN');
    if (looksAtOffsets) {
      await client.query({
        name: 'look',
        text: 'SELECT next FROM consumed_offsets WHERE next > $1',
        values: [0],
      });
    }
    for (let row = 0; row < 3; row++) {
      await client.query({ name: 'count', text: 'INSERT INTO counted VALUES ($1)', values: [batch] });
    }
    await client.query('COMMIT');
    isBroken = false;
  } finally {
    client.release(isBroken);
  }
}

async function countedBatches(): Promise<readonly number[]> {
  // What the broken line left undone holds its locks until it is gone.
  await direct.query('BEGIN; LOCK TABLE counted IN ACCESS EXCLUSIVE MODE; COMMIT');
  const { rows } = await direct.query<{ batch: number }>('SELECT batch FROM counted ORDER BY 1');
  return rows.map(({ batch }) => batch);
}

function lay(
  moment: Moment,
  batchesFirst = 0,
): { readonly came: () => number; readonly come: Promise<void> } {
  let moments = 0;
  const come = gate.ambush({ moment, batchesFirst, statement: 1, onMoment: () => (moments += 1) });
  return { come, came: () => moments };
}

test('a commit that is cut off before it arrives is none', async () => {
  const { come, came } = lay('before');
  await expect(count(1)).rejects.toThrow();
  await come;
  expect([came(), await countedBatches()]).toEqual([1, []]);
});

test('a commit whose answer is cut off stands, and its sender never hears of it', async () => {
  const { come, came } = lay('after');
  await expect(count(1)).rejects.toThrow();
  await come;
  expect([came(), await countedBatches()]).toEqual([1, [1, 1, 1]]);
});

test('a transaction is cut off inside', async () => {
  const { come, came } = lay('inside');
  await expect(count(1)).rejects.toThrow();
  await come;
  expect([came(), await countedBatches()]).toEqual([1, []]);
});

test('as many batches as wanted pass first, and so do transactions that are none, and what comes later', async () => {
  const { come, came } = lay('before', 1);
  await count(1, false);
  await count(2);
  await count(3, false);
  expect(came()).toBe(0);
  await expect(count(4)).rejects.toThrow();
  await come;
  await count(5);
  expect([came(), await countedBatches()]).toEqual([1, [1, 1, 1, 2, 2, 2, 3, 3, 3, 5, 5, 5]]);
});
