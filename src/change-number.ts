/** The number of the last change of the campaigns, as Postgres tells it, and whether Postgres can be asked at all. */
import type { CampaignStore } from './campaigns/store.ts';
import type { Log } from './server/http.ts';

export interface ChangeNumber {
  /** false after Postgres could not be asked. */
  readonly isConnected: boolean;
  /** null: Postgres can not be asked. */
  ask(): Promise<number | null>;
  /** What is still unanswered is no news. */
  stop(): void;
}

/** Tells when Postgres goes and when it comes back. */
export function openChangeNumber(store: Pick<CampaignStore, 'version'>, log: Log): ChangeNumber {
  let isConnected = true;
  let isStopped = false;
  return {
    get isConnected() {
      return isConnected;
    },
    async ask() {
      try {
        const version = await store.version();
        if (!isConnected && !isStopped) log.info({}, 'Postgres is back');
        isConnected = true;
        return version;
      } catch (error) {
        if (isStopped) return null;
        if (isConnected) log.warn({ err: error }, 'Postgres can not be asked: the index in memory serves on');
        isConnected = false;
        return null;
      }
    },
    stop() {
      isStopped = true;
    },
  };
}
