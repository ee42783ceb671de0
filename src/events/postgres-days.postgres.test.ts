import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../database/postgres-migrate.ts';
import { openPool, type Pool } from '../database/postgres-pool.ts';
import { openScratchServer, type ScratchServer } from '../database/fixtures/postgres-scratch.ts';
import { NOW_MS, adEvent, batchOf } from './fixtures/random-events.ts';
import { rowIds } from './fixtures/recount.ts';
import { consume } from './postgres-consume.ts';
import { listLetters } from './postgres-dead-letters.ts';
import { startDayKeeper } from './postgres-day-keeper.ts';
import { keepDays } from './postgres-days.ts';
import { DAY_MS } from './tally.ts';

const RETENTION = { eventDays: 3, seenDays: 2, deadDays: 4 };

let server: ScratchServer;
let pool: Pool;

beforeAll(() => {
  server = openScratchServer();
});
afterAll(async () => {
  await server.close();
});
beforeEach(async () => {
  const url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  return () => pool.end();
});

async function partitions(table: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1`,
    [table],
  );
  return rows.map(({ name }) => name.replace(`${table}_`, ''));
}

function consumeAt(nowMs: number, eventId: string, firstOffset: number) {
  const batch = batchOf([adEvent({ eventId, atMs: nowMs, receivedAtMs: nowMs })], { firstOffset });
  return consume(pool, batch, { nowMs, keptDays: RETENTION.eventDays });
}

describe('partitions by day', () => {
  it('are made two days ahead, and dropped behind the retention, by however many keepers', async () => {
    const keepers = (nowMs: number) => Promise.all([1, 2, 3].map(() => keepDays(pool, RETENTION, nowMs)));
    await keepers(NOW_MS);
    expect(await partitions('events_log')).toEqual(['20261121', '20261122', '20261123']);
    expect(await partitions('processed_events')).toEqual(['20261121']);
    expect(await keepers(NOW_MS)).toEqual([1, 2, 3].map(() => ({ made: [], dropped: [], letters: 0 })));
    for (let day = 1; day <= 6; day += 1) await keepers(NOW_MS + day * DAY_MS);
    const kept = ['20261124', '20261125', '20261126', '20261127', '20261128', '20261129'];
    for (const table of ['events_log', 'ad_stats_minute', 'bids_minute', 'no_bids_minute']) {
      expect([table, await partitions(table)]).toEqual([table, kept]);
    }
    // Those of the 24th were closed on the 25th, at noon: two days ago.
    expect(await partitions('processed_events')).toEqual(['20261125', '20261126', '20261127']);
  });

  it('go with the sums by day of ads of nobody’s, and leave those of ours', async () => {
    const events = ['ours', 'nobody’s'].map((eventId) =>
      adEvent({ eventId, adId: eventId, known: eventId === 'ours' }),
    );
    await consume(pool, batchOf(events), { nowMs: NOW_MS, keptDays: RETENTION.eventDays });
    const adDays = async (): Promise<readonly string[]> => {
      const { rows } = await pool.query<{ id: string }>('SELECT ad_id AS id FROM ad_stats_day ORDER BY 1');
      return rows.map(({ id }) => id);
    };
    await keepDays(pool, RETENTION, NOW_MS + RETENTION.eventDays * DAY_MS);
    expect(await adDays()).toEqual(['nobody’s', 'ours']);
    await keepDays(pool, RETENTION, NOW_MS + (RETENTION.eventDays + 1) * DAY_MS);
    expect(await adDays()).toEqual(['ours']);
  });

  it('that are missing are made for the row that needs them', async () => {
    expect(await consumeAt(NOW_MS, 'a', 0)).toMatchObject({ processed: 1 });
    expect(await consumeAt(NOW_MS - 2 * DAY_MS, 'b', 1)).toMatchObject({ processed: 1 });
    expect(await partitions('events_log')).toEqual(['20261119', '20261121']);
    expect(await rowIds(pool)).toEqual(['a', 'b']);
  });

  it('stay where a reader is at work in their table, and go with the next round', async () => {
    await consumeAt(NOW_MS, 'a', 0);
    const reader = await pool.connect();
    await reader.query('BEGIN; SELECT FROM events_log');
    const laterMs = NOW_MS + 10 * DAY_MS;
    const { dropped } = await keepDays(pool, RETENTION, laterMs);
    expect(dropped).toContain('ad_stats_minute_20261121');
    expect(dropped).not.toContain('events_log_20261121');
    await reader.query('COMMIT');
    reader.release();
    expect((await keepDays(pool, RETENTION, laterMs)).dropped).toContain('events_log_20261121');
  });

  it('of dead letters are kept as long as they are told to, and what was not replayed by then is gone', async () => {
    await keepDays(pool, RETENTION, NOW_MS);
    for (const ageDays of [3, 5, 6]) {
      await pool.query(
        `INSERT INTO dead_letters (source, partition, message_offset, value, reason, created_at)
         VALUES ('s', 0, $1, '', 'r', $2)`,
        [ageDays, new Date(NOW_MS - ageDays * DAY_MS)],
      );
    }
    expect(await keepDays(pool, RETENTION, NOW_MS)).toEqual({ made: [], dropped: [], letters: 2 });
    expect((await listLetters(pool, 0, 10)).map(({ offset }) => offset)).toEqual([3]);
  });

  it('are kept by the clock of Postgres, from the start of a keeper on', async () => {
    const kept = await new Promise<readonly string[]>((resolve, reject) => {
      const keeper = startDayKeeper(pool, RETENTION, ({ made }) => resolve(made), reject);
      void keeper.close();
    });
    const { rows } = await pool.query<{ day: string }>(
      `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') AS day`,
    );
    expect(kept).toContain(`events_log_${rows[0]?.day ?? ''}`);
  });
});

describe('an id that was seen', () => {
  it('is known for two days and more, however late its day was closed, and then no more', async () => {
    await keepDays(pool, RETENTION, NOW_MS);
    await consumeAt(NOW_MS, 'a', 0);
    // Nobody keeps days for a while: its day is closed long after it ended.
    const lateMs = NOW_MS + 5 * DAY_MS;
    await keepDays(pool, RETENTION, lateMs + 1);
    await keepDays(pool, RETENTION, lateMs + 2 * DAY_MS);
    expect(await consumeAt(lateMs, 'a', 1)).toMatchObject({ processed: 0, deduped: 1 });
    await keepDays(pool, RETENTION, lateMs + 2 * DAY_MS + 1);
    expect(await consumeAt(lateMs, 'a', 2)).toMatchObject({ processed: 1, deduped: 0 });
  });
});

describe('the view of impressions', () => {
  it('answers the queries that are written for a table of that name, with ads as numbers or as texts', async () => {
    const nowMs = Date.now();
    const events = ['1', '1', '2', adEvent({ eventId: '' }).adId].map((adId, n) =>
      adEvent({ eventId: String(n), adId, known: false, atMs: nowMs, receivedAtMs: nowMs }),
    );
    const click = adEvent({
      eventId: 'c',
      type: 'click',
      adId: '1',
      known: false,
      atMs: nowMs,
      receivedAtMs: nowMs,
    });
    await consume(pool, batchOf([...events, click]), { nowMs, keptDays: 3 });
    const today = await pool.query(
      'SELECT ad_id, COUNT(*) FROM impressions WHERE created_at >= CURRENT_DATE GROUP BY ad_id ORDER BY COUNT(*) DESC;',
    );
    expect(today.rows[0]).toEqual({ ad_id: '1', count: 2 });
    expect(today.rowCount).toBe(3);
    for (const one of ['1', `'1'`]) {
      const { rows } = await pool.query(`SELECT COUNT(*) FROM impressions WHERE ad_id = ${one};`);
      expect([one, rows]).toEqual([one, [{ count: 2 }]]);
    }
  });
});
