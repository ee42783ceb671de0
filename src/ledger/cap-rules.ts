/**
 * The rules of frequency caps, on the record of one user. The scripts in lua/ hold the same ones, and what both make
 * of a record is the same to the byte.
 */
import type { CampaignRecord, UserRecord, WindowRecord } from './cap-record.ts';
import type { CapAsk, CapLimit, HeldBid, ImpAnswer, ImpHold, ShowStatus } from './caps.ts';
import { WIN_EXTENSION_SEC } from './pending.ts';

/** Twice the longest that a bid is valid: what is further ahead was written by a clock that was wrong. */
const MAX_AHEAD_SEC = 2 * 86_400;
/** Open bids of a campaign for one user: more come only from somebody who asks and never shows. */
const MAX_HELD = 1_000;
/** Showings whose repeats are told, of a campaign and a user. More than that in its windows are rare. */
export const MAX_SHOWN = 64;

const NONE: ImpAnswer = { kind: 'none' };

/** Enters what it chooses, so that a later imp of the request sees it. */
export function holdShowings(record: UserRecord, imps: readonly ImpHold[], nowMs: number): ImpAnswer[] {
  const nowSec = advance(record, nowMs);
  const taken = new Set<number>();
  return imps.map(({ expirySec, choices }) => {
    let answer = NONE;
    for (const [choice, { ad, ask }] of choices.entries()) {
      if (taken.has(ad)) continue;
      const cap = ask === null ? -1 : fullCap(record, ask, nowSec);
      if (cap < 0) {
        taken.add(ad);
        const atSec = ask === null ? nowSec : enterHold(record, ask, expirySec, nowSec);
        return { kind: 'open', choice, atMs: Math.max(nowMs, atSec * 1000) };
      }
      answer = { kind: 'capped', cap };
    }
    return answer;
  });
}

export function countShowing(
  record: UserRecord,
  key: string,
  bid: Omit<HeldBid, 'userHash' | 'campaignId'>,
  nowMs: number,
): Exclude<ShowStatus, 'owed' | 'away'> {
  advance(record, nowMs);
  const campaign = findCampaign(record, key);
  if (campaign === undefined) return 'unknown';
  const { lease, ordinal } = bid;
  if (campaign.shown.some((shown) => shown.lease === lease && shown.ordinal === ordinal)) return 'repeated';
  const wasHeld = releaseShowing(record, key, bid, nowMs);
  const issuedSec = Math.floor(bid.issuedMs / 1000);
  for (const window of campaign.windows) if (issuedSec >= window.startSec) window.showings++;
  campaign.shown.push({ lease, ordinal });
  if (campaign.shown.length > MAX_SHOWN) campaign.shown.shift();
  return wasHeld ? 'shown' : 'late';
}

/** false: it is not held any more. */
export function releaseShowing(
  record: UserRecord,
  key: string,
  { issuedMs, expirySec }: Pick<HeldBid, 'issuedMs' | 'expirySec'>,
  nowMs: number,
): boolean {
  const nowSec = advance(record, nowMs);
  const campaign = findCampaign(record, key);
  if (campaign === undefined) return false;
  dropExpired(campaign, nowSec);
  const issuedSec = Math.floor(issuedMs / 1000);
  const place = campaign.held.findIndex(
    (held) => held.issuedSec === issuedSec && held.expirySec === expirySec,
  );
  if (place < 0) return false;
  campaign.held.splice(place, 1);
  return true;
}

/** When nothing in the record is of use any more. */
export function endOf({ campaigns }: UserRecord): number {
  return campaigns.reduce((end, { untilSec }) => Math.max(end, untilSec), 0);
}

/** Forgets the campaigns that are over. */
function advance(record: UserRecord, nowMs: number): number {
  const nowSec = Math.floor(nowMs / 1000);
  if (record.campaigns.some(({ untilSec }) => untilSec <= nowSec)) {
    record.campaigns = record.campaigns.filter(({ untilSec }) => untilSec > nowSec);
  }
  return nowSec;
}

/** The place of the first cap that is reached; -1: none. */
function fullCap(record: UserRecord, { key, limits }: CapAsk, nowSec: number): number {
  const campaign = findCampaign(record, key);
  if (campaign === undefined) return -1;
  dropExpired(campaign, nowSec);
  if (campaign.held.length >= MAX_HELD) return 0;
  return limits.findIndex((cap) => countIn(campaign, cap, nowSec) >= cap.limit);
}

/** Shown and held in the window that counts. */
function countIn({ windows, held }: CampaignRecord, cap: CapLimit, nowSec: number): number {
  const known = windows.find(({ window }) => window === cap.window);
  const isCurrent = known !== undefined && !isOver(known, cap, nowSec);
  const startSec = isCurrent ? known.startSec : cap.startSec;
  let count = isCurrent ? known.showings : 0;
  for (const { issuedSec } of held) if (issuedSec >= startSec) count++;
  return count;
}

/** Else it is the cap's window, or a later one that a clock ahead of ours has reached before: then that one counts. */
function isOver(known: WindowRecord, cap: CapLimit, nowSec: number): boolean {
  return known.startSec < cap.startSec || known.startSec > nowSec + MAX_AHEAD_SEC;
}

/** The time of the bid: now, or the beginning of the latest window that it counts in. */
function enterHold(
  record: UserRecord,
  { key, untilSec, limits }: CapAsk,
  expirySec: number,
  nowSec: number,
): number {
  let campaign = findCampaign(record, key);
  if (campaign === undefined) {
    campaign = { key, untilSec: 0, windows: [], held: [], shown: [] };
    record.campaigns.push(campaign);
  }
  let issuedSec = nowSec;
  let isAllNew = true;
  for (const cap of limits) {
    const known = campaign.windows.find(({ window }) => window === cap.window);
    if (known === undefined) {
      campaign.windows.push({ window: cap.window, startSec: cap.startSec, showings: 0 });
    } else if (isOver(known, cap, nowSec)) {
      known.startSec = cap.startSec;
      known.showings = 0;
    } else {
      isAllNew = false;
      issuedSec = Math.max(issuedSec, known.startSec);
    }
  }
  // A repeat of what was shown before could add to none of them.
  if (isAllNew) campaign.shown = [];
  campaign.held.push({ issuedSec, expirySec });
  campaign.untilSec = Math.max(campaign.untilSec, untilSec, expirySec + WIN_EXTENSION_SEC);
  return issuedSec;
}

/** A win notice keeps a bid open for longer than its expiry says. */
function dropExpired(campaign: CampaignRecord, nowSec: number): void {
  const isHeld = (dueSec: number): boolean => dueSec > nowSec && dueSec <= nowSec + MAX_AHEAD_SEC;
  campaign.held = campaign.held.filter(({ expirySec }) => isHeld(expirySec + WIN_EXTENSION_SEC));
}

function findCampaign({ campaigns }: UserRecord, key: string): CampaignRecord | undefined {
  return campaigns.find((campaign) => campaign.key === key);
}
