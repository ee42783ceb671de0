/** What the spool's thread is told, and what it tells. */
import type { StoreFigures } from './lmdb-spool-store.ts';
import type { SpoolPort } from './spool.ts';

/** To the thread, from the front. */
export type SpoolOrder =
  | { readonly kind: 'append'; readonly bytes: Uint8Array; readonly count: number; readonly atMs: number }
  | { readonly kind: 'connect'; readonly reader: string; readonly port: SpoolPort }
  | { readonly kind: 'close' };

/** From the thread, to the front. */
export type SpoolReport =
  | {
      readonly kind: 'opened';
      readonly id: string;
      readonly isSound: boolean;
      readonly figures: StoreFigures;
    }
  | { readonly kind: 'unopened'; readonly sentence: string }
  /** Answers the one append that is under way; first: 0 where it failed. */
  | { readonly kind: 'appended'; readonly first: number; readonly figures: StoreFigures }
  | { readonly kind: 'figures'; readonly figures: StoreFigures }
  | { readonly kind: 'sound'; readonly isSound: boolean }
  | { readonly kind: 'trouble'; readonly sentence: string };

/** To the thread, from a reader. */
export type ReaderOrder =
  | { readonly kind: 'acknowledge'; readonly sequence: number }
  | { readonly kind: 'wait'; readonly behind: number }
  | { readonly kind: 'settle' };

/** From the thread, to a reader. */
export type ReaderReport =
  | { readonly kind: 'acknowledged'; readonly through: number }
  | { readonly kind: 'more' }
  /** Answers the oldest 'settle'. */
  | { readonly kind: 'settled' };
