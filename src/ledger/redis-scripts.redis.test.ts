import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { serviceUrl } from '../fixtures/services.ts';
import { MAX_COST_NANOS } from '../money.ts';
import { readScript } from './disk-lua.ts';
import { SCRIPT_CODES, type ScriptVerb } from './status.ts';

const VERBS = Object.keys(SCRIPT_CODES) as ScriptVerb[];
const MAX = String(MAX_COST_NANOS);
/** What half of it is, rounded up. */
const HALF = String(2 ** 52);
const NOW = '1780315200000';
const EXPIRY = '1780315500';
const KEPT = '172800';
const DAY = '20605';

let redis: Redis;
const root = `test:{${randomUUID()}}`;
const used = new Set<string>();

beforeAll(() => {
  redis = new Redis(serviceUrl('REDIS_URL'));
});
afterAll(async () => {
  for (const key of used) await redis.del(key);
  await redis.quit();
});

/** The keys of one campaign, one lease of it, in the order in which scripts take them. */
function keysOf(name: string): Readonly<Record<'book' | 'leases' | 'lease' | 'marks' | 'spent', string>> {
  const key = (kind: string): string => `${root}:${name}:${kind}`;
  const keys = {
    book: key('book'),
    leases: key('leases'),
    lease: key('lease'),
    marks: key('marks'),
    spent: key('spent'),
  };
  Object.values(keys).forEach((each) => used.add(each));
  return keys;
}

async function run(verb: ScriptVerb, name: string, args: readonly string[]): Promise<readonly string[]> {
  const { book, leases, lease, marks, spent } = keysOf(name);
  const keys: Readonly<Record<ScriptVerb, readonly string[]>> = {
    openBook: [book],
    rebuildBook: [book],
    declareLease: [book, leases, lease],
    redoCalls: [book, lease, marks],
    grantLease: [book, leases, lease],
    settleLease: [book, leases, lease],
    postBid: [book, lease, marks],
    voidBid: [book, lease, marks],
    winBid: [book, lease, marks],
    chargeAction: [book, lease, marks],
    refundClick: [book, lease, marks],
    readBook: [book],
    announceSpent: [spent],
    announceLoss: [spent],
  };
  return (await redis.eval(readScript(verb), keys[verb].length, ...keys[verb], ...args)) as string[];
}

/** A book with one lease of everything that can be. */
async function openLease(name: string, model = 'cpm', amount = MAX, share = ''): Promise<void> {
  await run('openBook', name, [NOW, '1', DAY, '0', '0']);
  const wish = model === 'cpm' ? amount : '0';
  const args = [
    NOW,
    'n',
    '1',
    DAY,
    model,
    MAX,
    '',
    wish,
    '0',
    EXPIRY,
    KEPT,
    '0',
    MAX,
    '1',
    '',
    '0',
    share,
    MAX,
  ];
  expect((await run('grantLease', name, args)).slice(0, 2)).toEqual(['granted', wish]);
}

/** What each script takes, sound as it stands. */
const SOUND: Readonly<Record<ScriptVerb, readonly string[]>> = {
  openBook: [NOW, '1', DAY, '7', '5'],
  rebuildBook: ['7', 'n', '3'],
  declareLease: [NOW, 'n', '1', DAY, 'cpm', '9', '0', '3', '0', EXPIRY, KEPT, '', '0', EXPIRY, '6'],
  redoCalls: ['4', '1', '100', '60', EXPIRY, '5', '2', '100', '0', EXPIRY],
  grantLease: [
    NOW,
    'n',
    '2',
    DAY,
    'cpm',
    '9',
    '',
    '1',
    '1',
    EXPIRY,
    KEPT,
    '0',
    '9',
    '1',
    '3',
    '1',
    '512',
    '9',
  ],
  settleLease: [NOW, 'n', '1', '0', '1780315199', '0', EXPIRY, '100'],
  postBid: [NOW, '0', '60', '100', EXPIRY],
  voidBid: [NOW, '1', '100', EXPIRY],
  winBid: [NOW, '2', '100', EXPIRY],
  chargeAction: [NOW, '3', 'click', '10', DAY, '100', '', '10'],
  refundClick: [NOW, '3', '10', DAY],
  readBook: [DAY],
  announceSpent: ['c'],
  announceLoss: ['n'],
};
/** Arguments that may be empty. */
const OPTIONAL = {
  'chargeAction 4': true,
  'grantLease 14': true,
  'declareLease 11': true,
  'grantLease 16': true,
};
const GARBAGE = [
  '',
  'x',
  '-1',
  '1.5',
  '1e3',
  'nan',
  '0x10',
  ' 1',
  '9007199254740993',
  '\0',
  '🙂',
  '99999999999999999999',
];

function codesInHeader(verb: string): readonly string[] {
  const lua = readScript(verb);
  const [, text = ''] = /^-- Codes: ((?:.*\n)(?:--  .*\n)*)/m.exec(lua) ?? [];
  const words = text.replaceAll(/\n--/g, ' ').replaceAll(/\([^)]*\)/g, '');
  return words.split(',').map((word) => word.trim());
}

describe('the ledger’s scripts', () => {
  it('are those of the list, and answer the codes that it names', () => {
    const files = readdirSync(new URL('lua', import.meta.url)).map((file) => file.replace('.lua', ''));
    const ours = VERBS.filter((verb) => files.includes(verb));
    expect(ours).toEqual(VERBS);
    for (const verb of VERBS) {
      expect(codesInHeader(verb), verb).toEqual(SCRIPT_CODES[verb]);
      for (const [, code = ''] of readScript(verb).matchAll(/return \{ '(\w+)'/g)) {
        expect(SCRIPT_CODES[verb], verb).toContain(code);
      }
    }
  });

  it('make no key of their own, so that a cluster runs them too', () => {
    for (const verb of VERBS) expect(readScript(verb), verb).not.toMatch(/redis\.call\('\w+', ["']/);
  });

  it('answer their own code to what they do not understand, in each argument', async () => {
    for (const verb of VERBS) {
      const sound = SOUND[verb];
      await openLease(`garbage-${verb}`);
      for (const at of sound.keys()) {
        for (const bad of GARBAGE) {
          const [code = ''] = await run(verb, `garbage-${verb}`, sound.with(at, bad));
          expect(SCRIPT_CODES[verb], `${verb} ${String(at)} ${bad}`).toContain(code);
          const isNumber =
            /^\d+$/.test(sound[at] ?? '') && !(bad === '' && `${verb} ${String(at)}` in OPTIONAL);
          const isFlag =
            (verb === 'grantLease' && at === 13) ||
            (verb === 'settleLease' && at === 5) ||
            (verb === 'openBook' && at === 1);
          const isDay = bad === '-1' || (verb === 'refundClick' && at === 3);
          if (isNumber && !isFlag && !isDay) expect(code, `${verb} ${String(at)} ${bad}`).toBe('invalid');
        }
      }
      for (const few of [[], sound.slice(1), [...sound, '1', '1', '1']]) {
        const [code = ''] = await run(verb, `garbage-${verb}`, few);
        expect(SCRIPT_CODES[verb], verb).toContain(code);
      }
    }
  });

  it('are exact at 2^53 - 1: a lease of it, posted', async () => {
    await openLease('post');
    expect(await run('postBid', 'post', [NOW, '65535', MAX, MAX, EXPIRY])).toEqual([
      'posted',
      MAX,
      MAX,
      '0',
      '0',
      '0',
    ]);
    expect(await run('readBook', 'post', [DAY])).toEqual(['read', MAX, MAX, '0', '0', '0', '0', '0']);
  });

  it('are exact at 2^53 - 1: of a lease that bids take the half of', async () => {
    await openLease('half', 'cpm', HALF, '512');
    expect(await run('winBid', 'half', [NOW, '0', MAX, EXPIRY])).toEqual(['extended']);
    expect(await run('postBid', 'half', [NOW, '0', MAX, MAX, EXPIRY])).toEqual([
      ...['posted', MAX, MAX, '0', '0', '0'],
    ]);
    expect((await run('postBid', 'half', [NOW, '1', MAX, MAX, EXPIRY]))[0]).toBe('posted');
    expect((await run('readBook', 'half', [DAY])).at(-1)).toBe(MAX);
    await openLease('half lost', 'cpm', HALF, '512');
    expect(await run('voidBid', 'half lost', [NOW, '0', MAX, EXPIRY])).toEqual(['voided', HALF]);
    expect(await run('readBook', 'half lost', [DAY])).toEqual(['read', ...Array<string>(7).fill('0')]);
  });

  it('are exact at 2^53 - 1: voided, and given out again', async () => {
    await openLease('void');
    expect(await run('voidBid', 'void', [NOW, '0', MAX, EXPIRY])).toEqual(['voided', MAX]);
    expect(await run('readBook', 'void', [DAY])).toEqual(['read', '0', '0', '0', '0', '0', '0', '0']);
    const args = [
      NOW,
      'n',
      '1',
      DAY,
      'cpm',
      MAX,
      MAX,
      MAX,
      MAX,
      EXPIRY,
      KEPT,
      '0',
      MAX,
      '0',
      '',
      '0',
      '',
      '1',
    ];
    const granted = await run('grantLease', 'void', args);
    // Twice 2^53 - 1 were granted in all: the sum of a lease stays exact as long as it is below 2^53.
    expect(granted[0]).toBe('granted');
    expect((await run('readBook', 'void', [DAY]))[4]).toBe(MAX);
  });

  it('are exact at 2^53 - 1: won, extended and expired', async () => {
    await openLease('win');
    expect(await run('winBid', 'win', [NOW, '0', MAX, String(Number(EXPIRY) - 60)])).toEqual(['extended']);
    const early = String(Number(EXPIRY) - 60);
    const first = await run('settleLease', 'win', [NOW, 'n', '1', '0', early, '0', early, MAX]);
    expect(first).toEqual(['settled', MAX, MAX, EXPIRY, '0', '0', '0']);
    const late = String(Number(EXPIRY) * 1_000 - 1);
    expect(await run('settleLease', 'win', [late, 'n', '1', '0', EXPIRY, '0'])).toEqual([
      'settled',
      MAX,
      '0',
      '0',
      '0',
      '0',
      MAX,
    ]);
  });

  it('are exact at 2^53 - 1: returned unused, and settled as overdue', async () => {
    await openLease('unused');
    expect(await run('settleLease', 'unused', [NOW, 'n', '1', MAX, '0', '1'])).toEqual([
      'closed',
      MAX,
      '0',
      '0',
      '0',
      '0',
      '0',
    ]);
    await openLease('overdue');
    const over = `${EXPIRY}000`;
    expect(await run('settleLease', 'overdue', [over, 'other', '1', '0', '0', '0'])).toEqual([
      'closed',
      MAX,
      '0',
      '0',
      '0',
      '0',
      MAX,
    ]);
  });

  it('are exact at 2^53 - 1: clicked and refunded, and a book opened with it', async () => {
    await openLease('click', 'cpc');
    const charged = await run('chargeAction', 'click', [NOW, '0', 'click', MAX, DAY, MAX, MAX, '1']);
    expect(charged).toEqual(['posted', MAX, MAX, '1']);
    expect(await run('refundClick', 'click', [NOW, '0', MAX, DAY])).toEqual(['refunded']);
    expect(await run('refundClick', 'click', [NOW, '0', MAX, DAY])).toEqual(['repeated']);
    expect((await run('readBook', 'click', [DAY])).slice(1, 3)).toEqual(['0', '0']);
    await run('openBook', 'opened', [NOW, '1', DAY, MAX, MAX]);
    expect((await run('readBook', 'opened', [DAY])).slice(1, 3)).toEqual([MAX, MAX]);
  });

  it('give a lease and its marks an end, so that Redis forgets them by itself', async () => {
    await openLease('ttl');
    await run('voidBid', 'ttl', [NOW, '0', '1', EXPIRY]);
    const { lease, marks } = keysOf('ttl');
    for (const key of [lease, marks]) expect(await redis.ttl(key)).toBeGreaterThan(Number(KEPT));
    expect(await redis.ttl(marks)).toBeLessThanOrEqual(Number(KEPT) + 300);
  });

  it('do nothing for a campaign whose book is not there, or was opened on another server', async () => {
    const verbs = ['grantLease', 'settleLease', 'postBid', 'voidBid', 'winBid', 'chargeAction'] as const;
    const all = [...verbs, 'refundClick', 'readBook', 'declareLease', 'redoCalls'] as const;
    for (const verb of all) expect(await run(verb, 'nobody', SOUND[verb]), verb).toEqual(['lost']);
    await openLease('moved');
    await redis.hset(keysOf('moved').book, 'home', 'another');
    for (const verb of all) expect(await run(verb, 'moved', SOUND[verb]), verb).toEqual(['lost']);
  });

  it('open a book that was lost only when its rebuilding is over, with the most that was posted', async () => {
    const counted = [NOW, '0', DAY, '700', '300'];
    expect(await run('openBook', 'lost', counted)).toEqual(['lost']);
    expect((await run('rebuildBook', 'lost', ['650', 'n', '0'])).slice(0, 1)).toEqual(['begun']);
    expect((await run('rebuildBook', 'lost', ['720', 'n', '0'])).slice(0, 1)).toEqual(['rebuilding']);
    expect((await run('openBook', 'lost', counted))[0]).toBe('waiting');
    await redis.hset(keysOf('lost').book, 'until', '0');
    expect(await run('openBook', 'lost', counted)).toEqual(['opened']);
    // What Postgres has not counted was posted today.
    expect((await run('readBook', 'lost', [DAY])).slice(1, 3)).toEqual(['320', '720']);
    expect(await run('openBook', 'lost', counted)).toEqual(['repeated']);
    expect(await run('rebuildBook', 'lost', ['0', 'n', '0'])).toEqual(['whole']);
  });

  it('declare a lease that was lost with what its node holds of it, and do again what was done to it', async () => {
    await run('rebuildBook', 'declared', ['0', 'n', '0']);
    expect(await run('declareLease', 'declared', SOUND.declareLease)).toEqual(['declared', '1']);
    expect(await run('declareLease', 'declared', SOUND.declareLease)).toEqual(['declared', '0']);
    const { book, lease } = keysOf('declared');
    expect(await redis.hmget(lease, 'granted', 'outstanding')).toEqual(['9', '9']);
    const call = ['4', '1', '6', '5', EXPIRY];
    for (let told = 0; told < 2; told++) expect(await run('redoCalls', 'declared', call)).toEqual(['redone']);
    expect(await redis.hmget(lease, 'outstanding', `n${EXPIRY}`)).toEqual(['3', '6']);
    expect(await redis.hmget(book, 'leased', 'posted')).toEqual(['3', '5']);
    await redis.hset(book, 'until', '0');
    expect(await run('openBook', 'declared', [NOW, '0', DAY, '0', '0'])).toEqual(['opened']);
    expect(await run('postBid', 'declared', [NOW, '4', '5', '6', EXPIRY])).toEqual(['repeated']);
    const settle = [`${EXPIRY}000`, 'n', '1', '0', EXPIRY, '0', EXPIRY, '6'];
    expect((await run('settleLease', 'declared', settle)).slice(0, 3)).toEqual(['closed', '9', '0']);
    expect(await redis.hget(book, 'leased')).toBe('0');
  });

  it('do again what nodes tell out of order once: what a bill took out, the win and the loss before it do not', async () => {
    await run('rebuildBook', 'order', ['0', 'n', '0']);
    await run('declareLease', 'order', SOUND.declareLease);
    for (const bit of ['1', '4', '2']) {
      const call = ['4', bit, '6', bit === '1' ? '5' : '0', EXPIRY];
      expect(await run('redoCalls', 'order', call)).toEqual(['redone']);
    }
    const { lease } = keysOf('order');
    expect(await redis.hmget(lease, 'outstanding', `n${EXPIRY}`)).toEqual(['3', '6']);
  });

  it('hold again what a win keeps beyond an expiry that is over', async () => {
    await run('rebuildBook', 'kept', ['0', 'n', '0']);
    const declared = SOUND.declareLease.with(8, EXPIRY);
    expect(await run('declareLease', 'kept', declared)).toEqual(['declared', '1']);
    const { book, lease } = keysOf('kept');
    expect(await redis.hget(lease, 'outstanding')).toBe('3');
    const won = ['4', '4', '6', '0', EXPIRY];
    for (let told = 0; told < 2; told++) expect(await run('redoCalls', 'kept', won)).toEqual(['redone']);
    expect(await redis.hmget(lease, 'outstanding', `n${String(Number(EXPIRY) + 60)}`)).toEqual(['9', '-6']);
    expect(await redis.hget(book, 'leased')).toBe('9');
    expect(await run('declareLease', 'kept', declared)).toEqual(['declared', '0']);
    expect(await redis.hget(lease, 'outstanding')).toBe('9');
    expect(await run('redoCalls', 'kept', ['4', '1', '6', '5', EXPIRY])).toEqual(['redone']);
    expect(await redis.hmget(book, 'leased', 'posted')).toEqual(['3', '5']);
  });

  it('let no node use the number, or settle the lease, of another', async () => {
    await openLease('mine', 'cpm', '100');
    const args = [
      NOW,
      'other',
      '1',
      DAY,
      'cpm',
      MAX,
      '',
      '1',
      '1',
      EXPIRY,
      KEPT,
      '0',
      MAX,
      '1',
      '',
      '0',
      '',
      '1',
    ];
    expect(await run('grantLease', 'mine', args)).toEqual(['taken']);
    expect(await run('settleLease', 'mine', [NOW, 'other', '1', '0', '0', '1'])).toEqual(['other']);
  });
});
