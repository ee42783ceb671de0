/** Calls whose event or whose money a hanging disk does not take. */
import { describe, expect, it } from 'vitest';
import { AD_ID, TrackingDesk } from './fixtures/tracking-desk.ts';
import type { HttpAnswer } from './http.ts';

/** What is appended waits until `goOn`. */
function hangSpool(desk: TrackingDesk): { goOn(): void } {
  const append = desk.spool.append.bind(desk.spool);
  let goOn = (): void => undefined;
  const hanging = new Promise<void>((resolve) => (goOn = resolve));
  desk.spool.append = (...record) => hanging.then(() => append(...record));
  return { goOn: () => goOn() };
}

const statusOf = async (answer: Promise<HttpAnswer>): Promise<number> => (await answer).status;

describe('while the disk of the spool hangs', () => {
  it('each call is answered, as if nothing could be kept, and what the disk takes in the end counts', async () => {
    const desk = new TrackingDesk();
    const tokens = await desk.bid();
    const won = await desk.bid();
    const disk = hangSpool(desk);
    const event = { event_id: 'e', type: 'click', ad_id: AD_ID };
    const statuses = await Promise.all([
      statusOf(desk.get(`/win?t=${won.win}&price=0.25`)),
      statusOf(desk.get(`/billing?t=${won.billing}&price=0.25`)),
      statusOf(desk.get(`/impression?t=${tokens.impression}`)),
      statusOf(desk.get(`/impression?ad_id=${AD_ID}`)),
      statusOf(desk.get(`/click?t=${tokens.click}`)),
      statusOf(desk.get(`/click?adId=${AD_ID}&campaignId=c&userId=u`)),
      statusOf(desk.post('/events', [event, { ...event, event_id: 'f' }])),
      statusOf(desk.get('/serve?userId=u&placementId=p')),
    ]);
    expect(statuses).toEqual([503, 503, 503, 200, 302, 503, 503, 503]);
    expect(desk.outcomes.every((outcome) => outcome.endsWith(' not_kept'))).toBe(true);
    disk.goOn();
    await expect.poll(() => desk.types().length).toBe(9);
    // The ad of /serve is charged, as for a caller that hung up: its event says so.
    await expect.poll(() => desk.spentNanos()).toBe(desk.toldNanos());
    const told = desk.toldNanos();
    expect(await statusOf(desk.get(`/billing?t=${won.billing}&price=0.25`))).toBe(204);
    expect(await statusOf(desk.post('/events', event))).toBe(202);
    expect([desk.toldNanos(), desk.types().length]).toEqual([told, 9]);
  });
});

describe('while the disk of the ledger hangs', () => {
  it('calls that move money are answered 503, and their repeat counts', async () => {
    const desk = new TrackingDesk();
    const tokens = await desk.bid();
    const saved = desk.ledger.saved.bind(desk.ledger);
    desk.ledger.saved = () => new Promise<void>(() => undefined);
    expect(
      await Promise.all([
        statusOf(desk.get(`/impression?t=${tokens.impression}`)),
        statusOf(desk.post('/bid', { userId: 'u', placementId: 'p' })),
      ]),
    ).toEqual([503, 503]);
    desk.ledger.saved = saved;
    expect(await statusOf(desk.get(`/impression?t=${tokens.impression}`))).toBe(200);
    expect(desk.spentNanos()).toBe(desk.toldNanos());
  });
});
