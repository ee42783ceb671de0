/**
 * Budgets that servers share over Redis, and what a ledger needs beside it: Postgres for books that Redis does not have, a
 * spool for what Redis could not be told, and the news of budgets that are spent.
 */
import type { SharedRedis } from './change-source.ts';
import type { Config } from './config.ts';
import { openSpool } from './events/lmdb-spool.ts';
import type { Spool } from './events/spool.ts';
import { spentStreamKey } from './ledger/ledger-keys.ts';
import type { CountedLedger } from './ledger/ledger.ts';
import { writeOwedCall } from './ledger/owed-call.ts';
import { followOwed } from './owed-calls.ts';
import { findPosted } from './posted-sums.ts';
import type { Log } from './server/http.ts';
import { newEventId } from './server/tracking.ts';
import type { Storage } from './storage.ts';
import { locateThread } from './thread-file.ts';

/** Of calls that could not be made: a quarter of a million. */
const OWED_MAX_BYTES = 64 * 1_048_576;
const READER = 'ledger';

export interface OpenLedger {
  readonly ledger: CountedLedger;
  readonly close: () => Promise<void>;
}

type Parts = Pick<Storage, 'dataDir' | 'databaseName' | 'pool'>;

export async function openSharedLedger(
  config: Pick<Config, 'spoolSync'>,
  storage: Parts,
  redis: SharedRedis,
  log: Log,
): Promise<OpenLedger> {
  // A server without Redis does without its client.
  const [{ openRedisLedger }, { defineLedgerScripts }, { followStream }] = await Promise.all([
    import('./ledger/redis-ledger.ts'),
    import('./ledger/redis-scripts.ts'),
    import('./database/redis-stream.ts'),
  ]);
  const { connection, databaseId } = redis;
  const spool = await openOwedSpool(config, storage, log);
  const ledger = openRedisLedger({
    scripts: defineLedgerScripts(connection, (fault) =>
      log.error({ fault }, 'a script of the ledger failed'),
    ),
    database: databaseId,
    node: newEventId(),
    nowMs: Date.now(),
    isUp: () => connection.state === 'up',
    owed: {
      async keep(call) {
        return (await spool.append(writeOwedCall(call), 'money')).outcome === 'kept';
      },
    },
    findPosted: (campaignId, dayStartMs) => findPosted(storage.pool, campaignId, dayStartMs),
  });
  const owed = followOwed(spool.connect(READER), (call) => ledger.settleOwed(call));
  const news = followStream({
    url: redis.url,
    isCluster: redis.isCluster,
    key: spentStreamKey(databaseId),
    after: 0,
    onEntry: ({ fields }) => ledger.hearSpent(fields.campaign ?? '', Date.now()),
    // The connection itself tells of it.
    onState: () => undefined,
  });
  log.info({}, 'budgets are shared over Redis');
  return {
    ledger,
    async close() {
      news.close();
      await ledger.close();
      await owed.close();
      await spool.close();
    },
  };
}

function openOwedSpool({ spoolSync }: Pick<Config, 'spoolSync'>, storage: Parts, log: Log): Promise<Spool> {
  return openSpool({
    // Of this database alone, as its events are.
    folder: `${storage.dataDir}/owed/${storage.databaseName}`,
    maxBytes: OWED_MAX_BYTES,
    sync: spoolSync,
    readers: [READER],
    threadFile: locateThread('./events/lmdb-spool-thread'),
    onTrouble: (trouble) => log.warn({ trouble }, 'what the ledger is owed: something is wrong'),
  });
}
