/** Frequency caps over two servers that share a Redis and a Postgres. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { createCappedCampaign, askForBid, notify } from './fixtures/capped-visits.ts';
import { newDataDir, removeDataDir, startGavel, type GavelProcess } from './fixtures/gavel-process.ts';
import { serviceUrl } from './fixtures/services.ts';

/** Another server hears of a campaign through Redis. */
const SOON = { timeout: 30_000, interval: 50 };

const server = openScratchServer();
const folders = [newDataDir(), newDataDir()];
let nodes: readonly GavelProcess[] = [];

beforeAll(async () => {
  const environment = { DATABASE_URL: await server.createDatabase(), REDIS_URL: serviceUrl('REDIS_URL') };
  nodes = await Promise.all(folders.map((folder) => startGavel(folder, environment)));
  await createCappedCampaign(node(0), [{ limit: 3, window: 'day' }]);
  await vi.waitFor(async () => expect(await askForBid(node(1), 'probe')).not.toBeNull(), SOON);
});
afterAll(async () => {
  await Promise.all(nodes.map((each) => each.kill()));
  folders.forEach(removeDataDir);
  await server.close();
});

function node(place: number): GavelProcess {
  const gavel = nodes[place];
  if (gavel === undefined) throw new Error('two servers');
  return gavel;
}

describe('a campaign that is shown three times a day', () => {
  it('gets exactly 3 bids of 200 simultaneous requests of one user to two servers', async () => {
    const asked = Array.from({ length: 200 }, (_, n) => askForBid(node(n % 2), 'everywhere'));
    const bids = (await Promise.all(asked)).filter((bid) => bid !== null);
    // A machine under load answers some of them without the caps, which came too late; what was held for them is free.
    while (bids.length < 3)
      bids.push(...[await askForBid(node(0), 'everywhere')].filter((bid) => bid !== null));
    expect(bids.length).toBe(3);
    for (const [place, bid] of bids.entries()) expect(await notify(node(place % 2), bid.burl)).toBe(204);
    expect([await askForBid(node(0), 'everywhere'), await askForBid(node(1), 'everywhere')]).toEqual([
      null,
      null,
    ]);
  });

  it('is free again on both servers after a loss', async () => {
    const bids = [];
    for (let time = 0; time < 3; time++) bids.push(await askForBid(node(0), 'loser'));
    expect(await askForBid(node(1), 'loser')).toBeNull();
    await notify(node(0), bids[0]?.lurl ?? '');
    await expect.poll(async () => (await askForBid(node(1), 'loser')) !== null).toBe(true);
    expect(await askForBid(node(1), 'loser')).toBeNull();
  });
});
