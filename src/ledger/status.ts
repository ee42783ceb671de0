/** What the ledger's scripts answer, the first word of each. lua/<verb>.lua says what each means, and what follows it. */

export const SCRIPT_CODES = {
  openBook: ['opened', 'repeated', 'waiting', 'lost', 'invalid'],
  rebuildBook: ['begun', 'rebuilding', 'whole', 'invalid'],
  declareLease: ['declared', 'taken', 'lost', 'invalid'],
  redoCalls: ['redone', 'unknown', 'lost', 'invalid'],
  grantLease: ['granted', 'refused', 'paced', 'taken', 'unknown', 'closed', 'lost', 'invalid'],
  settleLease: ['settled', 'closed', 'other', 'unknown', 'lost', 'invalid'],
  postBid: ['posted', 'late', 'repeated', 'unknown', 'lost', 'invalid'],
  voidBid: ['voided', 'repeated', 'already_posted', 'expired', 'unknown', 'lost', 'invalid'],
  winBid: ['extended', 'repeated', 'already_posted', 'expired', 'unknown', 'lost', 'invalid'],
  chargeAction: ['posted', 'uncharged', 'repeated', 'unclicked', 'unknown', 'lost', 'invalid'],
  refundClick: ['refunded', 'repeated', 'unknown', 'lost', 'invalid'],
  readBook: ['read', 'lost', 'invalid'],
  announceSpent: ['announced', 'invalid'],
  announceLoss: ['announced', 'invalid'],
} as const;

export type ScriptVerb = keyof typeof SCRIPT_CODES;
export type ScriptCode<Verb extends ScriptVerb> = (typeof SCRIPT_CODES)[Verb][number];
