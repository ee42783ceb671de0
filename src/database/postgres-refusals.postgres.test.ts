import { once } from 'node:events';
import pg from 'pg';
import { expect, it } from 'vitest';
import { serviceUrl } from '../fixtures/services.ts';
import { isUnreachable } from './postgres-refusals.ts';

it('a connection that broke between two queries is one to a server that nobody reaches', async () => {
  const client = new pg.Client({ connectionString: serviceUrl('DATABASE_URL') });
  const broken = once(client, 'error');
  // It tells of its end as well.
  client.on('error', () => {});
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const other = new pg.Client({ connectionString: serviceUrl('DATABASE_URL') });
  await other.connect();
  await other.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
  await other.end();
  await broken;
  const refused = await client.query('SELECT 1').catch((error: unknown) => error);
  await client.end();
  expect(isUnreachable(refused)).toBe(true);
  expect(isUnreachable(new Error('nothing of the kind'))).toBe(false);
});
