/**
 * Keeps the index up to what Postgres holds: it looks at the number of the last change, and when that has grown
 * the campaigns are compiled anew beside the snapshot that is being served, and the new one is published. While
 * Postgres is away the index in memory serves on.
 */
import type { UnsoundCampaign } from './campaigns/soundness.ts';
import type { CampaignStore } from './campaigns/store.ts';
import type { Log } from './server/http.ts';
import type { CompiledSnapshot, IndexCompiler } from './targeting/piscina-compiler.ts';
import type { SnapshotHolder } from './targeting/snapshot-holder.ts';
import type { Snapshot } from './targeting/snapshot.ts';

/** How soon a change of the campaigns is seen. One query of one row each. */
const LOOK_EVERY_MS = 500;
/** After a new index could not be made: the reason may be gone, and each try costs a core for a while. */
const RETRY_AFTER_MS = 2_000;
/** Readers of the previous snapshot finish within a bid's deadline; after that a new buffer is taken. */
const SPARE_WAIT_MS = 1_000;

export interface FeedEdges {
  readonly store: Pick<CampaignStore, 'version'>;
  readonly compiler: IndexCompiler;
  readonly databaseUrl: string;
  readonly priors: { readonly ctr: number; readonly cvr: number };
  readonly clock: () => number;
  readonly log: Log;
}

export interface CampaignFeed {
  /** false after Postgres could not be asked. */
  readonly isConnected: boolean;
  /** Resolves once the served index holds every change committed before the call; rejects where that fails. */
  catchUp(): Promise<void>;
  /** Nothing is prepared or published any more. What is being read is not waited for: Postgres may hang. */
  stop(): void;
}

/** The first snapshot; rejects with a sentence when the campaigns can't be read or compiled. */
export async function compileFirst(edges: FeedEdges): Promise<CompiledSnapshot> {
  const first = await compile(edges, 1, undefined).catch((error: unknown) => {
    throw new Error(`the index of the campaigns could not be made: ${messageOf(error)}`, { cause: error });
  });
  warnOfUnsound(edges.log, first.unsound, []);
  return first;
}

/** `prepare` is called with each new snapshot before it is published. */
export function followCampaigns(
  edges: FeedEdges,
  first: CompiledSnapshot,
  holder: SnapshotHolder,
  prepare: (next: Snapshot) => void,
): CampaignFeed {
  let { version, unsound } = first;
  const postgres = askPostgres(edges);
  let isStopped = false;
  let mayRenew = true;
  let renewing: Promise<void> | null = null;
  let lastFailure = '';
  let timer: NodeJS.Timeout | undefined;

  /** Goes on while an index is made, so that it is soon known when Postgres is away. */
  async function look(): Promise<void> {
    const last = await postgres.version();
    if (isStopped) return;
    if (last !== null && last !== version && mayRenew) renew().catch(() => undefined);
    timer = setTimeout(() => void look(), LOOK_EVERY_MS);
  }

  async function catchUp(): Promise<void> {
    const last = await postgres.version();
    if (last === null) throw new Error('Postgres can not be asked for the number of the last change');
    // One that is being made may have begun before the change.
    if (version < last) await renewing?.catch(() => undefined);
    if (version < last) await renew();
  }

  /** One index at a time: whoever asks while it is made waits for it. */
  function renew(): Promise<void> {
    renewing ??= makeIndex().finally(() => (renewing = null));
    return renewing;
  }

  /** Rejects where none could be made, which has been told then. */
  async function makeIndex(): Promise<void> {
    mayRenew = false;
    let restMs = 0;
    try {
      const buffer = await holder.spareBuffer(SPARE_WAIT_MS);
      const next = await compile(edges, holder.current.epoch + 1, buffer);
      if (isStopped) throw new Error('the feed was stopped before the new index was published');
      publish(next);
      lastFailure = '';
    } catch (error) {
      restMs = RETRY_AFTER_MS;
      // What fails again and again is told once.
      if (!isStopped && messageOf(error) !== lastFailure) {
        edges.log.error({ err: error }, 'a new index could not be made: the last one serves on');
      }
      lastFailure = messageOf(error);
      throw error;
    } finally {
      setTimeout(() => (mayRenew = true), restMs).unref();
    }
  }

  function publish(next: CompiledSnapshot): void {
    prepare(next.snapshot);
    holder.publish(next.snapshot);
    version = next.version;
    warnOfUnsound(edges.log, next.unsound, unsound);
    ({ unsound } = next);
    tellPublished(edges.log, next);
  }

  void look();
  return {
    get isConnected() {
      return postgres.isConnected;
    },
    catchUp,
    stop() {
      isStopped = true;
      postgres.stop();
      clearTimeout(timer);
    },
  };
}

interface Asked {
  readonly isConnected: boolean;
  /** The number of the last change; null: Postgres could not be asked. */
  version(): Promise<number | null>;
  /** What is still unanswered is no news. */
  stop(): void;
}

/** Tells when Postgres goes and when it comes back. */
function askPostgres({ store, log }: FeedEdges): Asked {
  let isConnected = true;
  let isStopped = false;
  return {
    get isConnected() {
      return isConnected;
    },
    async version() {
      try {
        const version = await store.version();
        if (!isConnected) log.info({}, 'Postgres is back');
        isConnected = true;
        return version;
      } catch (error) {
        if (isStopped) return null;
        if (isConnected) log.warn({ err: error }, 'Postgres can not be asked: the index in memory serves on');
        isConnected = false;
        return null;
      }
    },
    stop() {
      isStopped = true;
    },
  };
}

function tellPublished(log: Log, { snapshot, version, compileMs }: CompiledSnapshot): void {
  const { campaignCount, epoch } = snapshot;
  log.info({ version, epoch, campaignCount, compileMs: Math.round(compileMs) }, 'index published');
}

/** Names each campaign that is left out, but not again with every change of another. */
function warnOfUnsound(
  log: Log,
  unsound: readonly UnsoundCampaign[],
  named: readonly UnsoundCampaign[],
): void {
  const reasons = new Map(named.map(({ id, reason }) => [id, reason]));
  for (const { id, reason } of unsound) {
    if (reasons.get(id) === reason) continue;
    log.warn({ campaignId: id, reason }, 'a campaign is left out: it can not be served as it stands');
  }
}

function compile(
  edges: FeedEdges,
  epoch: number,
  buffer: SharedArrayBuffer | undefined,
): Promise<CompiledSnapshot> {
  const { databaseUrl, priors } = edges;
  return edges.compiler.compile({ epoch, nowMs: edges.clock(), priors, databaseUrl, buffer });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
