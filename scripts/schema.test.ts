import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/database/postgres-embedded.ts';
import { migrate } from '../src/database/postgres-migrate.ts';
import { SILENT } from '../src/database/fixtures/silent-log.ts';
import { dumpSchema } from './schema-dump.ts';

let dataDir: string;
let postgres: EmbeddedPostgres;
let client: pg.Client;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'gavel-schema-'));
  postgres = await startEmbeddedPostgres({ dataDir, onExit: () => {}, log: SILENT });
  await migrate(postgres.url);
  client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

it('schema.sql shows what the migrations make: `npm run schema` writes it anew', async () => {
  await expect(await dumpSchema(client)).toMatchFileSnapshot('../schema.sql');
});

it('a change of any kind shows', async () => {
  const before = await dumpSchema(client);
  const changes = [
    'ALTER TABLE ads ADD COLUMN extra integer',
    'ALTER TABLE ads ALTER COLUMN title DROP NOT NULL',
    `ALTER TABLE ads ALTER COLUMN title SET DEFAULT ''`,
    'ALTER TABLE ads DROP CONSTRAINT ads_banner_size',
    'CREATE INDEX extra ON ads (title)',
    'DROP TRIGGER ads_updated ON ads',
    `CREATE OR REPLACE FUNCTION keep_campaign_audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
    'DROP VIEW impressions',
    'ALTER DOMAIN nanos ADD CHECK (VALUE <> 7)',
    `COMMENT ON COLUMN ads.title IS 'x'`,
  ];
  for (const change of changes) {
    await client.query('BEGIN');
    await client.query(change);
    expect(await dumpSchema(client), change).not.toBe(before);
    await client.query('ROLLBACK');
  }
  await client.query('CREATE TABLE a_day PARTITION OF events_log DEFAULT');
  expect(await dumpSchema(client)).toBe(before);
});
