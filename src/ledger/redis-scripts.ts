/** The ledger's scripts by their verbs: what they answer is a code of the closed list, or that Redis can't be asked. */
import type { RedisConnection } from '../database/redis-connection.ts';
import type { RedisReply, ScriptRunner } from '../database/redis-script.ts';
import { readScript } from './disk-lua.ts';
import { SCRIPT_CODES, type ScriptCode, type ScriptVerb } from './status.ts';

/** away: not carried out · unsure: nobody knows whether it was. */
export type Unanswered = 'away' | 'unsure';

export interface ScriptAnswer<Verb extends ScriptVerb> {
  readonly code: Exclude<ScriptCode<Verb>, 'invalid'> | Unanswered;
  /** What follows the code. */
  readonly sums: readonly number[];
}

export interface LedgerScripts {
  /** Never rejects: what a script does not understand, or can't do, is told of and counts as away. */
  run<Verb extends ScriptVerb>(
    verb: Verb,
    keys: readonly string[],
    args: readonly (string | number)[],
    withinMs: number,
  ): Promise<ScriptAnswer<Verb>>;
}

const KEY_COUNTS: Readonly<Record<ScriptVerb, number>> = {
  openBook: 1,
  rebuildBook: 1,
  declareLease: 3,
  redoCalls: 3,
  grantLease: 3,
  settleLease: 3,
  postBid: 3,
  voidBid: 3,
  winBid: 3,
  chargeAction: 3,
  refundClick: 3,
  readBook: 1,
  announceSpent: 1,
  announceLoss: 1,
};
const VERBS = Object.keys(SCRIPT_CODES) as ScriptVerb[];

export function defineLedgerScripts(
  redis: Pick<RedisConnection, 'defineScript'>,
  onFault: (fault: string) => void,
): LedgerScripts {
  const runners = new Map<ScriptVerb, ScriptRunner>();
  for (const verb of VERBS) {
    runners.set(verb, redis.defineScript(verb, { lua: readScript(verb), keys: KEY_COUNTS[verb] }));
  }
  return {
    async run(verb, keys, args, withinMs) {
      try {
        const outcome = await runners.get(verb)?.(keys, args, withinMs);
        if (outcome?.kind === 'reply') return readAnswer(verb, outcome.reply);
        return { code: outcome?.kind === 'late' ? 'unsure' : 'away', sums: [] };
      } catch (error) {
        onFault(error instanceof Error ? error.message : String(error));
        return { code: 'away', sums: [] };
      }
    },
  };
}

function readAnswer<Verb extends ScriptVerb>(verb: Verb, reply: RedisReply): ScriptAnswer<Verb> {
  const [code, ...sums] = Array.isArray(reply) ? (reply as readonly RedisReply[]) : [reply];
  if (code === 'invalid') throw new Error(`the script ${verb} was given what it does not understand`);
  if (!isSound(verb, code)) throw new Error(`the script ${verb} answered ${JSON.stringify(reply)}`);
  return { code, sums: sums.map(Number) };
}

function isSound<Verb extends ScriptVerb>(
  verb: Verb,
  word: unknown,
): word is Exclude<ScriptCode<Verb>, 'invalid'> {
  return (SCRIPT_CODES[verb] as readonly unknown[]).includes(word);
}
