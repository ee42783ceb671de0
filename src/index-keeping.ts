/**
 * The index over restarts: a server begins with what the last one left on disk, brings that to what Postgres holds, and
 * leaves the next one what it serves itself.
 */
import { isInHistory } from './campaigns/postgres-history.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { settlesWithin } from './database/postgres-patience.ts';
import { nameProgram } from './disk-program.ts';
import { openFirst, type FirstIndex } from './index-opening.ts';
import { IndexKeeper } from './index-keeper.ts';
import { readKeptIndex } from './index-files.ts';
import { loadFromReplica } from './replica-loading.ts';
import type { IndexReport } from './server/health.ts';
import type { Log } from './server/http.ts';
import type { Storage } from './storage.ts';
import { NO_COUNTS, type AdCounts } from './targeting/ad-counts.ts';
import type { KeptFacts } from './targeting/disk-index-file.ts';
import type { IndexWriter } from './targeting/index-writer.ts';
import {
  startIndexCompiler,
  type CompiledAnswer,
  type IndexCompiler,
  type IndexSaver,
  type RateMeter,
} from './targeting/piscina-compiler.ts';
import type { Priors } from './targeting/rank.ts';
import { locateThread } from './thread-file.ts';

interface IndexKeeping {
  readonly compiler: IndexCompiler & RateMeter;
  readonly first: FirstIndex;
  /** Another index is served. */
  noteChange(): void;
  /**
   * Brings what came from disk to what Postgres holds. Resolves where Postgres was there at the start once that is
   * done or was tried, else at once; what could not be done is done when it can be.
   */
  confirm(catchUp: () => Promise<void>): Promise<void>;
  report(): IndexReport;
  close(): Promise<void>;
}

/** Postgres is away again, or the campaigns can't be compiled: the feed tells of both. */
const CONFIRM_AGAIN_MS = 1_000;
/** 100,000 campaigns are written in half of it; a server that stops is given seconds. */
const SAVE_LIMIT_MS = 3_000;

/** Rejects with a sentence when there is neither an index on disk nor one to be had from Postgres. */
export async function keepIndex(storage: Storage, priors: Priors, log: Log): Promise<IndexKeeping> {
  const { keptDir, databaseUrl, databaseName, arrival, store, pool } = storage;
  const program = nameProgram();
  let writer: IndexWriter | null = null;
  const compiler = openCompiler(storage, (base) => keeper.noteBase(base), log);
  const keeper = new IndexKeeper({
    folder: keptDir,
    terms: { database: databaseName, priors, program },
    databaseUrl,
    saver: compiler,
    counts: () => writer?.counts ?? NO_COUNTS,
    clock: Date.now,
    newId: () => crypto.randomUUID(),
    log,
  });
  // While Postgres is away, an older build's index is better than none.
  const terms = { database: databaseName, priors, program: arrival.absence === null ? program : null };
  const kept = readKeptIndex(keptDir, terms, (reason) =>
    log.warn({ reason }, 'the index on disk is not used'),
  );
  const isOfPast = async ({ version, mark }: KeptFacts): Promise<boolean> =>
    version <= (await store.version()) && (await isInHistory(pool, mark));
  const edges = { compiler, databaseUrl, priors, clock: Date.now, log };
  const readCounts = async (): Promise<AdCounts> =>
    (await compiler.measure({ databaseUrl, priors, index: null })).counts;
  const first = await openFirst(edges, { kept, absence: arrival.absence, isOfPast, readCounts });
  writer = first.writer;
  let isTrusted = arrival.absence === null;
  const confirmation = new Confirmation(first, async (facts) => {
    await arrival.whenHere;
    if (isTrusted) return;
    isTrusted = await isOfPast(facts);
    if (isTrusted) return;
    log.warn({ version: facts.version }, 'Postgres was set back since the index on disk was made');
    first.writer.distrust();
    isTrusted = true;
  });
  return {
    compiler,
    first,
    noteChange: () => keeper.noteChange(),
    async confirm(catchUp) {
      const tried = confirmation.begin(catchUp);
      if (arrival.absence === null) await tried;
    },
    report: () => confirmation.report(),
    async close() {
      confirmation.stop();
      await settlesWithin(keeper.close(), SAVE_LIMIT_MS);
      await compiler.close();
    },
  };
}

function openCompiler(
  { store, reads, replicaUrl }: Storage,
  onBase: (base: CompiledAnswer) => void,
  log: Log,
): IndexCompiler & IndexSaver & RateMeter {
  const compiler = startIndexCompiler(locateThread('./compile-thread'), onBase);
  if (reads.replica === null || replicaUrl === null) return compiler;
  const replica = createCampaignStore(reads.replica);
  return loadFromReplica(compiler, { replicaUrl, primary: store, replica, log });
}

/** Whether the first index still is what the disk held. */
class Confirmation {
  readonly #writer: IndexWriter;
  readonly #check: (kept: KeptFacts) => Promise<void>;
  /** null: Postgres has confirmed it. */
  #kept: KeptFacts | null;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor({ writer, kept }: FirstIndex, check: (kept: KeptFacts) => Promise<void>) {
    this.#writer = writer;
    this.#check = check;
    this.#kept = kept;
  }

  /** Resolves after one try. */
  async begin(catchUp: () => Promise<void>): Promise<void> {
    if (this.#kept === null) return;
    try {
      await this.#check(this.#kept);
      await catchUp();
      this.#kept = null;
    } catch {
      if (!this.#isStopped)
        this.#timer = setTimeout(() => void this.begin(catchUp), CONFIRM_AGAIN_MS).unref();
    }
  }

  report(): IndexReport {
    if (this.#kept === null) return { source: 'postgres' };
    return { source: 'disk', version: this.#writer.version, savedAtMs: this.#kept.savedAtMs };
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
