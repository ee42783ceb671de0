import { expect } from 'vitest';
import { serviceUrl } from '../fixtures/services.ts';
import { describeLedger, type LedgerBench } from './fixtures/ledger-suite.ts';
import { SharedBooks } from './fixtures/shared-books.ts';
import type { RedisLedger } from './redis-ledger.ts';

async function open(nowMs: number): Promise<LedgerBench> {
  const books = await SharedBooks.open(serviceUrl('REDIS_URL'));
  let ledger: RedisLedger = books.node(nowMs);
  return {
    get ledger() {
      return ledger;
    },
    async tick(atMs) {
      ledger.tick(atMs);
      await ledger.settled();
      return ledger.tick(atMs);
    },
    crash(atMs) {
      ledger = books.node(atMs);
      return Promise.resolve();
    },
    async close() {
      await books.close();
      expect(books.faults).toEqual([]);
    },
  };
}

describeLedger('the ledger in Redis', open);
