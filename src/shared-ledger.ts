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
import { readOwedCall, writeOwedCall } from './ledger/owed-call.ts';
import { followOwed, type OwedFollower } from './owed-calls.ts';
import { createPostedSums, findMarked } from './posted-sums.ts';
import type { Log } from './server/http.ts';
import { newEventId } from './server/tracking.ts';
import type { Storage } from './storage.ts';
import { locateThread } from './thread-file.ts';

/** Of calls that could not be made: a quarter of a million. */
const OWED_MAX_BYTES = 64 * 1_048_576;
/** What one of them is owed, the other passes over. */
export const OWED_READERS = ['ledger', 'caps'] as const;

export interface OpenLedger {
  readonly ledger: CountedLedger;
  /** What it is owed is kept, beside what its journal keeps. */
  readonly isKeeping: () => boolean;
  /** Where what is owed is kept; null: nothing ever is. */
  readonly owed: Spool | null;
  /** The accounts of its campaigns are open: what it is owed is done. */
  readonly begin: () => void;
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
    isOpen: connection.isOpen,
    waitMs: redis.waitMs,
    owed: {
      async keep(call) {
        return (await spool.append(writeOwedCall(call), 'money')).outcome === 'kept';
      },
    },
    findPosted: createPostedSums(storage.pool),
    findMarked: (campaignId) => findMarked(storage.pool, campaignId),
  });
  let owed: OwedFollower | null = null;
  const news = followStream({
    url: redis.url,
    isCluster: redis.isCluster,
    key: spentStreamKey(databaseId),
    after: 0,
    onEntry({ fields }) {
      if (fields.lost === undefined) ledger.hearSpent(fields.campaign ?? '', Date.now());
      else ledger.hearLoss();
    },
    // The connection itself tells of it.
    onState: () => undefined,
  });
  log.info({}, 'budgets are shared over Redis');
  return {
    ledger,
    isKeeping: () => spool.isSound,
    owed: spool,
    begin() {
      owed ??= followOwed(
        () => spool.connect(OWED_READERS[0]),
        (record) => {
          const call = readOwedCall(record);
          return call === null ? null : ledger.settleOwed(call);
        },
      );
    },
    async close() {
      news.close();
      await ledger.close();
      await owed?.close();
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
    readers: OWED_READERS,
    threadFile: locateThread('./events/lmdb-spool-thread'),
    onTrouble: (trouble) => log.warn({ trouble }, 'what the ledger is owed: something is wrong'),
  });
}
