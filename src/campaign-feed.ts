/**
 * Keeps the index up to what Postgres holds. It looks at the number of the last change, when it is told of one and
 * twice a second besides, reads the campaigns that changed and publishes the next index (targeting/index-writer.ts);
 * what is too much for this thread is compiled on another one. While Postgres is away the index in memory serves on.
 */
import type { Campaign } from './campaigns/model.ts';
import { selectSound, type UnsoundCampaign } from './campaigns/soundness.ts';
import type { CampaignChanges, CampaignStore } from './campaigns/store.ts';
import type { Log } from './server/http.ts';
import { IndexWriter, NEWEST_CAMPAIGNS, type NextIndex, type TierKind } from './targeting/index-writer.ts';
import type { IndexHolder } from './targeting/index-holder.ts';
import type { Compiled, IndexCompiler } from './targeting/piscina-compiler.ts';

/** How soon a change is seen of which nobody told us. One query of one row each. */
const LOOK_EVERY_MS = 500;
/** Readers of the previous base finish within a bid's deadline; after that a new buffer is taken. */
const SPARE_WAIT_MS = 1_000;
const FIRST_EPOCH = 1;

export interface FeedEdges {
  readonly store: Pick<CampaignStore, 'version' | 'changedSince'>;
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

export interface FirstIndex {
  readonly writer: IndexWriter;
  readonly unsound: readonly UnsoundCampaign[];
}

/** The first index; rejects when the campaigns can't be read. */
export async function compileFirst(edges: FeedEdges): Promise<FirstIndex> {
  const first = await compile(edges, FIRST_EPOCH, null, undefined);
  const { unsound } = first;
  for (const { id, reason } of unsound) warnOfUnsound(edges.log, id, reason);
  return { writer: new IndexWriter(first, FIRST_EPOCH, edges.priors), unsound };
}

/** `prepare` is called with each new index before it is published. */
export function followCampaigns(
  edges: FeedEdges,
  first: FirstIndex,
  holder: IndexHolder,
  prepare: (next: NextIndex) => void,
): CampaignFeed {
  const feed = new Feed(edges, first, holder, prepare);
  feed.start();
  return feed;
}

class Feed implements CampaignFeed {
  isConnected = true;
  readonly #edges: FeedEdges;
  readonly #writer: IndexWriter;
  readonly #holder: IndexHolder;
  readonly #prepare: (next: NextIndex) => void;
  /** Why a campaign is left out, as it was told. */
  readonly #named: Map<string, string>;
  /** What is compiled beside the index. */
  readonly #orders = new Map<TierKind, Promise<void>>();
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  /** A look under way may have asked for the number before the change: the next one serves all who come meanwhile. */
  #underWay: Promise<void> = Promise.resolve();
  #nextLook: Promise<void> | null = null;

  constructor(
    edges: FeedEdges,
    { writer, unsound }: FirstIndex,
    holder: IndexHolder,
    prepare: (next: NextIndex) => void,
  ) {
    this.#edges = edges;
    this.#writer = writer;
    this.#holder = holder;
    this.#prepare = prepare;
    this.#named = new Map(unsound.map(({ id, reason }) => [id, reason]));
  }

  start(): void {
    void this.#lookOften();
  }

  catchUp(): Promise<void> {
    this.#nextLook ??= this.#underWay
      .catch(() => undefined)
      .then(() => {
        this.#nextLook = null;
        this.#underWay = this.#lookAndTell();
        return this.#underWay;
      });
    return this.#nextLook;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #lookOften(): Promise<void> {
    await this.catchUp().catch(() => undefined);
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#lookOften(), LOOK_EVERY_MS);
  }

  /** Rejects with what `#look` rejects with, once it has been told. */
  async #lookAndTell(): Promise<void> {
    const { log } = this.#edges;
    try {
      await this.#look();
      if (!this.isConnected) log.info({}, 'Postgres is back');
      this.isConnected = true;
    } catch (error) {
      if (!this.#isStopped) {
        if (this.isConnected) log.warn({ err: error }, 'Postgres is away: the index in memory serves on');
        this.isConnected = false;
      }
      throw error;
    }
  }

  async #look(): Promise<void> {
    const { store } = this.#edges;
    const writer = this.#writer;
    const last = await store.version();
    if (last < writer.version) {
      // The database was set back to a time before: nothing that the index holds is newer than what comes.
      writer.distrust();
      await this.#order('base');
    }
    while (writer.version < last) {
      const since = writer.version;
      const changes = await store.changedSince(since, NEWEST_CAMPAIGNS);
      this.#assertRunning();
      // Where a tier came meanwhile, it may hold what was read, and more.
      if (writer.version !== since) continue;
      if (changes.campaigns === null) await this.#order(writer.dueWith(changes.changed.size));
      else this.#apply(changes, changes.campaigns);
    }
    this.#orderWhatIsDue();
  }

  #apply({ version, changed }: CampaignChanges, campaigns: readonly Campaign[]): void {
    const startMs = performance.now();
    const { sound, unsound } = selectSound(campaigns);
    this.#publish(this.#writer.apply({ version, changed, campaigns: sound }, this.#edges.clock()));
    for (const id of changed.keys()) {
      if (!unsound.some((campaign) => campaign.id === id)) this.#named.delete(id);
    }
    this.#nameUnsound(unsound);
    this.#tellPublished({ changes: changed.size, applyMs: Math.round(performance.now() - startMs) });
  }

  #order(kind: TierKind): Promise<void> {
    let work = this.#orders.get(kind);
    if (work === undefined) {
      work = this.#compileTier(kind).finally(() => this.#orders.delete(kind));
      this.#orders.set(kind, work);
    }
    return work;
  }

  async #compileTier(kind: TierKind): Promise<void> {
    const writer = this.#writer;
    const buffer = kind === 'base' ? await this.#holder.spareBuffer(SPARE_WAIT_MS) : undefined;
    const since = kind === 'base' ? null : writer.baseVersion;
    const compiled = await compile(this.#edges, writer.index.epoch + 1, since, buffer);
    this.#assertRunning();
    this.#publish(writer.install(compiled, this.#edges.clock()));
    this.#nameUnsound(compiled.unsound);
    this.#tellPublished({ tier: kind, compileMs: Math.round(compiled.compileMs) });
  }

  /** In the background: the index is up to date without it. */
  #orderWhatIsDue(): void {
    const { due } = this.#writer;
    if (due === null) return;
    const kind = this.#orders.has('base') ? 'middle' : due;
    if (this.#orders.has(kind)) return;
    this.#order(kind).catch((error: unknown) => {
      if (this.#isStopped) return;
      this.#edges.log.warn({ err: error }, 'the index could not be merged: it is tried again');
    });
  }

  #publish(next: NextIndex | null): void {
    if (next === null) return;
    this.#prepare(next);
    this.#holder.publish(next.index);
  }

  #assertRunning(): void {
    if (this.#isStopped) throw new Error('the feed was stopped before the change was published');
  }

  /** Names each campaign that is left out, but not again with every change of another. */
  #nameUnsound(unsound: readonly UnsoundCampaign[]): void {
    for (const { id, reason } of unsound) {
      if (this.#named.get(id) !== reason) warnOfUnsound(this.#edges.log, id, reason);
      this.#named.set(id, reason);
    }
  }

  #tellPublished(how: object): void {
    const { index, version } = this.#writer;
    const { campaignCount, epoch } = index;
    this.#edges.log.info({ version, epoch, campaignCount, ...how }, 'index published');
  }
}

function warnOfUnsound(log: Log, campaignId: string, reason: string): void {
  log.warn({ campaignId, reason }, 'a campaign is left out: it can not be served as it stands');
}

function compile(
  edges: FeedEdges,
  epoch: number,
  since: number | null,
  buffer: SharedArrayBuffer | undefined,
): Promise<Compiled> {
  const { databaseUrl, priors } = edges;
  return edges.compiler.compile({ epoch, nowMs: edges.clock(), priors, databaseUrl, since, buffer });
}
