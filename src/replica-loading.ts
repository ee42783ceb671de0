/**
 * Campaigns read from the replica of DATABASE_READ_URL: all of them, and changes that are too many for the feed to read itself.
 * The replica is asked once it holds all that was committed before, and what it gives is of the version that it says. A few
 * changes are read from the primary: they are what a node is told of, a moment before a replica has them.
 */
import type { CampaignStore } from './campaigns/store.ts';
import type { Log } from './server/http.ts';
import type { IndexCompiler, IndexSaver, RateMeter } from './targeting/piscina-compiler.ts';

export interface ReplicaEdges {
  readonly replicaUrl: string;
  readonly primary: Pick<CampaignStore, 'version'>;
  readonly replica: Pick<CampaignStore, 'version'>;
  readonly log: Log;
}

/** Replicas lag by milliseconds. To wait longer would leave changes unserved, and the primary has them. */
const LAG_LIMIT_MS = 1_000;
const LOOK_EVERY_MS = 20;

export function loadFromReplica(
  compiler: IndexCompiler & IndexSaver & RateMeter,
  { replicaUrl, primary, replica, log }: ReplicaEdges,
): IndexCompiler & IndexSaver & RateMeter {
  let isTold = false;

  /** Rejects where either can't be asked. */
  async function isCaughtUp(): Promise<boolean> {
    const last = await primary.version();
    const deadlineMs = performance.now() + LAG_LIMIT_MS;
    while ((await replica.version()) < last) {
      if (performance.now() > deadlineMs) return false;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return true;
  }

  function tell(error: unknown): void {
    if (!isTold) log.warn({ err: error }, 'campaigns are read from the primary, not from the replica');
    isTold = true;
  }

  /** null: the primary is to be asked. */
  async function onReplica<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      if (!(await isCaughtUp())) {
        tell(new Error(`it lags by more than ${String(LAG_LIMIT_MS)} ms`));
        return null;
      }
      const done = await work();
      isTold = false;
      return done;
    } catch (error) {
      tell(error);
      return null;
    }
  }

  return {
    ...compiler,
    async compile(order) {
      const compiled = await onReplica(async () => {
        const answer = await compiler.compile({ ...order, databaseUrl: replicaUrl });
        if (answer.version <= (await primary.version())) return answer;
        throw new Error('it holds changes that the primary does not: it is of another database');
      });
      return compiled ?? compiler.compile(order);
    },
    async saveChanges(order) {
      const saved = await onReplica(() => compiler.saveChanges({ ...order, databaseUrl: replicaUrl }));
      return saved ?? compiler.saveChanges(order);
    },
    // Counts may lag; that the replica is away, reports and campaigns tell.
    measure: (order) =>
      compiler.measure({ ...order, databaseUrl: replicaUrl }).catch(() => compiler.measure(order)),
  };
}
