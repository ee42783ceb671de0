/** A PostgreSQL for one test file: the server at DATABASE_URL where it is set, else an embedded one. */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { removeFolder } from './disk-postgres-folder.ts';
import { startEmbeddedPostgres } from './postgres-embedded.ts';

export const SILENT = { debug: () => {}, info: () => {}, warn: () => {} };

export interface ScratchServer {
  /** A new, empty database. */
  readonly createDatabase: () => Promise<string>;
  readonly close: () => Promise<void>;
}

export async function openScratchServer(): Promise<ScratchServer> {
  const given = process.env.DATABASE_URL ?? '';
  const dataDir = join(tmpdir(), `gavel-test-${randomUUID()}`);
  const embedded =
    given === ''
      ? await startEmbeddedPostgres({
          dataDir,
          log: SILENT,
          onExit: (reason) => {
            throw new Error(`the test's PostgreSQL ended: ${reason}`);
          },
        })
      : null;
  const server = embedded?.url ?? given;
  const made: string[] = [];
  return {
    createDatabase: async () => {
      const name = `gavel_test_${randomUUID().replaceAll('-', '')}`;
      await execute(server, `CREATE DATABASE ${name}`);
      made.push(name);
      const url = new URL(server);
      url.pathname = `/${name}`;
      return url.href;
    },
    close: async () => {
      if (embedded === null) {
        for (const name of made) await execute(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      } else {
        await embedded.stop();
        removeFolder(dataDir);
      }
    },
  };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
