/**
 * GAVEL_FX_FILE: `{"base":"USD","date":"2026-11-20","rates":{"EUR":0.92}}`, units for one USD, read again when it
 * changes. A file that can't be read or makes no sense leaves the rates as they are, and says so.
 */
import { readFileSync } from 'node:fs';
import { replaceRates, type Rates } from './currency.ts';

/**
 * Rates change daily. The file is small, so its text is compared: times of change are too coarse, and network file
 * systems tell of nothing.
 */
const LOOK_EVERY_MS = 2_000;

export interface RatesFile {
  close(): void;
}

/** Throws when the file can't be read at the start. `onRead` is told of each later reading, or of its error. */
export function watchRates(
  file: string,
  rates: Rates,
  onRead: (outcome: { readonly date: string } | { readonly error: string }) => void,
): RatesFile {
  let last = readFirst(file);
  let lastError = '';
  const first = parseRates(file, last);
  replaceRates(rates, first.rates);
  onRead({ date: first.date });
  const look = (): void => {
    try {
      const text = readFileSync(file, 'utf8');
      if (text === last) return;
      last = text;
      const next = parseRates(file, text);
      replaceRates(rates, next.rates);
      onRead({ date: next.date });
      lastError = '';
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== lastError) onRead({ error: message });
      lastError = message;
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return {
    close() {
      clearInterval(timer);
    },
  };
}

function readFirst(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`GAVEL_FX_FILE: ${file} can't be read`, { cause: error });
  }
}

function parseRates(
  file: string,
  text: string,
): {
  readonly date: string;
  readonly rates: Readonly<Record<string, number>>;
} {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`GAVEL_FX_FILE: ${file} is no JSON`);
  }
  const { base, date, rates } = (value ?? {}) as Record<string, unknown>;
  if (base !== 'USD') throw new Error(`GAVEL_FX_FILE: ${file}: base must be "USD"`);
  if (typeof rates !== 'object' || rates === null)
    throw new Error(`GAVEL_FX_FILE: ${file}: rates must be an object`);
  const entries = Object.entries(rates as Record<string, unknown>);
  for (const [code, rate] of entries) {
    if (!/^[A-Z]{3}$/.test(code) || typeof rate !== 'number' || !(rate > 0) || !Number.isFinite(rate)) {
      throw new Error(
        `GAVEL_FX_FILE: ${file}: rates.${code} must be a positive number under a three-letter code`,
      );
    }
  }
  return {
    date: typeof date === 'string' ? date : '',
    rates: Object.fromEntries(entries) as Record<string, number>,
  };
}
