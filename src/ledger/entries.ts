/**
 * The facts that the ledger's journal is made of. An entry carries every amount that moves, so that reading it
 * back needs no rule and no clock.
 */
import type { BidModel } from '../campaigns/model.ts';
import type { BudgetTerms } from './ledger.ts';
import type { Marks } from './marks.ts';

export type Entry = TermsEntry | LeaseEntry | LeaseFact | KeptEntry | AccountEntry;

export interface TermsEntry {
  readonly kind: 'terms';
  readonly terms: BudgetTerms;
}

/** What happens to a lease that stands in the books. */
export type LeaseFact =
  | {
      readonly kind: 'slice';
      readonly lease: number;
      readonly amountNanos: number;
      readonly lastExpirySec: number;
      readonly atMs: number;
    }
  | { readonly kind: 'unused'; readonly lease: number; readonly amountNanos: number }
  | {
      readonly kind: 'post';
      readonly lease: number;
      readonly ordinal: number;
      readonly amountNanos: number;
      /** What the post takes out of the lease: what was reserved, 0 where that had gone back before. */
      readonly releasedNanos: number;
    }
  | {
      readonly kind: 'void';
      readonly lease: number;
      readonly ordinal: number;
      readonly releasedNanos: number;
    }
  | {
      /** A post that was never answered, taken back: it leaves the day and the account that it was posted to. */
      readonly kind: 'retract';
      readonly lease: number;
      readonly ordinal: number;
      readonly amountNanos: number;
    }
  | {
      readonly kind: 'win';
      readonly lease: number;
      readonly ordinal: number;
      /** There was nothing left to extend. */
      readonly isLate: boolean;
    }
  | {
      readonly kind: 'click' | 'conversion';
      readonly lease: number;
      readonly ordinal: number;
      /** The day whose budget bears it. */
      readonly day: number;
      readonly amountNanos: number;
    }
  | {
      readonly kind: 'expire';
      readonly lease: number;
      readonly expirySec: number;
      readonly releasedNanos: number;
    };

export interface LeaseEntry {
  readonly kind: 'lease';
  readonly lease: number;
  readonly campaignId: string;
  readonly day: number;
  readonly model: BidModel;
  /** share.ts */
  readonly share: number;
}

/** A whole lease, as a rewritten journal begins with it. */
export interface KeptEntry {
  readonly kind: 'kept';
  readonly lease: number;
  readonly campaignId: string;
  readonly day: number;
  readonly model: BidModel;
  readonly share: number;
  readonly lastExpirySec: number;
  readonly longestSec: number;
  readonly expiredThroughSec: number;
  readonly outstandingNanos: number;
  readonly marks: Marks | null;
}

/** What an account has posted, in place of whatever was read before. */
export interface AccountEntry {
  readonly kind: 'account';
  readonly campaignId: string;
  readonly postedNanos: number;
  readonly days: readonly (readonly [day: number, postedNanos: number])[];
}
