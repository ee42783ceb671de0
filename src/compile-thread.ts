/**
 * The compiler's thread: reads campaigns from Postgres and compiles them, and keeps what was compiled on disk
 * (targeting/piscina-compiler.ts).
 */
import type { Campaign } from './campaigns/model.ts';
import { isInHistory, readHistoryMark } from './campaigns/postgres-history.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { selectSound } from './campaigns/soundness.ts';
import type { CampaignStore } from './campaigns/store.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { compileIndex } from './targeting/compile.ts';
import { readFacts, writeIndexFile, type KeptFacts } from './targeting/disk-index-file.ts';
import type {
  CompileOrder,
  CompiledAnswer,
  SaveBaseOrder,
  SaveChangesOrder,
} from './targeting/piscina-compiler.ts';

/** Of an index that is only written to a file: whoever opens it counts anew. */
const FILE_EPOCH = 1;

export async function compileCampaigns(order: CompileOrder): Promise<CompiledAnswer> {
  return withPool(order.databaseUrl, (pool) => compile(order, pool));
}

export function saveBase({ path, facts, buffer }: SaveBaseOrder): number {
  const startMs = performance.now();
  // Where the buffer was written over meanwhile, a newer base is to be saved soon.
  writeIndexFile(path, facts, buffer);
  return performance.now() - startMs;
}

/** Over the base on disk, whichever the server has by now. */
export async function saveChanges(order: SaveChangesOrder): Promise<number> {
  const startMs = performance.now();
  const base = readFacts(order.basePath);
  if (base !== null) await withPool(order.databaseUrl, (pool) => saveOver(base, order, pool));
  return performance.now() - startMs;
}

async function saveOver(base: KeptFacts, order: SaveChangesOrder, pool: Pool): Promise<void> {
  const { priors, version: since } = base;
  const answer = await compile({ ...order, epoch: FILE_EPOCH, priors, since, buffer: undefined }, pool);
  // The database was set back since: what changed there has nothing to do with that base, and a new one follows.
  if (!(await isInHistory(pool, base.mark))) return;
  const { buffer, version, mark, changed, unsound } = answer;
  const changes = { id: order.id, over: base.id, version, mark, changed, unsound, savedAtMs: order.nowMs };
  writeIndexFile(order.path, { ...base, ...changes }, buffer);
}

async function compile(order: CompileOrder, pool: Pool): Promise<CompiledAnswer> {
  const mark = await readHistoryMark(pool);
  const loaded = await load(createCampaignStore(pool), order.since);
  const startMs = performance.now();
  const { sound, unsound } = selectSound(loaded.campaigns);
  const { buffer } = compileIndex(sound, {
    nowMs: order.nowMs,
    epoch: order.epoch,
    priors: order.priors,
    ...(order.buffer === undefined ? {} : { buffer: order.buffer }),
  });
  const { version, changed } = loaded;
  return { buffer, version, mark, changed, compileMs: performance.now() - startMs, unsound };
}

/** A broken idle connection shows again at the next query; a pool of its own lives only as long as the order. */
async function withPool<T>(databaseUrl: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = openPool(databaseUrl, () => undefined);
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

interface Loaded {
  readonly version: number;
  readonly changed: readonly string[] | null;
  readonly campaigns: readonly Campaign[];
}

async function load(store: CampaignStore, since: number | null): Promise<Loaded> {
  if (since !== null) {
    const { version, changed, campaigns } = await store.allChangedSince(since);
    return { version, changed: [...changed.keys()], campaigns: campaigns ?? [] };
  }
  return { ...(await store.loadServable()), changed: null };
}
