/**
 * Keeps what a notice did to the ledger before it is answered, and tells which call of the same notice counts: the
 * first one that could be kept. A call whose mark was set but not kept was answered 503 and comes again; by then
 * the ledger calls it a repeat, so what is still owed to it is remembered here. A crash forgets the mark as well.
 */
import type { ReadToken } from '../auction/crypto-token.ts';
import type { Ledger } from '../ledger/ledger.ts';

export type Kept = 'first' | 'again' | 'not_kept';

export interface Keeper {
  /** `isFirst`: the ledger set the mark in this call. */
  keep(event: string, token: ReadToken, isFirst: boolean): Promise<Kept>;
}

/** Notices that failed while the disk did; the oldest are forgotten first, and then count as repeats. */
const MAX_OWED = 100_000;

export function createKeeper(ledger: Pick<Ledger, 'saved'>): Keeper {
  const owed = new Set<string>();
  return {
    async keep(event, { lease, ordinal }, isFirst) {
      const key = `${event}:${String(lease)}:${String(ordinal)}`;
      const counts = owed.delete(key) || isFirst;
      try {
        await ledger.saved();
      } catch {
        if (counts) remember(owed, key);
        return 'not_kept';
      }
      return counts ? 'first' : 'again';
    },
  };
}

function remember(owed: Set<string>, key: string): void {
  for (const oldest of owed) {
    if (owed.size < MAX_OWED) break;
    owed.delete(oldest);
  }
  owed.add(key);
}
