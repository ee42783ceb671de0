/**
 * The compiler's thread: reads campaigns from Postgres and compiles them, and keeps what was compiled on disk
 * (targeting/piscina-compiler.ts).
 */
import type { Campaign } from './campaigns/model.ts';
import { readHistoryMark } from './campaigns/postgres-history.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { selectSound } from './campaigns/soundness.ts';
import type { CampaignStore } from './campaigns/store.ts';
import { openPool } from './database/postgres-pool.ts';
import { compileIndex } from './targeting/compile.ts';
import { readFacts, writeIndexFile } from './targeting/disk-index-file.ts';
import type {
  CompileOrder,
  CompiledAnswer,
  SaveBaseOrder,
  SaveChangesOrder,
} from './targeting/piscina-compiler.ts';

/** Of an index that is only written to a file: whoever opens it counts anew. */
const FILE_EPOCH = 1;

export async function compileCampaigns(order: CompileOrder): Promise<CompiledAnswer> {
  // A broken idle connection shows again at the next query; a pool of its own lives only as long as the order.
  const pool = openPool(order.databaseUrl, () => undefined);
  try {
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
  } finally {
    await pool.end();
  }
}

export function saveBase({ path, facts, buffer }: SaveBaseOrder): void {
  // Where the buffer was written over meanwhile, a newer base is to be saved soon.
  writeIndexFile(path, facts, buffer);
}

/** Over the base on disk, whichever the server has by now. */
export async function saveChanges(order: SaveChangesOrder): Promise<void> {
  const base = readFacts(order.basePath);
  if (base === null) return;
  const { priors, version: since } = base;
  const answer = await compileCampaigns({ ...order, epoch: FILE_EPOCH, priors, since, buffer: undefined });
  const { buffer, version, mark, changed, unsound } = answer;
  const changes = { id: order.id, over: base.id, version, mark, changed, unsound, savedAtMs: order.nowMs };
  writeIndexFile(order.path, { ...base, ...changes }, buffer);
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
