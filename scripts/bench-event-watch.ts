/**
 * From when on a row can be seen. A connection asks Postgres for its snapshot every few milliseconds: which transactions
 * are committed. That reads no table, so it costs next to nothing. The rows name the transaction that wrote them; so each
 * has the first snapshot that it is in, which is at most one pause between two looks too late.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface CommitWatch {
  /** Resolves with what was seen. */
  stop(): Promise<SeenCommits>;
}

export interface SeenCommits {
  /** Of the transaction, by the lower 32 bits of its number: on the monotonic clock, in microseconds. */
  visibleMicros(xmin: number): number;
  /** From one look to the next, at most: so much a time may be too late. */
  readonly longestGapMs: number;
}

interface Look {
  readonly atMicros: number;
  /** Transactions from this number on had not begun. */
  readonly end: number;
  readonly underWay: ReadonlySet<number>;
}

const PAUSE_MS = 5;
/** Rows keep the lower half of a number. */
const ROW_NUMBERS = 2 ** 32;

export async function watchCommits(databaseUrl: string): Promise<CommitWatch> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const looks: Look[] = [];
  let isOver = false;
  let last = '';
  let longestGapMicros = 0;
  const look = async (sinceMicros: number): Promise<number> => {
    const askedMicros = monotonicMicros();
    const text = 'SELECT pg_current_snapshot()::text AS snapshot';
    const { rows } = await client.query<{ snapshot: string }>({ name: 'look', text });
    const atMicros = monotonicMicros();
    longestGapMicros = Math.max(longestGapMicros, atMicros - sinceMicros);
    const snapshot = rows[0]?.snapshot ?? '';
    if (snapshot !== last) looks.push(readLook(snapshot, atMicros));
    last = snapshot;
    return askedMicros;
  };
  const watching = (async () => {
    for (let sinceMicros = monotonicMicros(); !isOver;) {
      sinceMicros = await look(sinceMicros);
      await sleep(PAUSE_MS);
    }
  })();
  return {
    async stop() {
      isOver = true;
      await watching;
      await look(monotonicMicros());
      await client.end();
      return { visibleMicros: findVisible(looks), longestGapMs: longestGapMicros / 1_000 };
    },
  };
}

export function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** `xmin:xmax:xip,xip…` */
function readLook(snapshot: string, atMicros: number): Look {
  const [, end = '', underWay = ''] = snapshot.split(':');
  const numbers = underWay === '' ? [] : underWay.split(',').map(Number);
  return { atMicros, end: Number(end), underWay: new Set(numbers) };
}

function findVisible(looks: readonly Look[]): (xmin: number) => number {
  const known = new Map<number, number>();
  return (xmin) => {
    const found = known.get(xmin) ?? firstWith(looks, xmin);
    known.set(xmin, found);
    return found;
  };
}

/** What is committed stays so: the looks without the transaction come before those with it. */
function firstWith(looks: readonly Look[], xmin: number): number {
  let [low, high] = [0, looks.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isVisible(looks[middle], xmin)) high = middle;
    else low = middle + 1;
  }
  const look = looks[low];
  if (look === undefined || !isVisible(look, xmin))
    throw new Error(`transaction ${xmin} was never seen committed`);
  return look.atMicros;
}

function isVisible(look: Look | undefined, xmin: number): boolean {
  if (look === undefined) return false;
  const newest = look.end - 1;
  const rounds = Math.floor(newest / ROW_NUMBERS);
  // A number whose lower half is above that of the newest was given out before the count began anew.
  const number = (xmin > newest % ROW_NUMBERS ? rounds - 1 : rounds) * ROW_NUMBERS + xmin;
  return number >= 0 && number < look.end && !look.underWay.has(number);
}
