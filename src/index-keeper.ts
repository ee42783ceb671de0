/**
 * Keeps the index on disk up to what is served: each base once it is compiled, and soon after a change what changed
 * since that base. The writing, and the reading of what changed, is another thread's.
 */
import { basePath, changesPath, type KeptTerms } from './index-files.ts';
import type { Log } from './server/http.ts';
import type { AdCounts } from './targeting/ad-counts.ts';
import type { CompiledAnswer, IndexSaver } from './targeting/piscina-compiler.ts';

interface KeeperEdges {
  readonly folder: string;
  readonly terms: KeptTerms & { readonly program: string };
  readonly databaseUrl: string;
  readonly saver: IndexSaver;
  /** What changes are ranked by. */
  readonly counts: () => AdCounts;
  readonly clock: () => number;
  readonly newId: () => string;
  readonly log: Log;
}

/** A server that is killed, and begins without Postgres, may lack what changed so shortly before. */
const SAVE_AFTER_MS = 1_000;
/** Where saving takes long, it takes no more than this share of a core: at 100,000 campaigns it can take 0.5 s. */
const MOST_SHARE = 1 / 20;
/** After the disk refused, or Postgres could not be read. */
const RETRY_AFTER_MS = 5_000;

export class IndexKeeper {
  readonly #edges: KeeperEdges;
  #base: CompiledAnswer | null = null;
  #isChanged = false;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void> | null = null;
  #restMs = SAVE_AFTER_MS;
  #isClosed = false;
  #lastFailure = '';

  constructor(edges: KeeperEdges) {
    this.#edges = edges;
  }

  noteBase(base: CompiledAnswer): void {
    this.#base = base;
    this.#saveSoon();
  }

  noteChange(): void {
    this.#isChanged = true;
    this.#saveSoon();
  }

  /** Resolves once all that was noted is saved, or can't be. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#underWay;
    while (this.#isDue && this.#lastFailure === '') await this.#save();
  }

  get #isDue(): boolean {
    return this.#base !== null || this.#isChanged;
  }

  #saveSoon(): void {
    if (this.#isClosed || this.#timer !== undefined || this.#underWay !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#underWay = this.#save().finally(() => {
        this.#underWay = null;
        if (this.#isDue) this.#saveSoon();
      });
    }, this.#restMs);
    this.#timer.unref();
  }

  async #save(): Promise<void> {
    const base = this.#base;
    this.#base = null;
    this.#isChanged = false;
    try {
      const workMs = (base === null ? 0 : await this.#saveBase(base)) + (await this.#saveChanges());
      this.#restMs = Math.max(SAVE_AFTER_MS, workMs / MOST_SHARE);
      this.#lastFailure = '';
    } catch (error) {
      this.#base ??= base;
      this.#isChanged = true;
      this.#restMs = RETRY_AFTER_MS;
      this.#tell(error);
    }
  }

  #saveBase({ buffer, version, mark, unsound }: CompiledAnswer): Promise<number> {
    const { folder, terms, saver, clock, newId } = this.#edges;
    const kept = { version, mark, unsound, changed: null, over: null };
    const facts = { ...terms, ...kept, id: newId(), savedAtMs: clock() };
    return saver.saveBase({ path: basePath(folder), facts, buffer });
  }

  #saveChanges(): Promise<number> {
    const { folder, saver, counts, databaseUrl, clock, newId } = this.#edges;
    return saver.saveChanges({
      basePath: basePath(folder),
      path: changesPath(folder),
      databaseUrl,
      counts: counts(),
      nowMs: clock(),
      id: newId(),
    });
  }

  /** What fails again and again is told once. */
  #tell(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason !== this.#lastFailure && !this.#isClosed) {
      this.#edges.log.warn(
        { err: error },
        'the index could not be kept on disk for the next start: tried again',
      );
    }
    this.#lastFailure = reason;
  }
}
