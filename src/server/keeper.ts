/**
 * Keeps what a token's call did before it is answered: first the ledger, then the event. A call that could not be kept
 * was answered 503 and comes again; by then the ledger calls it a repeat, so the event that is still owed is
 * remembered here, with what the first call moved. What is forgotten is recorded again: the same token makes the
 * same event id, and the consumer drops the twin.
 */
import type { Events, Kept } from '../events/door.ts';
import type { AdEvent } from '../events/event.ts';
import type { Ledger } from '../ledger/ledger.ts';

export type Fate = 'kept' | 'owed' | 'unknown';

export interface Keeper {
  /** Records the event, or the one that is owed in its place. `known`: that was kept by a call before. */
  keep(event: AdEvent, ledger: 'with_ledger' | 'event_alone'): Promise<Kept | 'known'>;
  /** In the place of what `keep` could not keep, this is owed. */
  owe(event: AdEvent): void;
  /** What became of an event lately. */
  fateOf(eventId: string): Fate;
}

/** Some 200 bytes each: a minute and a half of 1,000 notices/s. The oldest are forgotten first. */
const MAX_REMEMBERED = 100_000;
/** A second of 10,000 notices/s: more wait only where the ledger's disk hangs. Some 2 KB each. */
export const MAX_WAITING = 10_000;

export function createKeeper(ledger: Pick<Ledger, 'saved'>, events: Events): Keeper {
  /** null: kept; else what is owed. */
  const fates = new Map<string, AdEvent | null>();
  let waiting = 0;

  function remember(eventId: string, fate: AdEvent | null): void {
    for (const oldest of fates.keys()) {
      if (fates.size < MAX_REMEMBERED) break;
      fates.delete(oldest);
    }
    fates.set(eventId, fate);
  }

  /** Behind a disk that hangs calls would gather without end, also when they were answered long ago. */
  async function isSaved(): Promise<boolean> {
    if (waiting >= MAX_WAITING) return false;
    waiting += 1;
    try {
      await ledger.saved();
      return true;
    } catch {
      return false;
    } finally {
      waiting -= 1;
    }
  }

  return {
    async keep(event, needs) {
      const { eventId } = event;
      const fate = fates.get(eventId);
      if (fate === null) return 'known';
      const due = fate ?? event;
      remember(eventId, due);
      if (needs === 'with_ledger' && !(await isSaved())) return 'not_kept';
      const kept = await events.record(due);
      if (kept === 'kept') remember(eventId, null);
      return kept;
    },
    owe: (event) => remember(event.eventId, event),
    fateOf(eventId) {
      const fate = fates.get(eventId);
      if (fate === undefined) return 'unknown';
      return fate === null ? 'kept' : 'owed';
    },
  };
}
