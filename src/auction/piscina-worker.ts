/** What runs in each thread of the pool: the decider, over batches. No clients, timers or promises live here. */
import { threadId, workerData } from 'node:worker_threads';
import { openIndex } from '../targeting/tiers.ts';
import type { DeciderPolicy } from './admit.ts';
import { createBatchRunner, type WorkerData } from './batch-run.ts';
import { BatchMemory } from './batch.ts';
import { createDecider } from './decide.ts';

const { layout, memory, policy } = workerData as WorkerData<DeciderPolicy>;
const decider = createDecider(policy);

export const runBatch = createBatchRunner({
  memory: new BatchMemory(layout, memory),
  thread: threadId,
  decide: (index, body, nowMs, resume) => decider.decide(index, body, nowMs, resume),
  openIndex,
  nowMs: () => Date.now(),
  elapsedMs: () => performance.now(),
});
