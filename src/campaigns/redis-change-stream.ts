/** The change stream in Redis, one for a database. An entry's id is the number of its last change. */
import type { RedisConnection } from '../database/redis-connection.ts';
import type { RedisReply, ScriptOutcome } from '../database/redis-script.ts';
import type { StreamEntry } from '../database/redis-stream.ts';
import type { ChangeEntry } from './change-entry.ts';
import { readChanges, type ChangedRow } from './postgres-changed.ts';
import type { CampaignChanges } from './store.ts';

/** The last entry. */
export interface StreamHead {
  /** With the number of the change, and after it 0 unless another program wrote it. */
  readonly id: string;
  readonly number: number;
  readonly chain: string;
}

/** `overtaken`: its head is another one by now. */
export type AppendOutcome = 'appended' | 'overtaken' | 'away';

export interface ChangeStream {
  /** null: the stream is empty. */
  head(): Promise<StreamHead | null | 'away'>;
  /** Adds the changes after the head's, which is still the head then. `row` null: too much for the stream. */
  append(head: StreamHead, number: number, row: string | null): Promise<AppendOutcome>;
  /** Empties the stream whose head that is, and begins it anew behind the change of that number. */
  begin(head: StreamHead | null, number: number, chain: string): Promise<AppendOutcome>;
}

/** Some minutes of many changes; whoever was away for longer asks Postgres. */
const MAX_ENTRIES = 1_000;
/** Of `row`: with another one, Postgres is asked. The columns are those of the database, which all nodes share. */
const FORM = '1';
/** On a sound line under a millisecond. */
const CALL_LIMIT_MS = 1_000;

/** The head in words, id and chain, or nothing. */
const HEAD = `
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local head = last and last[1] .. ' ' .. last[2][2] or ''`;
const READ_HEAD = { lua: `${HEAD} return head`, keys: 1 };
/**
 * Adds an entry behind the head that the caller saw, and nothing behind another one: of two who lead at once, one is
 * refused. ARGV: that head; the id, chain, from (empty: the stream is begun anew), form and row (empty: none).
 * Returns 1: added; 0: the head is another one.
 */
const APPEND_CHANGE = {
  lua: `${HEAD}
if head ~= ARGV[1] then return 0 end
if ARGV[4] == '' then redis.call('DEL', KEYS[1]) end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ${String(MAX_ENTRIES)}, ARGV[2],
  'chain', ARGV[3], 'from', ARGV[4], 'form', ARGV[5], 'row', ARGV[6])
return 1`,
  keys: 1,
};
const HEAD_FORM = /^((\d+)-\d+) (.*)$/s;

/** `databaseId`: servers of several databases may share a Redis. */
export function changeStreamKey(databaseId: string): string {
  return `gavel:changes:{${databaseId}}`;
}

export function openChangeStream(redis: RedisConnection, key: string): ChangeStream {
  const readHead = redis.defineScript('readChangeHead', READ_HEAD);
  const appendChange = redis.defineScript('appendChange', APPEND_CHANGE);

  async function add(
    head: StreamHead | null,
    number: number,
    chain: string,
    rest: readonly string[],
  ): Promise<AppendOutcome> {
    const args = [inWords(head), `${String(number)}-0`, chain, ...rest];
    const reply = replyOf(await appendChange([key], args, CALL_LIMIT_MS));
    if (reply === 'away') return 'away';
    return reply === 1 ? 'appended' : 'overtaken';
  }

  return {
    async head() {
      const reply = replyOf(await readHead([key], [], CALL_LIMIT_MS));
      if (reply === 'away') return 'away';
      const [, id, number, chain] = HEAD_FORM.exec(String(reply)) ?? [];
      if (id === undefined || chain === undefined) return null;
      return { id, number: Number(number), chain };
    },
    append: (head, number, row) => add(head, number, head.chain, [String(head.number), FORM, row ?? '']),
    begin: (head, number, chain) => add(head, number, chain, ['', FORM, '']),
  };
}

/** An entry that nobody of ours wrote, or in another form, holds nothing: Postgres is asked. */
export function readEntry({ number, fields }: StreamEntry): ChangeEntry {
  const { chain = '', from = '', form, row = '' } = fields;
  return {
    number,
    chain,
    from: from === '' ? null : Number(from),
    changes: form === FORM && row !== '' ? readRow(row) : null,
  };
}

function readRow(row: string): CampaignChanges | null {
  try {
    return readChanges(JSON.parse(row) as ChangedRow);
  } catch {
    return null;
  }
}

function inWords(head: StreamHead | null): string {
  return head === null ? '' : `${head.id} ${head.chain}`;
}

function replyOf(outcome: ScriptOutcome): RedisReply {
  return outcome.kind === 'reply' ? outcome.reply : 'away';
}
