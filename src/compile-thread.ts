/** The compiler's thread: reads what may be served from Postgres and compiles it (targeting/piscina-compiler.ts). */
import type { Campaign } from './campaigns/model.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { findUnsound, type UnsoundCampaign } from './campaigns/soundness.ts';
import { openPool } from './database/postgres-pool.ts';
import { compileIndex } from './targeting/compile.ts';
import type { CompileOrder, CompiledAnswer } from './targeting/piscina-compiler.ts';

export async function compileCampaigns(order: CompileOrder): Promise<CompiledAnswer> {
  // A broken idle connection shows again at the next query; a pool of its own lives only as long as the order.
  const pool = openPool(order.databaseUrl, () => undefined);
  try {
    const store = createCampaignStore(pool);
    const version = await store.version();
    const loaded = await store.loadServable();
    const startMs = performance.now();
    const unsound: UnsoundCampaign[] = [];
    const campaigns = loaded.filter((campaign) => isSound(campaign, unsound));
    const { buffer } = compileIndex(campaigns, {
      nowMs: order.nowMs,
      epoch: order.epoch,
      priors: order.priors,
      ...(order.buffer === undefined ? {} : { buffer: order.buffer }),
    });
    return { buffer, version, compileMs: performance.now() - startMs, unsound };
  } finally {
    await pool.end();
  }
}

/** Notes in `unsound` why a campaign is not. */
function isSound(campaign: Campaign, unsound: UnsoundCampaign[]): boolean {
  const reason = findUnsound(campaign);
  if (reason !== null) unsound.push({ id: campaign.id, reason });
  return reason === null;
}
