/** grantLease.lua paces as pacing.ts does: both walk the same random way. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../campaigns/seeded-random.ts';
import { serviceUrl } from '../fixtures/services.ts';
import { costNanos } from '../money.ts';
import { localDay } from './day.ts';
import { readScript } from './disk-lua.ts';
import type { BudgetTerms } from './ledger.ts';
import { Curve, Pace } from './pacing.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);
const STEPS = 2_000;
const START_MS = Date.UTC(2026, 10, 1, 4);
const NEW_YORK = 'America/New_York';

let redis: Redis;
const root = `test:{${randomUUID()}}`;
const keys = [`${root}:book`, `${root}:leases`, `${root}:lease`];
beforeAll(() => {
  redis = new Redis(serviceUrl('REDIS_URL'));
});
afterAll(async () => {
  await redis.del(...keys);
  await redis.quit();
});

const EVEN_OVER = { startMs: 0, endMs: Infinity, stretches: [{ from: 7 * 60, to: 9_000 }] };
const TERMS: BudgetTerms = {
  campaignId: 'c',
  termsVersion: 1,
  model: 'cpm',
  budgetMode: 'strict',
  dailyBudgetNanos: costNanos(7_777_777_777),
  lifetimeBudgetNanos: null,
  timezone: NEW_YORK,
  evenOver: EVEN_OVER,
  unitNanos: costNanos(2_400_000),
};

describe('pacing in shared books', () => {
  it('gives what pacing.ts gives, step by step', async () => {
    const random = seededRandom(SEED);
    const pace = new Pace();
    let used = 0;
    let returned = 0;
    let nowMs = START_MS;
    const seen = new Set<string>();
    await redis.eval(readScript('openBook'), 1, keys[0]!, ...OPENING);
    for (let step = 0; step < STEPS; step++) {
      nowMs += Math.floor(random.next() ** 4 * (random.chance(0.02) ? 3_600_000 : 60_000));
      const day = localDay(nowMs, NEW_YORK);
      if (day.key !== FIRST_DAY.key) break;
      const curve: Curve = new Curve(TERMS, EVEN_OVER, NEW_YORK, day);
      const back = random.chance(0.3) ? Math.floor(random.next() ** 2 * used) : 0;
      returned += back;
      used -= back;
      const wish = Math.floor(random.next() ** 3 * 10 * curve.sliceNanos);
      const least = Math.min(wish, TERMS.unitNanos);
      const level = pace.levelAt(curve, used, nowMs);
      const free = Math.min(TERMS.dailyBudgetNanos, level) - used;
      const amount = free >= least ? Math.min(wish, free) : 0;
      const expected =
        free >= least ? 'granted' : TERMS.dailyBudgetNanos - used >= least ? 'paced' : 'refused';
      if (expected === 'granted') pace.note(curve, used + amount, nowMs);
      used += amount;
      const [code, , left] = await grant(curve, nowMs, wish, least, returned, step === 0);
      expect([code, Number(left)], `seed ${String(SEED)} step ${String(step)}`).toEqual([
        expected,
        free - amount,
      ]);
      seen.add(expected);
    }
    expect([...seen].sort()).toEqual(['granted', 'paced']);
  });
});

const FIRST_DAY = localDay(START_MS, NEW_YORK);
const OPENING = [START_MS, 1, FIRST_DAY.key, 0, 0];

function grant(
  curve: Curve,
  nowMs: number,
  wish: number,
  least: number,
  returned: number,
  isNew: boolean,
): Promise<readonly string[]> {
  const args = [
    ...[nowMs, 'n', 1, FIRST_DAY.key, 'cpm', curve.limitAt(nowMs), '', wish, least],
    ...[Math.ceil(nowMs / 1000) + 86_400, 172_800, returned, TERMS.dailyBudgetNanos, isNew ? 1 : 0],
    ...[curve.sliceNanos, curve.nanosASecond, '', 0],
  ];
  return redis.eval(readScript('grantLease'), keys.length, ...keys, ...args) as Promise<string[]>;
}
