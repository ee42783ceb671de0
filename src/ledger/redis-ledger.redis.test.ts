import { serviceUrl } from '../fixtures/services.ts';
import { describeLedger } from './fixtures/ledger-suite.ts';
import { openSharedBench } from './fixtures/shared-bench.ts';

describeLedger('the ledger in Redis', (nowMs) => openSharedBench(serviceUrl('REDIS_URL'), nowMs));
