/** What the pool tells of itself, for metrics and the log. */

export interface PoolHooks {
  /** A batch came back from its worker, which was busy with it for `busyMs`. */
  onBatch(requests: number, busyMs: number): void;
  onWorkerExit(exitCode: number): void;
  /** A decision threw or a worker died: for the log. A client may be able to repeat it. */
  onFault(fault: string): void;
}

/** The first three are of this moment, the others count from the start. */
export interface PoolStats extends PoolCounts {
  readonly waitingRequests: number;
  readonly busyRegions: number;
  readonly threads: number;
}

interface PoolCounts {
  readonly batches: number;
  readonly batchedRequests: number;
  readonly workerBusyMs: number;
  readonly workerExits: number;
  readonly overloaded: number;
  readonly timeouts: number;
  readonly failures: number;
  readonly inline: number;
}

export const NOTHING_YET: PoolCounts = {
  batches: 0,
  batchedRequests: 0,
  workerBusyMs: 0,
  workerExits: 0,
  overloaded: 0,
  timeouts: 0,
  failures: 0,
  inline: 0,
};
