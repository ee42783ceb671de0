import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey, findKey, listKeys, revokeKey } from './postgres-keys.ts';
import { migrate } from './postgres-migrate.ts';
import { openPool, type Pool } from './postgres-pool.ts';
import { openScratchServer, type ScratchServer } from './fixtures/postgres-scratch.ts';

let server: ScratchServer;
let pool: Pool;

beforeAll(async () => {
  server = openScratchServer();
  const url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
});
afterAll(async () => {
  await pool.end();
  await server.close();
});

describe('a management key', () => {
  it('is found by itself alone until it is revoked, and is nowhere in the database', async () => {
    const terms = { name: 'reporting', role: 'read', advertiserId: randomUUID() } as const;
    const key = (await createKey(pool, terms)) ?? '';
    expect(await findKey(pool, key)).toEqual(terms);
    expect(await findKey(pool, `${key}x`)).toBeNull();
    const { rows } = await pool.query('SELECT * FROM management_keys');
    expect(JSON.stringify(rows)).not.toContain(key);
    expect(await revokeKey(pool, 'reporting')).toBe(true);
    expect(await revokeKey(pool, 'reporting')).toBe(false);
    expect(await findKey(pool, key)).toBeNull();
  });

  it('has a name that no other ever had', async () => {
    expect(await createKey(pool, { name: 'once', role: 'manage', advertiserId: null })).toMatch(
      /^gvk_.{43}$/,
    );
    await revokeKey(pool, 'once');
    expect(await createKey(pool, { name: 'once', role: 'read', advertiserId: null })).toBeNull();
    const listed = (await listKeys(pool)).find(({ name }) => name === 'once');
    expect(listed).toMatchObject({
      role: 'manage',
      advertiserId: null,
      revokedAt: expect.any(Date) as unknown,
    });
  });
});
