/**
 * What the change stream carries from the node that leads to every other. Each entry names the change before it, so that
 * a reader sees where it missed one:
 *
 *   number   7 ─────────── 8 ──────────── 11 ──────────── 12
 *   from     none          7              8               11
 *   changes  none          of change 8    of 9 to 11      none: they are too much for a stream
 */
import type { Campaign } from './model.ts';
import type { CampaignChanges } from './store.ts';

export interface ChangeEntry {
  /** The last change that is in it. */
  readonly number: number;
  /** All changes after this one are in it; null: it begins the chain, and holds none. */
  readonly from: number | null;
  /** A name that is given where a stream begins: what is begun anew does not lead on from what was read before. */
  readonly chain: string;
  /** null: Postgres is to be asked for them. */
  readonly changes: CampaignChanges | null;
}

/**
 * `missed`: it does not lead on from what is held, or holds nothing. `set-back`: the database stands before what is held,
 * whose numbers other changes get.
 */
export type EntryVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'missed' }
  | { readonly kind: 'set-back' }
  | { readonly kind: 'next'; readonly changes: CampaignChanges; readonly campaigns: readonly Campaign[] };

const KNOWN: EntryVerdict = { kind: 'known' };
const MISSED: EntryVerdict = { kind: 'missed' };
const SET_BACK: EntryVerdict = { kind: 'set-back' };

/** What an entry is to whoever holds all changes up to `version`, of `chain` (null: that is not known yet). */
export function judgeEntry(entry: ChangeEntry, version: number, chain: string | null): EntryVerdict {
  // There, the same number may be another change.
  if (chain !== null && entry.chain !== chain)
    return entry.from === null && entry.number < version ? SET_BACK : MISSED;
  if (entry.number <= version) return KNOWN;
  const { changes, from } = entry;
  const leadsOn = from !== null && from <= version;
  if (!leadsOn || !changes?.campaigns) return MISSED;
  return { kind: 'next', changes, campaigns: changes.campaigns };
}
