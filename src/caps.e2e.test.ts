/** Frequency caps as exchanges and pages meet them, on a server that runs alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCappedCampaign, askForBid, notify } from './fixtures/capped-visits.ts';
import { newDataDir, removeDataDir, startGavel, type GavelProcess } from './fixtures/gavel-process.ts';

const dataDir = newDataDir();
let gavel: GavelProcess;

beforeAll(async () => {
  gavel = await startGavel(dataDir, { GAVEL_DEMO: '0' });
  await createCappedCampaign(gavel, [
    { limit: 2, window: 'day' },
    { limit: 50, window: 'week' },
  ]);
});
afterAll(async () => {
  await gavel.stop();
  removeDataDir(dataDir);
});

describe('a campaign that is shown twice a day', () => {
  it('gets no third bid of a user, and a loss makes room for one', async () => {
    const first = await askForBid(gavel, 'exchange-user');
    expect(await askForBid(gavel, 'exchange-user')).not.toBeNull();
    expect(await askForBid(gavel, 'exchange-user')).toBeNull();
    expect(await askForBid(gavel, 'another')).not.toBeNull();
    expect(await notify(gavel, first?.lurl ?? '')).toBe(204);
    expect(await askForBid(gavel, 'exchange-user')).not.toBeNull();
    expect(await askForBid(gavel, 'exchange-user')).toBeNull();
  });

  it('gets exactly 2 bids of 200 simultaneous requests of one user', async () => {
    const asked = Array.from({ length: 200 }, () => askForBid(gavel, 'impatient'));
    expect((await Promise.all(asked)).filter((bid) => bid !== null).length).toBe(2);
  });

  it('is served twice a day by GET /serve', async () => {
    const statuses = [];
    for (let time = 0; time < 3; time++) {
      const query = 'userId=page-user&placementId=p&countryCode=US&deviceType=mobile';
      statuses.push((await fetch(`${gavel.url}/serve?${query}`)).status);
    }
    expect(statuses).toEqual([200, 200, 204]);
  });

  it('is remembered over kill -9: what was shown, and what may yet be', async () => {
    const shown = await askForBid(gavel, 'crash-user');
    await notify(gavel, shown?.burl ?? '');
    expect(await askForBid(gavel, 'crash-user')).not.toBeNull();
    await gavel.kill();
    gavel = await startGavel(dataDir, { GAVEL_DEMO: '0' });
    expect(await askForBid(gavel, 'crash-user')).toBeNull();
    await notify(gavel, shown?.burl ?? '');
    expect(await askForBid(gavel, 'crash-user')).toBeNull();
    await notify(gavel, shown?.lurl ?? '');
    expect(await askForBid(gavel, 'crash-user')).toBeNull();
  });
});
