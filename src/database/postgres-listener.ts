/**
 * Hears what the database notifies (NOTIFY), on a connection of its own: one of a pool is anybody's. A broken one is
 * opened again; behind a pooler that shares sessions nothing is ever heard, so that whoever listens also asks at times.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import { settlesWithin } from './postgres-patience.ts';
import { CONNECT_TIMEOUT_MS } from './postgres-pool.ts';

export interface Listener {
  /** Takes a quarter second at most, also where Postgres hangs. */
  close(): Promise<void>;
}

/** As long as a server needs to start again; who listens asks twice a second meanwhile. */
const RECONNECT_AFTER_MS = 1_000;
const END_LIMIT_MS = 250;

/** `onNotice` is also called when listening begins, or begins again: notices may have passed by until then. */
export function listenTo(channel: string, url: string, onNotice: () => void): Listener {
  const closing = new AbortController();
  let client: pg.Client | null = null;

  async function hear(): Promise<void> {
    client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'gavel-listen',
    });
    const ended = new Promise<void>((resolve) => client?.once('end', resolve));
    // Told by `ended`, too; without a listener it would end the process.
    client.on('error', () => undefined);
    client.on('notification', onNotice);
    await client.connect();
    await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    onNotice();
    await ended;
  }

  async function hearAlways(): Promise<void> {
    while (!closing.signal.aborted) {
      await hear().catch(() => undefined);
      void client?.end().catch(() => undefined);
      await sleep(RECONNECT_AFTER_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  void hearAlways();
  return {
    async close() {
      closing.abort();
      if (client !== null) await settlesWithin(client.end(), END_LIMIT_MS);
    },
  };
}
