/** How a bid request reaches a decider and how it comes back, whichever thread decides. */
import type { PinnedIndex } from '../targeting/index-holder.ts';
import type { Decision } from './decision.ts';

export interface Question {
  /** The request as it came. Left as it is until the question is answered. */
  readonly body: Buffer;
  /** What it is decided against. Whoever reads the decision's ordinals keeps a pin of its own meanwhile. */
  readonly pinned: PinnedIndex;
  /** Arrival, epoch milliseconds: the time that schedules are held against. */
  readonly nowMs: number;
  /** Epoch milliseconds after which no answer is of use. */
  readonly deadlineMs: number;
  /** Per imp the ordinal from which matching goes on (ImpDecision.resumeFrom); null: from the start. */
  readonly resume: readonly number[] | null;
}

export type Outcome =
  | { readonly kind: 'decision'; readonly decision: Decision; readonly pinned: PinnedIndex }
  /** Nothing looked at it: no room, or shutting down (nbr 508). */
  | { readonly kind: 'overloaded' }
  /** The deadline passed first (nbr 15). */
  | { readonly kind: 'timeout' }
  /** The decider threw, or the worker that held it died (nbr 1). It is not tried again: it may be the cause. */
  | { readonly kind: 'failed' };

/** Called exactly once for each question, for some before `submit` returns. */
export type Done = (outcome: Outcome) => void;

export interface Handover {
  submit(question: Question, done: Done): void;
  /** Answers what was submitted (at the latest by its deadline) and takes nothing more. */
  close(): Promise<void>;
}
