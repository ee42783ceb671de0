/**
 * Lets measured click and conversion rates move the rank prices. Once a minute the compiler's thread reads what was
 * counted and looks which campaigns have another price by it than in the index that is served; where any has, a new base
 * is compiled beside it. The thread compares with the index itself, so that what was missed, for Postgres was away or
 * an index came from disk, is mended by the next look.
 */
import type { CampaignFeed } from './campaign-feed.ts';
import type { Log } from './server/http.ts';
import type { IndexHolder } from './targeting/index-holder.ts';
import type { Measured, RateMeter } from './targeting/piscina-compiler.ts';
import type { Priors } from './targeting/rank.ts';

interface RefreshEdges {
  readonly meter: RateMeter;
  readonly holder: Pick<IndexHolder, 'pin' | 'unpin'>;
  readonly feed: Pick<CampaignFeed, 'rank'>;
  readonly databaseUrl: string;
  readonly priors: Priors;
  readonly everyMs: number;
  readonly log: Log;
}

export interface RankRefresh {
  /** What is under way is not waited for: Postgres may hang. */
  stop(): void;
}

/** The first look is at once. */
export function refreshRanks(edges: RefreshEdges): RankRefresh {
  const { feed, everyMs, log } = edges;
  let isStopped = false;
  let isFailing = false;
  let timer: NodeJS.Timeout | undefined;

  async function refresh(): Promise<void> {
    const startMs = performance.now();
    try {
      const measured = await measure(edges);
      if (isStopped) return;
      await feed.rank(measured);
      const { moved } = measured;
      if (moved > 0) log.info({ campaigns: moved }, 'measured rates moved rank prices');
      isFailing = false;
    } catch (error) {
      if (!isFailing && !isStopped)
        log.warn({ err: error }, 'ranks do not follow measured rates: campaigns are ranked by the last ones');
      isFailing = true;
    }
    const elapsedMs = performance.now() - startMs;
    // Where a compilation takes longer than that, no more than half of a core.
    if (!isStopped) timer = setTimeout(() => void refresh(), Math.max(everyMs - elapsedMs, elapsedMs));
  }

  void refresh();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

async function measure({ meter, holder, databaseUrl, priors }: RefreshEdges): Promise<Measured> {
  const pinned = holder.pin();
  try {
    return await meter.measure({ databaseUrl, priors, index: pinned.index.handle });
  } finally {
    holder.unpin(pinned);
  }
}
