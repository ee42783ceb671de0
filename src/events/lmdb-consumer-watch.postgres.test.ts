/** The thread that counts events, which dies. */
import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { openScratchServer } from '../database/fixtures/postgres-scratch.ts';
import { migrate } from '../database/postgres-migrate.ts';
import { openPool } from '../database/postgres-pool.ts';
import { adEvent } from './fixtures/random-events.ts';
import { rowIds } from './fixtures/recount.ts';
import { openTestSpool, spoolFolder } from './fixtures/spool-folder.ts';
import { watchConsumer, type ThreadReport } from './lmdb-consumer-watch.ts';
import { encodeEvent } from './msgpack-event.ts';

const LONG_MS = 60_000;
const server = openScratchServer();
afterAll(() => server.close());

it('is not up for as long as its thread stays dead, and counts all once one lives', async () => {
  const databaseUrl = await server.createDatabase();
  await migrate(databaseUrl);
  const folder = spoolFolder();
  const spool = await openTestSpool(folder);
  const reports: ThreadReport[] = [];
  const consumer = watchConsumer({
    spool,
    reader: 'a',
    threadFile: new URL('fixtures/dying-consumer-thread.ts', import.meta.url),
    onReport: (report) => reports.push(report),
  });
  consumer.count({ databaseUrl, retention: { eventDays: 30, seenDays: 2, deadDays: 30 } });
  const record = (eventId: string): Promise<unknown> => {
    const nowMs = Date.now();
    return spool.append(encodeEvent(adEvent({ eventId, atMs: nowMs, receivedAtMs: nowMs })), 'money');
  };
  await record('before');
  await expect.poll(() => consumer.figures().processed).toBe(1);
  expect(consumer.figures().isUp).toBe(true);
  writeFileSync(`${folder}.die`, '');
  await expect.poll(() => consumer.figures().isUp).toBe(false);
  await record('meanwhile');
  // The second that dies, too.
  const deaths = (): number => reports.filter(({ kind }) => kind === 'trouble').length;
  await expect.poll(deaths).toBeGreaterThan(1);
  expect(consumer.figures()).toMatchObject({ isUp: false, processed: 1 });
  rmSync(`${folder}.die`);
  await expect.poll(() => consumer.figures()).toMatchObject({ isUp: true, processed: 2 });
  expect(reports.find(({ kind }) => kind === 'trouble')).toEqual({
    kind: 'trouble',
    sentence: 'The thread that counts events failed, and is started again: it ended',
  });
  expect(reports.filter(({ kind }) => kind === 'going')).toHaveLength(1);
  await consumer.close(LONG_MS);
  const pool = openPool(databaseUrl, () => {});
  expect(await rowIds(pool)).toEqual(['before', 'meanwhile']);
  await pool.end();
  await spool.close();
});
