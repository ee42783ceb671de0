/** Takes what the change stream brings into the feed, and has the feed read from Postgres what is missing in it. */
import type { CampaignFeed } from './campaign-feed.ts';
import { judgeEntry, type ChangeEntry } from './campaigns/change-entry.ts';
import type { Log } from './server/http.ts';

export interface ChangeReader {
  /** Changed campaigns that came by the stream. */
  readonly takenCampaigns: number;
  take(entry: ChangeEntry): void;
}

export function createChangeReader(
  feed: Pick<CampaignFeed, 'version' | 'take' | 'catchUp'>,
  log: Log,
): ChangeReader {
  let takenCampaigns = 0;
  let chain: string | null = null;
  /** The last entry that could not be taken as it came. */
  let missing = 0;
  let isHealing = false;

  /** Where Postgres can't be asked, the feed's looks do it later. */
  async function heal(): Promise<void> {
    if (isHealing) return;
    isHealing = true;
    try {
      let asked: number;
      do {
        asked = missing;
        await feed.catchUp();
      } while (missing !== asked);
      log.info({ version: feed.version }, 'changes that the stream did not bring were read from Postgres');
    } catch {
      // The feed has told what failed.
    } finally {
      isHealing = false;
    }
  }

  return {
    get takenCampaigns() {
      return takenCampaigns;
    },
    take(entry) {
      const verdict = judgeEntry(entry, feed.version, chain);
      chain = entry.chain;
      if (verdict.kind === 'known') return;
      if (verdict.kind === 'next') {
        feed.take(verdict.changes, verdict.campaigns);
        takenCampaigns += verdict.changes.changed.size;
      } else {
        missing = entry.number;
        void heal();
      }
    },
  };
}
