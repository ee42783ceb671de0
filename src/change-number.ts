/**
 * The number of the last change of the campaigns, as Postgres tells it, and whether Postgres can be asked at all. A number
 * alone does not tell a database that was set back and has since come as far with other changes: each is asked for with
 * the mark of what the index holds.
 */
import type { CampaignStore } from './campaigns/store.ts';
import type { Log } from './server/http.ts';

export interface LastChange {
  readonly number: number;
  /** What the index holds is not all of this database's past: its numbers mean other changes there. */
  readonly wasSetBack: boolean;
}

export interface ChangeNumber {
  /** false after Postgres could not be asked. */
  readonly isConnected: boolean;
  /** null: Postgres can not be asked. */
  ask(): Promise<LastChange | null>;
  /** The index holds what Postgres held at this mark; null: that is not known. */
  hold(mark: string | null): void;
  /** What is still unanswered is no news. */
  stop(): void;
}

/** Every database has stood there. */
const BEGINNING = '';

/** Tells when Postgres goes and when it comes back. */
export function openChangeNumber(store: Pick<CampaignStore, 'place'>, log: Log): ChangeNumber {
  let isConnected = true;
  let isStopped = false;
  let held = BEGINNING;
  return {
    get isConnected() {
      return isConnected;
    },
    async ask() {
      try {
        const { version, isDescendant } = await store.place(held);
        if (!isConnected && !isStopped) log.info({}, 'Postgres is back');
        isConnected = true;
        if (isDescendant) return { number: version, wasSetBack: false };
        log.warn({ version }, 'Postgres was set back: all campaigns are read anew');
        // Told once: what is read anew brings its own mark.
        held = BEGINNING;
        return { number: version, wasSetBack: true };
      } catch (error) {
        if (isStopped) return null;
        if (isConnected) log.warn({ err: error }, 'Postgres can not be asked: the index in memory serves on');
        isConnected = false;
        return null;
      }
    },
    hold(mark) {
      held = mark ?? held;
    },
    stop() {
      isStopped = true;
    },
  };
}
