/**
 * The desk on PostgreSQL. One transaction holds a change, its place in the audit and its kept answer. Locks are taken
 * in one order, that of plain SQL: the key of the request, the campaign's row, the number of the change.
 */
import { inTransaction, type Pool, type Transaction } from '../database/postgres-pool.ts';
import { settlesWithin } from '../database/postgres-patience.ts';
import { isAway, isDeadlock, isUndone } from '../database/postgres-refusals.ts';
import type { CampaignDesk, KeptAnswer, Order, Outcome, Verdict } from './desk.ts';
import type { Campaign } from './model.ts';
import { nameActor } from './postgres-audit.ts';
import { changeable, writeChange, writeNew } from './postgres-changes.ts';
import { findCampaign, listAudit, listCampaigns } from './postgres-listing.ts';

/** Two changes by plain SQL in one transaction can meet one of ours head-on; the one that is undone tries again. */
const ATTEMPTS = 4;
/** Ours take milliseconds: whoever holds the campaigns for longer is at a prompt of psql. */
const LOCK_TIMEOUT_MS = 5_000;
/** Connecting and waiting for locks take less. What is not done by then may still be done later. */
const PATIENCE_MS = 12_000;
/** Answers are kept for a day at least (a client that gives up by then will not come back), and go two days later. */
const KEEP_ANSWERS = "interval '48 hours'";
/** Each request with a key clears some of what is old, so that no one has to. */
const CLEAR_AT_ONCE = 10;

/** A campaign, its rules and its ads belong together. */
const AT_ONE_MOMENT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** `patienceMs`: for tests of a database that hangs. */
export function createCampaignDesk(pool: Pool, patienceMs = PATIENCE_MS): CampaignDesk {
  const read = async <T>(work: (transaction: Transaction) => Promise<T>): Promise<T | 'unavailable'> =>
    unlessAway(inTransaction(pool, work, AT_ONE_MOMENT), patienceMs);
  const settle = async <Refusal>(order: Order, work: Work): Promise<Outcome<Refusal>> => {
    const settling = commit<Refusal>(pool, order, work);
    return (await settlesWithin(settling, patienceMs)) ? settling : { kind: 'uncertain' };
  };
  return {
    find: (id, advertiserId) => read((transaction) => findCampaign(transaction, id, advertiserId)),
    list: (filter, after, limit) => read((transaction) => listCampaigns(transaction, filter, after, limit)),
    audit: (id, advertiserId, before, limit) =>
      read((transaction) => listAudit(transaction, id, advertiserId, before, limit)),
    create: (campaign, order, answer) =>
      settle(order, async (transaction) => answer(await writeNew(transaction, campaign, order.actor))),
    change: (id, order, decide) =>
      settle(order, async (transaction) => {
        const current = await findCampaign(transaction, id, order.advertiserId, 'FOR UPDATE');
        if (current === null) throw new Withdrawn({ kind: 'unknown' });
        return change(transaction, current, order.actor, decide(current));
      }),
  };
}

async function change<Refusal>(
  transaction: Transaction,
  current: Campaign,
  actor: string,
  verdict: Verdict<Refusal>,
): Promise<KeptAnswer> {
  if (verdict.kind === 'refuse') throw new Withdrawn({ kind: 'refused', refusal: verdict.refusal });
  const { campaign, action, answer } = verdict;
  if (changeable(campaign) === changeable(current)) return answer(current);
  return answer(await writeChange(transaction, current, campaign, { actor, action }));
}

/** Ends a transaction without a trace, with what is to be said of it. */
class Withdrawn extends Error {
  readonly outcome: Outcome<unknown>;

  constructor(outcome: Outcome<unknown>) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

type Work = (transaction: Transaction) => Promise<KeptAnswer>;

/** `Refusal` is what the work's verdict withdraws with. */
async function commit<Refusal>(pool: Pool, order: Order, work: Work): Promise<Outcome<Refusal>> {
  for (let attempt = 1; ; attempt++) {
    const progress = { isCommitting: false };
    try {
      return await inTransaction(pool, async (transaction) => {
        await nameActor(transaction, order.actor);
        await transaction.query(`SET LOCAL lock_timeout = ${String(LOCK_TIMEOUT_MS)}`);
        const outcome = await doOnce(transaction, order, work);
        progress.isCommitting = true;
        return outcome;
      });
    } catch (error) {
      if (error instanceof Withdrawn) return error.outcome as Outcome<Refusal>;
      if (isDeadlock(error) && attempt < ATTEMPTS) continue;
      if (progress.isCommitting && !isUndone(error)) return { kind: 'uncertain' };
      if (isAway(error)) return { kind: 'unavailable' };
      throw error;
    }
  }
}

/** A second request with the key waits for the first, and gets its answer; if that did nothing, it is the first. */
async function doOnce(transaction: Transaction, { actor, once }: Order, work: Work): Promise<Outcome<never>> {
  if (once === null) return { kind: 'done', answer: await work(transaction) };
  const { rowCount } = await transaction.query(
    `INSERT INTO idempotent_answers (actor, key, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
    [actor, once.key, once.fingerprint],
  );
  if (rowCount === 0) {
    const { rows } = await transaction.query<{ fingerprint: string; answer: KeptAnswer }>(
      'SELECT fingerprint, answer FROM idempotent_answers WHERE actor = $1 AND key = $2',
      [actor, once.key],
    );
    const [kept] = rows;
    if (kept === undefined) throw new Error('an answer was cleared while it was asked for');
    return kept.fingerprint === once.fingerprint
      ? { kind: 'replayed', answer: kept.answer }
      : { kind: 'key_reused' };
  }
  const answer = await work(transaction);
  await transaction.query('UPDATE idempotent_answers SET answer = $3 WHERE actor = $1 AND key = $2', [
    actor,
    once.key,
    JSON.stringify(answer),
  ]);
  await transaction.query(
    `DELETE FROM idempotent_answers WHERE (actor, key) IN (
       SELECT actor, key FROM idempotent_answers WHERE created_at < now() - ${KEEP_ANSWERS}
        ORDER BY created_at LIMIT ${String(CLEAR_AT_ONCE)} FOR UPDATE SKIP LOCKED)`,
  );
  return { kind: 'done', answer };
}

async function unlessAway<T>(reading: Promise<T>, patienceMs: number): Promise<T | 'unavailable'> {
  try {
    return (await settlesWithin(reading, patienceMs)) ? await reading : 'unavailable';
  } catch (error) {
    if (isAway(error)) return 'unavailable';
    throw error;
  }
}
