/** What the ledger's scripts answer, the first word of each. lua/<verb>.lua says what each means, and what follows it. */

export const SCRIPT_CODES = {
  openBook: ['opened', 'repeated', 'invalid'],
  grantLease: ['granted', 'refused', 'taken', 'unknown', 'closed', 'invalid'],
  settleLease: ['settled', 'closed', 'other', 'unknown', 'invalid'],
  postBid: ['posted', 'late', 'repeated', 'unknown', 'invalid'],
  voidBid: ['voided', 'repeated', 'already_posted', 'expired', 'unknown', 'invalid'],
  winBid: ['extended', 'repeated', 'already_posted', 'expired', 'unknown', 'invalid'],
  chargeAction: ['posted', 'uncharged', 'repeated', 'unclicked', 'unknown', 'invalid'],
  refundClick: ['refunded', 'repeated', 'unknown', 'invalid'],
  readBook: ['read', 'unknown', 'invalid'],
  announceSpent: ['announced', 'invalid'],
} as const;

export type ScriptVerb = keyof typeof SCRIPT_CODES;
export type ScriptCode<Verb extends ScriptVerb> = (typeof SCRIPT_CODES)[Verb][number];
