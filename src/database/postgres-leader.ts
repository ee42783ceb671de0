/**
 * Of all nodes on one database, one leads: the one whose session holds an advisory lock. A node that dies loses its
 * session and with it the lock. One that hangs, or whose line carries nothing, is cut off by the server, where a session
 * of ours may not be silent; its own clock ends its term before that. Only a process that is stopped as a whole can wake
 * up in a term that is over, for the step it was at: what a leader does must bear being done twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { openLockSession, type LockSession } from './postgres-lock-session.ts';
import { settlesWithin } from './postgres-patience.ts';

export interface LeadershipOrder {
  readonly databaseUrl: string;
  /** The number of an advisory lock that nothing else takes. */
  readonly lock: number;
  /**
   * Called as each term begins. It settles soon after the signal; where it does so before, the term ends with it, and
   * any node may begin the next. What it rejects with is told as trouble.
   */
  readonly onLead: (term: AbortSignal) => Promise<void>;
  /** A sentence on why this node can not lead, the same one once a minute at most. */
  readonly onTrouble: (sentence: string) => void;
}

export interface Leadership {
  readonly isLeader: boolean;
  /** Another node can lead at once. Takes half a second at most, also where Postgres hangs. */
  close(): Promise<void>;
}

/** With the session's limit, a leader that hangs is followed within 2 s. */
const TRY_EVERY_MS = 250;
const BEAT_EVERY_MS = 500;
/** The server ends a session that says nothing for so long: three beats. */
const SESSION_SILENCE_LIMIT_MS = 1_500;
/** From when the last beat that was answered went out: over before the server gives the lock away. */
const TERM_LIMIT_MS = 1_200;
/** For a leader to stop before its lock is given away. */
const STOP_LIMIT_MS = 250;
/** Of the same trouble. */
const TELL_AGAIN_AFTER_MS = 60_000;
/** After a session that broke, or a term that ended. */
const NEXT_SESSION_AFTER_MS = 500;

export function seekLeadership(order: LeadershipOrder): Leadership {
  const closing = new AbortController();
  let isLeader = false;
  let told = '';
  let toldAtMs = -Infinity;

  function tell(error: unknown): void {
    const sentence = `this node can not lead: ${error instanceof Error ? error.message : String(error)}`;
    const isFresh = sentence === told && performance.now() - toldAtMs < TELL_AGAIN_AFTER_MS;
    if (closing.signal.aborted || isFresh) return;
    told = sentence;
    toldAtMs = performance.now();
    order.onTrouble(sentence);
  }

  async function lead(session: LockSession, heldSinceMs: number): Promise<void> {
    const over = new AbortController();
    const term = AbortSignal.any([over.signal, closing.signal, session.ended]);
    const beats = keepBeating(session, heldSinceMs, term);
    isLeader = true;
    const work = order.onLead(term);
    try {
      await Promise.race([work, beats]);
    } finally {
      isLeader = false;
      over.abort();
      await settlesWithin(work, STOP_LIMIT_MS);
      await session.close();
      await work;
    }
  }

  async function seek(): Promise<void> {
    const session = await openLockSession(order.databaseUrl, order.lock, SESSION_SILENCE_LIMIT_MS);
    try {
      while (!closing.signal.aborted) {
        const askedMs = performance.now();
        if (await session.takeLock()) {
          // Whose session was ended has been told of it before: one trip later it has heard.
          await session.beat(TERM_LIMIT_MS);
          await lead(session, askedMs);
          return;
        }
        await pause(TRY_EVERY_MS, closing.signal);
      }
    } finally {
      await session.close();
    }
  }

  async function seekAlways(): Promise<void> {
    while (!closing.signal.aborted) {
      await seek().catch(tell);
      await pause(NEXT_SESSION_AFTER_MS, closing.signal);
    }
  }

  const ended = seekAlways();
  return {
    get isLeader() {
      return isLeader;
    },
    async close() {
      closing.abort();
      await settlesWithin(ended, 2 * STOP_LIMIT_MS);
    },
  };
}

/** Resolves when the term is over by its signal; rejects where a beat failed or came late. */
async function keepBeating(session: LockSession, heldSinceMs: number, term: AbortSignal): Promise<void> {
  let answeredMs = heldSinceMs;
  while (!term.aborted) {
    const sentMs = performance.now();
    // A process that was stopped for a while finds its term over.
    await session.beat(Math.max(1, answeredMs + TERM_LIMIT_MS - sentMs));
    answeredMs = sentMs;
    await pause(BEAT_EVERY_MS, term);
  }
}

/** Cut short by the signal. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
