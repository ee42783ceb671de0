/** What a failed query says: that PostgreSQL is away or busy, that a transaction was undone, or that we are wrong. */
import pg from 'pg';

/** SQLSTATE classes and codes of a server that can't serve now, through no fault of the statement. */
const AWAY = /^(08|53|57|58|40|25006|55P03)/;
const DEADLOCK = /^40(P01|001)$/;
/** What the system says of a connection that it can't make or keep; names of TLS and of Node's own errors have other forms. */
const SYSTEM_CODE = /^(EAI_[A-Z]+|E[A-Z]+)$/;
/** pg has no code for these; the last is what a connection says that broke between two queries. */
const LOST_LINE = /^(timeout expired|Connection terminated|Client has encountered a connection error)/;

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

/**
 * Nobody answers, or a server that is starting or stopping: to wait may help. Not a wrong password, or anything else that
 * someone must put right. Of several addresses all must be so.
 */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isUnreachable);
  if (!(error instanceof Error)) return false;
  if (error instanceof pg.DatabaseError) return /^(08|53|57P)/.test(error.code ?? '');
  if (error.cause !== undefined) return isUnreachable(error.cause);
  if ('code' in error && typeof error.code === 'string') return SYSTEM_CODE.test(error.code);
  return LOST_LINE.test(error.message);
}

/** The server chose this transaction to give way to another. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof pg.DatabaseError && DEADLOCK.test(error.code ?? '');
}

/** The server itself said that the transaction failed; a connection that is lost at the commit tells nothing. */
export function isUndone(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !/^(08|57P)/.test(error.code ?? '');
}
