/** What a drill is played on: the processes, what can be done to them, and how they are asked when all is counted. */
import type { Fault, FaultKind } from './fault.ts';
import type { DrillServer } from './server.ts';

export interface Stage {
  readonly server: DrillServer;
  /** Ads of ours. */
  readonly ads: readonly string[];
  /** Of the database, as it is now. */
  readonly databaseUrl: () => Promise<string>;
  readonly kinds: readonly FaultKind[];
  /** Resolves with what was done once its target is started anew, or goes on. */
  readonly inflict: (fault: Fault) => Promise<string>;
  /** All that was accepted has been counted. */
  readonly isDrained: () => Promise<boolean>;
  /** Ends that nobody had asked for, since the last look. */
  readonly takeUnasked: () => readonly string[];
  readonly keepLogs: (folder: string) => void;
  /** Ends everything; the folder stays. */
  readonly close: () => Promise<void>;
}

/** How long what is killed stays away, and what is stopped stands still. */
export const MOST_AWAY_MS = 1_500;
export const LEAST_STILL_MS = 500;
export const MOST_STILL_MS = 6_000;
