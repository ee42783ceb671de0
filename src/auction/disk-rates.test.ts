import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRates, rateOf } from './currency.ts';
import { watchRates, type RatesFile } from './disk-rates.ts';

describe("the rates' file", () => {
  let folder: string;
  let file: string;
  let watched: RatesFile | null = null;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gavel-rates-'));
    file = join(folder, 'fx.json');
  });
  afterEach(() => {
    watched?.close();
    watched = null;
    rmSync(folder, { recursive: true });
  });

  it('is read at the start, and again when it changes; one that makes no sense changes nothing', async () => {
    const rates = createRates();
    const outcomes: object[] = [];
    const next = async (count: number): Promise<void> => {
      for (let waited = 0; outcomes.length < count && waited < 300; waited++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    writeFileSync(file, '{"base":"USD","date":"2026-11-20","rates":{"EUR":0.9}}');
    watched = watchRates(file, rates, (outcome) => outcomes.push(outcome));
    expect(rateOf(rates, 'EUR')).toBe(0.9);
    writeFileSync(file, '{"base":"USD","date":"2026-11-21","rates":{"EUR":0.91,"JPY":150}}');
    await next(2);
    expect([rateOf(rates, 'EUR'), rateOf(rates, 'JPY')]).toEqual([0.91, 150]);
    writeFileSync(file, '{"base":"USD","rates":{"EUR":-1}}');
    await next(3);
    expect(outcomes.at(-1)).toEqual({ error: expect.stringContaining('rates.EUR') as unknown });
    expect(rateOf(rates, 'EUR')).toBe(0.91);
  });

  it.each([
    ['{', 'is no JSON'],
    ['{"base":"EUR","rates":{}}', 'base must be "USD"'],
    ['{"base":"USD"}', 'rates must be an object'],
    ['{"base":"USD","rates":{"euro":1}}', 'rates.euro'],
  ])('%s stops the start and says why', (text, message) => {
    writeFileSync(file, text);
    expect(() => watchRates(file, createRates(), () => undefined)).toThrow(message);
  });
});
