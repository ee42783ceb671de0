/** The scripts of the frequency caps by their verbs, and the keys that they take. */
import type { RedisConnection } from '../database/redis-connection.ts';
import type { RedisReply, ScriptRunner } from '../database/redis-script.ts';
import { CAP_CODES, type CapVerb } from './cap-status.ts';
import { readScript } from './disk-lua.ts';

export interface CapScripts {
  /**
   * null: Redis can't be asked now, or did not understand, which is told of. Else a code of the list first, and neither
   * `invalid` nor `unreadable`. Never rejects.
   */
  run(
    verb: CapVerb,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<readonly RedisReply[] | null>;
}

/** Behind the bid path: as long as a notice may take. */
const CALL_LIMIT_MS = 500;
const PRELUDE = 'userRecord';
const KEY_COUNTS: Readonly<Record<CapVerb, number>> = {
  holdShowing: 2,
  countShowing: 2,
  releaseShowing: 1,
  turnEpoch: 1,
  restoreRecord: 2,
};

/** Users of one tag stand in one hash slot, with the epoch that says whether they are complete. */
const TAG_DIGITS = 2;
export const TAGS: readonly string[] = Array.from({ length: 16 ** TAG_DIGITS }, (_, tag) =>
  tag.toString(16).padStart(TAG_DIGITS, '0'),
);

export function tagOfUser(userHash: string): string {
  return userHash.slice(0, TAG_DIGITS);
}

/** Where a user's record stands. */
export function userKey(userHash: string): string {
  return `gavel:user:{${tagOfUser(userHash)}}${userHash.slice(TAG_DIGITS)}`;
}

/** `database`: servers of several databases may share a Redis; their users have other hashes. */
export function epochKey(database: string, tag: string): string {
  return `gavel:caps:{${tag}}:${database}`;
}

export function defineCapScripts(
  redis: Pick<RedisConnection, 'defineScript'>,
  onFault: (fault: string) => void,
): CapScripts {
  const runners = new Map<CapVerb, ScriptRunner>();
  for (const verb of Object.keys(CAP_CODES) as CapVerb[]) {
    runners.set(verb, redis.defineScript(verb, { lua: readScript(verb, PRELUDE), keys: KEY_COUNTS[verb] }));
  }
  return {
    async run(verb, keys, args) {
      try {
        const outcome = await runners.get(verb)?.(keys, args, CALL_LIMIT_MS);
        return outcome?.kind === 'reply' ? readReply(verb, outcome.reply) : null;
      } catch (error) {
        onFault(error instanceof Error ? error.message : String(error));
        return null;
      }
    },
  };
}

function readReply(verb: CapVerb, answer: RedisReply): readonly RedisReply[] {
  const reply = Array.isArray(answer) ? (answer as readonly RedisReply[]) : [];
  const [code] = reply;
  if (!(CAP_CODES[verb] as readonly unknown[]).includes(code))
    throw new Error(`the script ${verb} answered ${JSON.stringify(answer)}`);
  if (code !== 'invalid' && code !== 'unreadable') return reply;
  throw new Error(`the script ${verb} found the record, or what it was told, ${code}`);
}
