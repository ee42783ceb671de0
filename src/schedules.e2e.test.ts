/** Campaigns that begin and end by the clock alone: nothing is written when they do. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  ADMIN_KEY,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';

/** Until the campaign begins, and then until it ends: time for some rounds also on a machine under load. */
const UNTIL_START_MS = 3_000;
const UNTIL_END_MS = 4_000;
/** At once, so that each worker has its share. */
const REQUESTS_A_ROUND = 16;
const SIZE = { width: 311, height: 211 };

const dataDir = newDataDir();
let gavel: GavelProcess;

beforeAll(async () => {
  gavel = await startGavel(dataDir, { GAVEL_WORKERS: '2', GAVEL_DEMO: '0' });
});
afterAll(async () => {
  await gavel.stop();
  removeDataDir(dataDir);
});

async function create(name: string, schedule: object, { width, height } = SIZE): Promise<string> {
  const answer = await fetch(`${gavel.url}/campaigns`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name,
      advertiserId: 'c9bf9e57-1685-4c89-bafb-ff5af830be8a',
      bid: { model: 'cpm', amount: 2 },
      dailyBudget: 500,
      schedule,
      ads: [{ title: name, html: '<b>x</b>', redirectUrl: 'https://x.example', width, height }],
    }),
  });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { id: string }).id;
}

/** Whether each of a round's requests got its bid, and when the round began and ended. */
async function round(): Promise<{ sentMs: number; answeredMs: number; bids: readonly boolean[] }> {
  const sentMs = Date.now();
  const body = JSON.stringify({
    id: 'x',
    imp: [{ id: '1', banner: { w: SIZE.width, h: SIZE.height } }],
  });
  const bids = await Promise.all(
    Array.from({ length: REQUESTS_A_ROUND }, async () => {
      const answer = await fetch(`${gavel.url}/openrtb2/bid`, { method: 'POST', body });
      await answer.arrayBuffer();
      return answer.status === 200;
    }),
  );
  return { sentMs, answeredMs: Date.now(), bids };
}

it('a campaign bids from its start to its end, to the millisecond, whatever else changes meanwhile', async () => {
  const startMs = Date.now() + UNTIL_START_MS;
  const endMs = startMs + UNTIL_END_MS;
  const schedule = { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() };
  await create('Short', schedule);
  const rounds = { before: 0, during: 0, after: 0 };
  // Each is an incremental change, after which the index is another one.
  let others = 0;
  while (rounds.after === 0) {
    const { sentMs, answeredMs, bids } = await round();
    if (answeredMs < startMs) {
      expect(bids, 'before the start').not.toContain(true);
      rounds.before++;
    } else if (sentMs >= startMs && answeredMs < endMs) {
      expect(bids, `${sentMs - startMs} ms after the start`).not.toContain(false);
      rounds.during++;
    } else if (sentMs >= endMs) {
      expect(bids, `${sentMs - endMs} ms after the end`).not.toContain(true);
      rounds.after++;
    }
    const due = (rounds.before > 0 ? 1 : 0) + (rounds.during > 0 ? 1 : 0);
    if (others < due) await create(`Other ${others++}`, {}, { width: 99, height: 99 });
  }
  expect(Math.min(rounds.before, rounds.during)).toBeGreaterThan(0);
  expect(others).toBe(2);
});
