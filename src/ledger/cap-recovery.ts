/**
 * Puts back the records of users that Redis has lost: who was shown what is read from where it was written for good,
 * and until all of a tag is back, nothing that has caps is shown to its users.
 */
import { packRecord, keyOf, type CampaignRecord } from './cap-record.ts';
import { MAX_SHOWN } from './cap-rules.ts';
import { askOf } from './cap-windows.ts';
import type { CapAsk, CapTerms } from './caps.ts';
import { epochKey, TAGS, tagOfUser, userKey, type CapScripts } from './redis-cap-scripts.ts';

/** A bid that was shown. */
export interface PastShowing {
  readonly campaignId: string;
  readonly lease: number;
  readonly ordinal: number;
  readonly issuedMs: number;
}

/** What a user was shown, the oldest first. */
export interface PastUser {
  readonly userHash: string;
  readonly showings: readonly PastShowing[];
}

/** Rejects while it can't be read. */
export interface Past {
  /** Of all campaigns that have caps, by their ids. */
  readonly readTerms: () => Promise<ReadonlyMap<string, CapTerms>>;
  /** The users whose hashes begin so, some at a time. */
  readonly readShowings: (tags: readonly string[]) => AsyncIterable<readonly PastUser[]>;
}

export interface RecoveryEdges {
  readonly scripts: CapScripts;
  readonly database: string;
  readonly clock: () => number;
  readonly past: Past;
}

/** Some milliseconds of Redis: bids ask it meanwhile, and past 10,000 calls at once it is asked no more. */
const RESTORED_AT_ONCE = 100;

/** Redis can't be asked, or lost its data anew. */
class RecoveryEnded extends Error {}

/** How many tags had to be put back. Rejects where it could not be done: it can be begun again. */
export async function recoverCaps(edges: RecoveryEdges): Promise<number> {
  const number = edges.clock();
  const begun = new Map<string, number>();
  await Promise.all(
    TAGS.map(async (tag) => {
      const [code, stands] = await turnEpoch(edges, tag, 'begin', number);
      if (code === 'begun') begun.set(tag, stands);
    }),
  );
  if (begun.size === 0) return 0;
  const terms = await edges.past.readTerms();
  for await (const users of edges.past.readShowings([...begun.keys()])) {
    for (let at = 0; at < users.length; at += RESTORED_AT_ONCE) {
      const some = users.slice(at, at + RESTORED_AT_ONCE);
      await Promise.all(some.map((user) => restoreUser(edges, user, terms, begun)));
    }
  }
  await Promise.all([...begun].map(([tag, stands]) => turnEpoch(edges, tag, 'end', stands)));
  return begun.size;
}

async function turnEpoch(
  { scripts, database }: RecoveryEdges,
  tag: string,
  step: 'begin' | 'end',
  number: number,
): Promise<readonly ['open' | 'begun', number]> {
  const reply = await scripts.run('turnEpoch', [epochKey(database, tag)], [step, number]);
  const code = reply?.[0];
  const isDone = code === 'open' || (code === 'begun' && step === 'begin');
  if (!isDone) throw new RecoveryEnded('Redis can not be asked, or lost the frequency caps anew');
  return [code, Number(reply?.[1])];
}

async function restoreUser(
  { scripts, database, clock }: RecoveryEdges,
  { userHash, showings }: PastUser,
  termsById: ReadonlyMap<string, CapTerms>,
  begun: ReadonlyMap<string, number>,
): Promise<void> {
  const nowMs = clock();
  const campaigns = [...new Set(showings.map(({ campaignId }) => campaignId))].flatMap((id) => {
    const terms = termsById.get(id);
    if (terms === undefined) return [];
    const ofIt = showings.filter(({ campaignId }) => campaignId === id);
    const record = recordOf(id, askOf(terms, nowMs), ofIt);
    return record === null ? [] : [record];
  });
  if (campaigns.length === 0) return;
  const tag = tagOfUser(userHash);
  const digits = Buffer.from(packRecord({ campaigns }), 'latin1').toString('hex');
  const args = [Math.floor(nowMs / 1000), begun.get(tag) ?? 0, digits];
  const reply = await scripts.run('restoreRecord', [userKey(userHash), epochKey(database, tag)], args);
  const code = reply?.[0];
  if (code !== 'restored' && code !== 'known') throw new RecoveryEnded('a record can not be put back');
}

/** null: none of it is of a window that counts still. */
function recordOf(
  campaignId: string,
  { limits, untilSec }: CapAsk,
  showings: readonly PastShowing[],
): CampaignRecord | null {
  const windows = limits.map(({ window, startSec }) => ({
    window,
    startSec,
    showings: showings.filter(({ issuedMs }) => Math.floor(issuedMs / 1000) >= startSec).length,
  }));
  if (windows.every((each) => each.showings === 0)) return null;
  const shown = showings.slice(-MAX_SHOWN).map(({ lease, ordinal }) => ({ lease, ordinal }));
  return { key: keyOf(campaignId), untilSec, windows, held: [], shown };
}
