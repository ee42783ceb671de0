/** What counts as shown where a campaign has frequency caps, by whichever way it comes. */
import { beforeEach, describe, expect, it } from 'vitest';
import { openCaps } from '../ledger/embedded-caps.ts';
import { unpackRecord } from '../ledger/cap-record.ts';
import { openMemoryJournal } from '../ledger/memory-journal.ts';
import { NBR } from '../openrtb/codes.ts';
import { AD_ID, TrackingDesk } from './fixtures/tracking-desk.ts';

let desk: TrackingDesk;
beforeEach(() => {
  desk = new TrackingDesk({ frequencyCaps: [{ limit: 2, window: 'day' }] });
});

async function get(path: string): Promise<number> {
  return (await desk.get(path)).status;
}

/** Showings and held bids of the user. */
function counts(user = 'u'): readonly [number, number] {
  const record = desk.caps.recordOf(desk.signer.hashUser(user));
  if (record === '') return [0, 0];
  const [campaign] = unpackRecord(record).campaigns;
  return [campaign?.windows[0]?.showings ?? 0, campaign?.held.length ?? 0];
}

describe('a capped campaign', () => {
  it('is shown by its bill or by an impression with its token, whichever is first, and once', async () => {
    const [first, second] = [await desk.bid(), await desk.bid()];
    expect(counts()).toEqual([0, 2]);
    await get(`/impression?t=${first.impression}`);
    await get(`/billing?t=${first.billing}&price=1`);
    await get(`/impression?t=${first.impression}`);
    expect(counts()).toEqual([1, 1]);
    await get(`/billing?t=${second.billing}&price=1`);
    await get(`/impression?t=${second.impression}`);
    expect(counts()).toEqual([2, 0]);
    await expect(desk.bid()).rejects.toThrow('no bid');
    expect(desk.noBids).toEqual([NBR.userCapMet]);
  });

  it('is free again after a loss, which counts once', async () => {
    const [first] = [await desk.bid(), await desk.bid()];
    await expect(desk.bid()).rejects.toThrow('no bid');
    await get(`/loss?t=${first.loss}&reason=102`);
    await get(`/loss?t=${first.loss}&reason=102`);
    expect(counts()).toEqual([0, 1]);
    await desk.bid();
    await expect(desk.bid()).rejects.toThrow('no bid');
  });

  it('counts a bill after its loss all the same', async () => {
    const bid = await desk.bid();
    await get(`/loss?t=${bid.loss}&reason=102`);
    await get(`/billing?t=${bid.billing}&price=1`);
    expect(counts()).toEqual([1, 0]);
  });

  it('is touched neither by a win, a click nor an impression without a token', async () => {
    const bid = await desk.bid();
    await get(`/win?t=${bid.win}&price=1`);
    await get(`/click?t=${bid.click}`);
    await get(`/impression?ad_id=${AD_ID}`);
    expect(counts()).toEqual([0, 1]);
  });

  it.each([
    ['GET /serve', () => desk.get('/serve?userId=v&placementId=p&countryCode=US&deviceType=mobile')],
    [
      'POST /bid',
      () => desk.post('/bid', { userId: 'v', placementId: 'p', countryCode: 'US', deviceType: 'mobile' }),
    ],
  ] as const)('is shown at once by %s', async (_form, ask) => {
    const statuses = [(await ask()).status, (await ask()).status, (await ask()).status];
    expect([statuses, counts('v')]).toEqual([
      [200, 200, 204],
      [2, 0],
    ]);
    desk.nowMs += 86_400_000;
    expect((await ask()).status).toBe(200);
  });

  it('that could not be charged was not shown', async () => {
    desk.journal.setSound(false);
    const form = '/serve?userId=v&placementId=p&countryCode=US&deviceType=mobile';
    expect(await get(form)).not.toBe(200);
    desk.journal.setSound(true);
    expect(counts('v')).toEqual([0, 0]);
  });

  it('bids again when its journal does, and a bill that can not be kept is to be sent again', async () => {
    const journal = openMemoryJournal();
    desk.caps = openCaps(journal);
    desk.restart();
    const bid = await desk.bid();
    journal.setSound(false);
    await expect(desk.bid()).rejects.toThrow('no bid');
    expect(desk.noBids).toEqual([NBR.ledgerAway]);
    expect(await get(`/billing?t=${bid.billing}&price=1`)).toBe(503);
    journal.setSound(true);
    expect(await get(`/billing?t=${bid.billing}&price=1`)).toBe(204);
    expect(counts()).toEqual([1, 0]);
    await desk.bid();
  });
});

describe('a campaign without caps', () => {
  it('leaves no trace of its users', async () => {
    desk = new TrackingDesk();
    const bid = await desk.bid();
    await get(`/billing?t=${bid.billing}&price=1`);
    expect(desk.caps.size()).toEqual({ users: 0, recordBytes: 0 });
  });
});
