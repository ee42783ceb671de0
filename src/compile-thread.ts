/** The compiler's thread: reads campaigns from Postgres and compiles them (targeting/piscina-compiler.ts). */
import type { Campaign } from './campaigns/model.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { selectSound } from './campaigns/soundness.ts';
import type { CampaignStore } from './campaigns/store.ts';
import { openPool } from './database/postgres-pool.ts';
import { compileIndex } from './targeting/compile.ts';
import type { CompileOrder, CompiledAnswer } from './targeting/piscina-compiler.ts';

export async function compileCampaigns(order: CompileOrder): Promise<CompiledAnswer> {
  // A broken idle connection shows again at the next query; a pool of its own lives only as long as the order.
  const pool = openPool(order.databaseUrl, () => undefined);
  try {
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
    return { buffer, version, changed, compileMs: performance.now() - startMs, unsound };
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
