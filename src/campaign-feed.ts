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

/** The first snapshot; rejects when the campaigns can't be read. */
export async function compileFirst(edges: FeedEdges): Promise<CompiledSnapshot> {
  const first = await compile(edges, 1, undefined);
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
  let isConnected = true;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    if ((await edges.store.version()) === version) return;
    const buffer = await holder.spareBuffer(SPARE_WAIT_MS);
    const next = await compile(edges, holder.current.epoch + 1, buffer);
    if (isStopped) throw new Error('the feed was stopped before the change was published');
    prepare(next.snapshot);
    holder.publish(next.snapshot);
    version = next.version;
    warnOfUnsound(edges.log, next.unsound, unsound);
    ({ unsound } = next);
    const { campaignCount, epoch } = next.snapshot;
    edges.log.info(
      { version, epoch, campaignCount, compileMs: Math.round(next.compileMs) },
      'index published',
    );
  }

  /** Rejects with what `look` rejects with, once it has been told. */
  async function lookAndTell(): Promise<void> {
    try {
      await look();
      if (!isConnected) edges.log.info({}, 'Postgres is back');
      isConnected = true;
    } catch (error) {
      if (!isStopped) {
        if (isConnected) edges.log.warn({ err: error }, 'Postgres is away: the index in memory serves on');
        isConnected = false;
      }
      throw error;
    }
  }

  /** A look under way may have asked for the number before the change: the next one serves all who come meanwhile. */
  let underWay: Promise<void> = Promise.resolve();
  let nextLook: Promise<void> | null = null;

  function catchUp(): Promise<void> {
    nextLook ??= underWay
      .catch(() => undefined)
      .then(() => {
        nextLook = null;
        underWay = lookAndTell();
        return underWay;
      });
    return nextLook;
  }

  async function lookOften(): Promise<void> {
    await catchUp().catch(() => undefined);
    if (!isStopped) timer = setTimeout(() => void lookOften(), LOOK_EVERY_MS);
  }

  void lookOften();
  return {
    get isConnected() {
      return isConnected;
    },
    catchUp,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
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
