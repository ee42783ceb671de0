/**
 * The compiler's thread: reads campaigns from Postgres and compiles them, keeps what was compiled on disk, and looks
 * whether measured rates have moved its ranks (targeting/piscina-compiler.ts).
 */
import { readAdCounts } from './analytics/postgres-ad-counts.ts';
import type { Campaign } from './campaigns/model.ts';
import { isInHistory, readHistoryMark } from './campaigns/postgres-history.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { selectSound } from './campaigns/soundness.ts';
import { ChangesSince } from './changes-since.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { packCounts } from './targeting/ad-counts.ts';
import { compileIndex } from './targeting/compile.ts';
import { readFacts, writeIndexFile, type KeptFacts } from './targeting/disk-index-file.ts';
import type {
  CompileOrder,
  CompiledAnswer,
  Measured,
  MeasureOrder,
  SaveBaseOrder,
  SaveChangesOrder,
} from './targeting/piscina-compiler.ts';
import { countMoved } from './targeting/rank-check.ts';
import { openIndex } from './targeting/tiers.ts';

/** Of an index that is only written to a file: whoever opens it counts anew. */
const FILE_EPOCH = 1;

/** While the thread lives: of a database, and of its replica. */
const pools = new Map<string, Pool>();
const changesSince = new ChangesSince();

export async function compileCampaigns(order: CompileOrder): Promise<CompiledAnswer> {
  return compile(order, poolOf(order.databaseUrl));
}

export function saveBase({ path, facts, buffer }: SaveBaseOrder): number {
  const startMs = performance.now();
  // Where the buffer was written over meanwhile, a newer base is to be saved soon.
  writeIndexFile(path, facts, buffer);
  return performance.now() - startMs;
}

export async function measureRates({ databaseUrl, priors, index }: MeasureOrder): Promise<Measured> {
  const counts = packCounts(await readAdCounts(poolOf(databaseUrl)));
  return { counts, moved: index === null ? 0 : countMoved(openIndex(index, null), priors, counts) };
}

/** Over the base on disk, whichever the server has by now. */
export async function saveChanges(order: SaveChangesOrder): Promise<number> {
  const startMs = performance.now();
  const base = readFacts(order.basePath);
  if (base !== null) await saveOver(base, order, poolOf(order.databaseUrl));
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
  const loaded = await load(pool, order.since);
  const startMs = performance.now();
  const { sound, unsound } = selectSound(loaded.campaigns);
  const { buffer } = compileIndex(sound, {
    nowMs: order.nowMs,
    epoch: order.epoch,
    priors: order.priors,
    counts: order.counts,
    ...(order.buffer === undefined ? {} : { buffer: order.buffer }),
  });
  const { version, changed } = loaded;
  return { buffer, version, mark, changed, compileMs: performance.now() - startMs, unsound };
}

/** A connection costs as much as it takes to read some hundreds of campaigns: it is kept for the next order. */
function poolOf(databaseUrl: string): Pool {
  let pool = pools.get(databaseUrl);
  if (pool === undefined) {
    // A broken idle connection is replaced, or shows again at the next query.
    pool = openPool(databaseUrl, () => undefined);
    pools.set(databaseUrl, pool);
  }
  return pool;
}

interface Loaded {
  readonly version: number;
  readonly changed: readonly string[] | null;
  readonly campaigns: readonly Campaign[];
}

async function load(pool: Pool, since: number | null): Promise<Loaded> {
  if (since !== null) {
    const { version, changed, campaigns } = await changesSince.read(pool, since);
    return { version, changed: [...changed], campaigns };
  }
  changesSince.forget();
  return { ...(await createCampaignStore(pool).loadServable()), changed: null };
}
