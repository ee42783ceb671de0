/** Takes what the change stream brings into the feed, and has the feed read from Postgres what is missing in it. */
import type { CampaignFeed } from './campaign-feed.ts';
import { judgeEntry, type ChangeEntry } from './campaigns/change-entry.ts';
import type { Log } from './server/http.ts';

export interface ChangeReader {
  /** Changed campaigns that came by the stream. */
  readonly takenCampaigns: number;
  take(entry: ChangeEntry): void;
}

interface ReaderEdges {
  readonly feed: Pick<CampaignFeed, 'version' | 'take' | 'catchUp'>;
  /** What the index holds is of another history than what comes. */
  readonly distrust: () => void;
  readonly log: Log;
}

export function createChangeReader({ feed, distrust, log }: ReaderEdges): ChangeReader {
  let takenCampaigns = 0;
  /** What the index holds is of it. */
  let chain: string | null = null;
  /** The last entry that could not be taken as it came. */
  let missing: ChangeEntry | null = null;
  let isHealing = false;

  /** Where Postgres can't be asked, the feed's looks do it later. */
  async function heal(): Promise<void> {
    if (isHealing) return;
    isHealing = true;
    try {
      let asked: ChangeEntry | null;
      do {
        asked = missing;
        await feed.catchUp();
        chain = asked?.chain ?? chain;
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
      if (verdict.kind === 'missed' || verdict.kind === 'set-back') {
        if (verdict.kind === 'set-back') distrust();
        missing = entry;
        void heal();
        return;
      }
      chain = entry.chain;
      if (verdict.kind === 'known') return;
      feed.take(verdict.changes, verdict.campaigns);
      takenCampaigns += verdict.changes.changed.size;
    },
  };
}
