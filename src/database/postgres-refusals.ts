/** What a failed query says: that PostgreSQL is away or busy, that a transaction was undone, or that we are wrong. */
import pg from 'pg';

/** SQLSTATE classes and codes of a server that can't serve now, through no fault of the statement. */
const AWAY = /^(08|53|57|58|40|25006|55P03)/;
const DEADLOCK = /^40(P01|001)$/;

/** Nothing was done, and the same may succeed later. */
export function isAway(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return AWAY.test(error.code ?? '');
  // What is left of a connection that broke or was not to be had is a plain Error; a mistake of ours has a kind.
  return !(
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError ||
    error instanceof SyntaxError
  );
}

/** The server chose this transaction to give way to another. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof pg.DatabaseError && DEADLOCK.test(error.code ?? '');
}

/** The server itself said that the transaction failed; a connection that is lost at the commit tells nothing. */
export function isUndone(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !/^(08|57P)/.test(error.code ?? '');
}
