import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { openScratchServer, type ScratchServer } from './database/fixtures/postgres-scratch.ts';
import { runDeadLetterCommand } from './dead-letter-command.ts';
import { NOW_MS, adEvent, batchOf } from './events/fixtures/random-events.ts';
import { recount, rowIds } from './events/fixtures/recount.ts';
import { consume } from './events/postgres-consume.ts';

let server: ScratchServer;
let url: string;
let pool: Pool;

beforeAll(() => {
  server = openScratchServer();
});
afterAll(async () => {
  await server.close();
});
/** Letters 1 and 2 are events of a campaign whose id is none, letter 3 is rubbish. */
beforeEach(async () => {
  url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  const bad = ['a', 'b'].map((eventId) => adEvent({ eventId, campaignId: 'C' }));
  const batch = batchOf([...bad, adEvent({ eventId: 'c' })]);
  const rubbish = { offset: 3, value: Buffer.from('rubbish') };
  const messages = [...batch.messages, rubbish];
  await consume(pool, { ...batch, messages, nextOffset: 4 }, { nowMs: NOW_MS, keptDays: 30 });
  return () => pool.end();
});

function run(args: readonly string[], all = false): Promise<string> {
  const read = readConfig({ DATABASE_URL: url }, 1, 'command');
  if (!read.ok) throw new Error(read.message);
  return runDeadLetterCommand(read.config, args, { all });
}

/** As by a program that was mended, or mends what others sent. */
async function mend(id: number, eventId: string): Promise<void> {
  const [message] = batchOf([adEvent({ eventId })]).messages;
  await pool.query('UPDATE dead_letters SET value = $2 WHERE id = $1', [id, message?.value]);
}

describe('dead letters', () => {
  it('are listed with their place and their reason', async () => {
    const lines = (await run(['list'])).trimEnd().split('\n');
    expect(lines.map((line) => line.split('\t').toSpliced(1, 1))).toEqual([
      [
        '1',
        'spool/0 at 0',
        expect.stringMatching(/^\d+ bytes$/),
        'campaignId of a campaign of ours is no UUID in lower case.',
      ],
      [
        '2',
        'spool/0 at 1',
        expect.stringMatching(/^\d+ bytes$/),
        'campaignId of a campaign of ours is no UUID in lower case.',
      ],
      ['3', 'spool/0 at 3', '7 bytes', 'Version 114 is unknown, 1 is read.'],
    ]);
  });

  it('are counted by a replay that can read them, once, and stay with a reason where it can not', async () => {
    await mend(1, 'a');
    await mend(2, 'c');
    await expect(run(['replay'], true)).rejects.toThrow(
      /^3: Version 114 is unknown, 1 is read\.\n2 letters were counted\.$/,
    );
    expect(await rowIds(pool)).toEqual(['a', 'c']);
    expect(await recount(pool)).toEqual([]);
    expect((await run(['list'])).split('\t')[0]).toBe('3');
    await expect(run(['replay', '1'])).rejects.toThrow('1: there is no such letter');
  });

  it('that Postgres still refuses stay', async () => {
    const [message] = batchOf([adEvent({ eventId: 'x', spendNanos: Number.MAX_SAFE_INTEGER })]).messages;
    await pool.query('UPDATE dead_letters SET value = $1 WHERE id = 1', [message?.value]);
    await mend(2, 'y');
    await pool.query('UPDATE ad_stats_minute SET spend_nanos = 1');
    await expect(run(['replay', '1', '2'])).rejects.toThrow(
      /^1: Postgres does not take it: .*\n1 letter was counted\.$/,
    );
    expect(await rowIds(pool)).toEqual(['c', 'y']);
  });

  it('are dropped by their numbers, or all', async () => {
    expect(await run(['drop', '2'])).toBe('1 letter was dropped.\n');
    expect((await run(['list'])).match(/^\d+/gm)).toEqual(['1', '3']);
    expect(await run(['drop'], true)).toBe('2 letters were dropped.\n');
    expect(await run(['list'])).toBe('There are none.\n');
  });

  it.each([[['drop']], [['drop', 'x']], [['drop', '0']], [['list', '1']], [['eat', '1']], [[]]])(
    'are not touched by what is no command: %j',
    async (args) => {
      await expect(Promise.resolve().then(() => run(args))).rejects.toThrow('usage: deadletters list');
      await expect(Promise.resolve().then(() => run([...args, '1'], true))).rejects.toThrow('usage');
      expect((await run(['list'])).split('\n')).toHaveLength(4);
    },
  );
});
