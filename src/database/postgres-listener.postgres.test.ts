import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { listenTo, type Listener } from './postgres-listener.ts';
import { openPool, type Pool } from './postgres-pool.ts';
import { openScratchServer } from './fixtures/postgres-scratch.ts';

const DEADLINE = { timeout: 10_000 };

const server = openScratchServer();
let url: string;
let pool: Pool;
beforeAll(async () => {
  url = await server.createDatabase();
  pool = openPool(url, () => {});
});
afterAll(async () => {
  await pool.end();
  await server.close();
});

async function listening(onNotice: () => void): Promise<Listener> {
  let begun = false;
  const listener = listenTo('changes', url, () => {
    if (begun) onNotice();
    begun = true;
  });
  await vi.waitUntil(() => begun, DEADLINE);
  return listener;
}

it('hears a notice when its transaction commits, and none of another channel', async () => {
  let heard = 0;
  const listener = await listening(() => heard++);
  await pool.query(`BEGIN; NOTIFY other; NOTIFY changes; ROLLBACK`);
  await pool.query(`BEGIN; NOTIFY other; NOTIFY changes; COMMIT`);
  await vi.waitUntil(() => heard > 0, DEADLINE);
  await pool.query('NOTIFY changes');
  await vi.waitUntil(() => heard > 1, DEADLINE);
  expect(heard).toBe(2);
  await listener.close();
});

it('listens again after its connection was ended, and says so, since notices may have passed by', async () => {
  let heard = 0;
  const listener = await listening(() => heard++);
  await pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gavel-listen'`,
  );
  await vi.waitUntil(() => heard === 1, DEADLINE);
  await pool.query('NOTIFY changes');
  await vi.waitUntil(() => heard === 2, DEADLINE);
  await listener.close();
});

it('leaves no connection behind when it is closed', async () => {
  const listener = await listening(() => {});
  await listener.close();
  await vi.waitUntil(async () => {
    const { rows } = await pool.query<{ count: number }>(
      `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gavel-listen'`,
    );
    return rows[0]?.count === 0;
  }, DEADLINE);
});
