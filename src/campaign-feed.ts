/**
 * Keeps the index up to what Postgres holds. It looks at the number of the last change, when it is told of one and
 * twice a second besides, reads the campaigns that changed and publishes the next index (targeting/index-writer.ts);
 * what is too much for this thread is compiled on another one. While Postgres is away the index in memory serves on.
 * Where a stream brings the changes, it looks less often, for what the stream missed.
 */
import type { Campaign } from './campaigns/model.ts';
import { selectSound } from './campaigns/soundness.ts';
import type { CampaignChanges, CampaignStore } from './campaigns/store.ts';
import { openChangeNumber, type ChangeNumber } from './change-number.ts';
import { compileTier, type CompilingEdges, type FirstIndex } from './index-opening.ts';
import type { LeftOutCampaigns } from './left-out-campaigns.ts';
import {
  NEWEST_CAMPAIGNS,
  NONE_TRUSTED,
  type IndexWriter,
  type NextIndex,
  type TierKind,
} from './targeting/index-writer.ts';
import type { IndexHolder } from './targeting/index-holder.ts';
import type { Measured } from './targeting/piscina-compiler.ts';
import { TierOrders } from './tier-orders.ts';

/** How soon a change is seen of which nobody told us. One query of one row each. */
const LOOK_EVERY_MS = 500;
/** Beside a stream: what it missed is there within 5 s. */
const LOOK_BESIDE_STREAM_EVERY_MS = 4_000;
/** After changes could not be taken in: the reason may be gone, and each try costs a core for a while. */
const RETRY_AFTER_MS = 2_000;
/** Readers of the previous base finish within a bid's deadline; after that a new buffer is taken. */
const SPARE_WAIT_MS = 1_000;

export interface FeedEdges extends CompilingEdges {
  readonly store: Pick<CampaignStore, 'place' | 'changedSince'>;
}

export interface CampaignFeed {
  /** false after Postgres could not be asked. */
  readonly isConnected: boolean;
  /** The last change that is in the index. */
  readonly version: number;
  /** Changed campaigns that were read from Postgres. */
  readonly readCampaigns: number;
  /** All that changed after `version`, or after a change before it. */
  take(changes: CampaignChanges, campaigns: readonly Campaign[]): void;
  /** Whether a stream brings what changes; false at first. */
  setStreamed(isStreamed: boolean): void;
  /** Resolves once the served index holds every change committed before the call; rejects where that fails. */
  catchUp(): Promise<void>;
  /** Changes are ranked by these counts from now on, and where they move campaigns, all that is there. */
  rank(measured: Measured): Promise<void>;
  /** Nothing is prepared or published any more. What is being read is not waited for: Postgres may hang. */
  stop(): void;
}

/** Called with each new index before it is published. */
type Prepare = (next: NextIndex) => void;

export function followCampaigns(...parts: ConstructorParameters<typeof Feed>): CampaignFeed {
  return new Feed(...parts);
}

class Feed implements CampaignFeed {
  readCampaigns = 0;
  readonly #edges: FeedEdges;
  readonly #writer: IndexWriter;
  readonly #holder: IndexHolder;
  readonly #number: ChangeNumber;
  readonly #prepare: Prepare;
  readonly #leftOut: LeftOutCampaigns;
  readonly #orders = new TierOrders((kind) => this.#compileTier(kind));
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  /** Changes are taken in one after the other: whoever asks meanwhile waits for those under way. */
  #underWay: Promise<void> | null = null;
  #isResting = false;
  #lastFailure = '';
  #isStreamed = false;

  constructor(edges: FeedEdges, first: FirstIndex, holder: IndexHolder, prepare: Prepare) {
    this.#edges = edges;
    this.#writer = first.writer;
    this.#holder = holder;
    this.#number = openChangeNumber(edges.store, edges.log);
    this.#number.hold(first.mark);
    this.#prepare = prepare;
    this.#leftOut = first.leftOut;
    void this.#lookOften();
  }

  get isConnected(): boolean {
    return this.#number.isConnected;
  }
  get version(): number {
    return this.#writer.version;
  }

  take(changes: CampaignChanges, campaigns: readonly Campaign[]): void {
    if (this.#isStopped) return;
    this.#apply(changes, campaigns);
    this.#orderWhatIsDue();
  }

  setStreamed(isStreamed: boolean): void {
    this.#isStreamed = isStreamed;
    // What came since a lost stream's last entry, nobody told.
    this.#lookSoon(isStreamed ? LOOK_BESIDE_STREAM_EVERY_MS : 0);
  }

  async catchUp(): Promise<void> {
    const last = await this.#askForLast();
    if (last === null) throw new Error('Postgres can not be asked for the number of the last change');
    // What is under way may have begun before the change.
    if (this.#writer.version < last) await this.#underWay?.catch(() => undefined);
    if (this.#writer.version < last) await this.#takeIn(last);
  }

  async rank({ counts, moved }: Measured): Promise<void> {
    this.#writer.rankBy(counts);
    if (moved === 0) return;
    // What is under way is ranked by the counts before.
    await this.#orders.settle();
    await this.#orders.order('base');
  }

  stop(): void {
    this.#isStopped = true;
    this.#number.stop();
    clearTimeout(this.#timer);
  }

  /** Goes on while changes are taken in, so that it is soon known when Postgres is away. */
  async #lookOften(): Promise<void> {
    const last = await this.#askForLast();
    if (this.#isStopped) return;
    if (last !== null && this.#writer.version < last && !this.#isResting) {
      this.#takeIn(last).catch(() => undefined);
    }
    const isSeldom = this.#isStreamed && this.isConnected && !this.#isResting;
    this.#lookSoon(isSeldom ? LOOK_BESIDE_STREAM_EVERY_MS : LOOK_EVERY_MS);
  }

  #lookSoon(afterMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#lookOften(), afterMs);
  }

  async #askForLast(): Promise<number | null> {
    const known = this.#writer.version;
    const last = await this.#number.ask();
    // The database was set back to a time before: nothing that the index holds is newer than what comes.
    if (last !== null && (last.wasSetBack || last.number < known)) this.#writer.distrust();
    return last?.number ?? null;
  }

  #takeIn(last: number): Promise<void> {
    this.#underWay ??= this.#takeInAndTell(last).finally(() => (this.#underWay = null));
    return this.#underWay;
  }

  /** Rejects once it has been told why; what fails again and again is told once. */
  async #takeInAndTell(last: number): Promise<void> {
    try {
      await this.#takeInUpTo(last);
      this.#lastFailure = '';
    } catch (error) {
      this.#isResting = true;
      setTimeout(() => (this.#isResting = false), RETRY_AFTER_MS).unref();
      if (!this.#isStopped && String(error) !== this.#lastFailure) {
        this.#edges.log.error({ err: error }, 'a new index could not be made: the last one serves on');
      }
      this.#lastFailure = String(error);
      throw error;
    }
  }

  async #takeInUpTo(last: number): Promise<void> {
    const writer = this.#writer;
    while (writer.version < last) {
      if (writer.version === NONE_TRUSTED) await this.#orders.order('base');
      const since = writer.version;
      if (since === NONE_TRUSTED) continue;
      const changes = await this.#edges.store.changedSince(since, NEWEST_CAMPAIGNS);
      this.#assertRunning();
      // Where a tier came meanwhile, it may hold what was read, and more.
      if (writer.version !== since) continue;
      // The database was set back since it was asked for a number.
      if (changes.version < Math.max(since, last)) {
        writer.distrust();
        return this.#takeInUpTo(changes.version);
      }
      this.readCampaigns += changes.count;
      if (changes.campaigns === null) await this.#orders.order(writer.dueWith(changes.count));
      else this.#apply(changes, changes.campaigns);
    }
    this.#orderWhatIsDue();
  }

  #apply({ version, mark, changed }: CampaignChanges, campaigns: readonly Campaign[]): void {
    const startMs = performance.now();
    const { sound, unsound } = selectSound(campaigns);
    const next = this.#writer.apply({ version, changed, campaigns: sound }, this.#edges.clock());
    this.#number.hold(mark);
    this.#leftOut.nameChanged(changed.keys(), unsound);
    if (next === null) return;
    this.#publish(next);
    this.#tellPublished({ changes: changed.size, applyMs: Math.round(performance.now() - startMs) });
  }

  async #compileTier(kind: TierKind): Promise<void> {
    const writer = this.#writer;
    const buffer = kind === 'base' ? await this.#holder.spareBuffer(SPARE_WAIT_MS) : undefined;
    const since = kind === 'base' ? null : writer.baseVersion;
    const { index, counts } = writer;
    const compiled = await compileTier(this.#edges, { epoch: index.epoch + 1, since, counts, buffer });
    this.#assertRunning();
    this.#publish(writer.install(compiled, this.#edges.clock()));
    if (writer.version === compiled.version) this.#number.hold(compiled.mark);
    this.#leftOut.name(compiled.unsound);
    this.#tellPublished({ tier: kind, compileMs: Math.round(compiled.compileMs) });
  }

  /** In the background: the index is up to date without it. */
  #orderWhatIsDue(): void {
    const { due } = this.#writer;
    const kind = due !== null && this.#orders.isUnderWay('base') ? 'middle' : due;
    if (kind === null || this.#orders.isUnderWay(kind)) return;
    this.#orders.order(kind).catch((error: unknown) => {
      if (!this.#isStopped) this.#edges.log.warn({ err: error }, 'the index is not merged: tried again');
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

  #tellPublished(how: object): void {
    const { version, index } = this.#writer;
    const { campaignCount, epoch } = index;
    this.#edges.log.info({ version, epoch, campaignCount, ...how }, 'index published');
  }
}
