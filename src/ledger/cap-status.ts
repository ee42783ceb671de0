/** What the scripts of the frequency caps answer, the first word of each. lua/<verb>.lua says what each means. */

export const CAP_CODES = {
  holdShowing: ['held', 'lost', 'unreadable', 'invalid'],
  countShowing: ['shown', 'late', 'repeated', 'unknown', 'lost', 'unreadable', 'invalid'],
  releaseShowing: ['released', 'unknown', 'unreadable', 'invalid'],
  turnEpoch: ['open', 'begun', 'lost', 'invalid'],
  restoreRecord: ['restored', 'known', 'lost', 'unreadable', 'invalid'],
} as const;

export type CapVerb = keyof typeof CAP_CODES;
