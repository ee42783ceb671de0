/**
 * Frequency caps. Where servers share them over Redis, with what they need beside it: Postgres for what Redis has lost, and
 * a spool for showings that Redis could not be told.
 */
import type { SharedRedis } from './change-source.ts';
import type { Pool } from './database/postgres-pool.ts';
import type { Spool } from './events/spool.ts';
import type { Journals } from './journal-keeping.ts';
import type { CapTerms, WatchedCaps } from './ledger/caps.ts';
import { openCaps } from './ledger/embedded-caps.ts';
import { readOwedShowing, writeOwedShowing } from './ledger/owed-showing.ts';
import { followOwed } from './owed-calls.ts';
import { readCapTerms, readPastShowings } from './past-showings.ts';
import type { Catalog } from './server/catalog.ts';
import type { Log } from './server/http.ts';
import { OWED_READERS } from './shared-ledger.ts';

interface OpenCaps {
  readonly caps: WatchedCaps;
  /** Before the spool is closed. */
  readonly close: () => Promise<void>;
}

interface CapsParts {
  /** null: this server runs alone. */
  readonly redis: SharedRedis | null;
  readonly owed: Pick<Spool, 'append' | 'connect'> | null;
  readonly pool: Pool;
  readonly journals: Journals;
  readonly current: () => Catalog;
}

/** Those of a server that runs alone, too. */
export async function openFrequencyCaps(parts: CapsParts, log: Log): Promise<OpenCaps> {
  const { redis, owed, pool, journals, current } = parts;
  if (redis !== null && owed !== null) return openSharedCaps({ redis, owed, pool, current }, log);
  const caps = openCaps(journals.open('caps'));
  return { caps, close: () => caps.close() };
}

interface SharedParts extends Pick<CapsParts, 'pool' | 'current'> {
  readonly redis: SharedRedis;
  readonly owed: Pick<Spool, 'append' | 'connect'>;
}

async function openSharedCaps({ redis, pool, owed, current }: SharedParts, log: Log): Promise<OpenCaps> {
  const { openRedisCaps } = await import('./ledger/redis-caps.ts');
  const caps = openRedisCaps({
    redis: redis.connection,
    database: redis.databaseId,
    clock: Date.now,
    holdLimitMs: redis.waitMs,
    past: {
      readTerms: () => readCapTerms(pool),
      readShowings: (tags) => readPastShowings(pool, tags),
    },
    termsOf: (campaignId) => termsOf(current(), campaignId),
    owed: {
      async keep(bid, atMs) {
        return (await owed.append(writeOwedShowing({ bid, atMs }), 'money')).outcome === 'kept';
      },
    },
    onFault: (fault) => log.error({ fault }, 'frequency caps could not be asked'),
    onRecovery: createRecoveryTeller(log),
  });
  const follower = followOwed(
    () => owed.connect(OWED_READERS[1]),
    (record) => {
      const showing = readOwedShowing(record);
      return showing === null ? null : caps.settleOwed(showing.bid, showing.atMs);
    },
  );
  // Not only once it is asked for its first bid.
  caps.tick(Date.now());
  return {
    caps,
    async close() {
      await follower.close();
      await caps.close();
    },
  };
}

/** null: it has no caps, or is not served. */
function termsOf(catalog: Catalog, campaignId: string): CapTerms | null {
  const campaign = catalog.index.campaignOrdinal(campaignId);
  return campaign < 0 ? null : catalog.caps(campaign);
}

/** The same trouble again, each second, is told once. */
function createRecoveryTeller(log: Log): (recovered: number | Error) => void {
  let last = '';
  return (recovered) => {
    const trouble = typeof recovered === 'number' ? '' : recovered.message;
    if (typeof recovered === 'number')
      log.info({ tags: recovered }, 'Redis had no frequency caps, or had lost them: they are there now');
    else if (trouble !== last)
      log.warn(
        { err: recovered },
        'frequency caps can not be put back: until then capped campaigns do not bid',
      );
    last = trouble;
  };
}
