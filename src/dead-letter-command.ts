/** `deadletters list | replay | drop`: messages that could not be counted. */
import { withDatabase } from './command-database.ts';
import type { Config } from './config.ts';
import type { Pool } from './database/postgres-pool.ts';
import { dropLetters, listLetters, replayLetter, type DeadLetter } from './events/postgres-dead-letters.ts';

export const DEAD_LETTER_USAGE =
  'deadletters list | deadletters replay ID… | deadletters replay --all | deadletters drop ID… | deadletters drop --all';

/** Letters asked for at once: `--all` may mean millions. */
const PAGE = 500;

/** What to print; rejects with one sentence, or with one a letter that stays. */
export async function runDeadLetterCommand(
  config: Config,
  [action, ...names]: readonly string[],
  { all }: { readonly all: boolean },
): Promise<string> {
  const ids = names.map(Number);
  const isSound = action === 'list' ? ids.length === 0 && !all : ids.length > 0 !== all;
  if (!isSound || !ids.every((id) => Number.isSafeInteger(id) && id > 0)) {
    throw new Error(`usage: ${DEAD_LETTER_USAGE}`);
  }
  const chosen = all || action === 'list' ? 'all' : ids;
  switch (action) {
    case 'list':
      return withDatabase(config, list);
    case 'replay':
      return withDatabase(config, (pool) => replay(pool, chosen, config.retentionEventDays));
    case 'drop':
      return withDatabase(config, (pool) => drop(pool, chosen));
    default:
      throw new Error(`usage: ${DEAD_LETTER_USAGE}`);
  }
}

async function list(pool: Pool): Promise<string> {
  let lines = '';
  for await (const page of pages(pool)) lines += page.map(line).join('');
  return lines === '' ? 'There are none.\n' : lines;
}

function line({ id, createdAt, source, partition, offset, bytes, reason }: DeadLetter): string {
  const place = `${source}/${partition} at ${offset}`;
  return `${[id, createdAt.toISOString(), place, `${bytes} bytes`, reason].join('\t')}\n`;
}

async function replay(pool: Pool, chosen: readonly number[] | 'all', keptDays: number): Promise<string> {
  const left: string[] = [];
  let counted = 0;
  for await (const ids of idPages(pool, chosen)) {
    for (const id of ids) {
      const outcome = await replayLetter(pool, id, { nowMs: Date.now(), keptDays });
      if (outcome.kind === 'counted') counted += 1;
      else left.push(`${id}: ${outcome.kind === 'gone' ? 'there is no such letter' : outcome.reason}`);
    }
  }
  const done = `${counted} ${counted === 1 ? 'letter was' : 'letters were'} counted.`;
  if (left.length > 0) throw new Error([...left, done].join('\n'));
  return `${done}\n`;
}

async function drop(pool: Pool, chosen: readonly number[] | 'all'): Promise<string> {
  let dropped = 0;
  for await (const ids of idPages(pool, chosen)) dropped += await dropLetters(pool, ids);
  return `${dropped} ${dropped === 1 ? 'letter was' : 'letters were'} dropped.\n`;
}

async function* idPages(pool: Pool, chosen: readonly number[] | 'all'): AsyncGenerator<readonly number[]> {
  if (chosen !== 'all') yield chosen;
  else for await (const page of pages(pool)) yield page.map(({ id }) => id);
}

async function* pages(pool: Pool): AsyncGenerator<readonly DeadLetter[]> {
  let afterId = 0;
  for (;;) {
    const page = await listLetters(pool, afterId, PAGE);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    afterId = last.id;
  }
}
