/**
 * Tolerant readers of decoded JSON. Real exchanges send numbers as strings, `""` or `null` for what they don't
 * know, a number where a string belongs: each reader takes what is unambiguous and reads the rest as absent.
 * None of them throws, recurses or looks at a prototype's fields for its answer.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

/** Shared by every absent list, so that a request without one allocates none. */
export const NO_TEXTS: readonly string[] = Object.freeze([]);
const NO_INTEGERS: readonly number[] = Object.freeze([]);
const NO_VALUES: readonly unknown[] = Object.freeze([]);

export function readObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

export function readArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : NO_VALUES;
}

/** A number, or a string that is one decimal number. Infinite where the sender's is (`1e999`), never NaN. */
export function readNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? numberInText(value) : null;
}

/** The number without its fraction; `320.0` and `"320"` are 320. */
export function readInteger(value: unknown): number | null {
  const number = readNumber(value);
  return number === null || !Number.isFinite(number) ? null : Math.trunc(number);
}

/** OpenRTB's 0 or 1, also as a string or a boolean. */
export function readFlag(value: unknown): boolean {
  return value === 1 || value === true || (typeof value === 'string' && numberInText(value) === 1);
}

/**
 * A flag that protects somebody (coppa, lmt, dnt): raised by whatever is neither empty nor a no, so that a
 * spelling that nobody foresaw protects as well.
 */
export function readProtection(value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true;
  if (typeof value === 'number') return value !== 0;
  const text = readText(value).trim().toLowerCase();
  return text !== '' && text !== 'false' && readNumber(text) !== 0;
}

/** A string; a number in digits; the first of an array of either; '' for anything else. */
export function readText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return plainText(Array.isArray(value) ? (value as readonly unknown[])[0] : value);
}

/** The non-empty texts of a list, or of a lone value that should have been one. */
export function readTexts(value: unknown): readonly string[] {
  if (Array.isArray(value)) return textsOf(value);
  const text = plainText(value);
  return text === '' ? NO_TEXTS : [text];
}

/** `readTexts`, each one through `normalise`; those that it makes empty are left out. */
export function readTextsAs(value: unknown, normalise: (text: string) => string): readonly string[] {
  const texts = readTexts(value);
  if (texts.length === 0) return NO_TEXTS;
  const normal: string[] = [];
  for (const text of texts) {
    const one = normalise(text);
    if (one !== '') normal.push(one);
  }
  return normal.length === 0 ? NO_TEXTS : normal;
}

/** The integers of a list, or of a lone value that should have been one; a text may hold several (`2,6`, `2_6`). */
export function readIntegers(value: unknown): readonly number[] {
  if (value === undefined) return NO_INTEGERS;
  const values = Array.isArray(value) ? (value as readonly unknown[]) : loneValues(value);
  if (values.length === 0) return NO_INTEGERS;
  const integers: number[] = [];
  for (const one of values) {
    const integer = readInteger(one);
    if (integer !== null) integers.push(integer);
  }
  return integers.length === 0 ? NO_INTEGERS : integers;
}

function loneValues(value: unknown): readonly unknown[] {
  return typeof value === 'string' ? value.split(/[,_]/) : [value];
}

function textsOf(values: readonly unknown[]): readonly string[] {
  if (values.length === 0) return NO_TEXTS;
  const texts: string[] = [];
  for (const value of values) {
    const text = plainText(value);
    if (text !== '') texts.push(text);
  }
  return texts.length === 0 ? NO_TEXTS : texts;
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : '';
}

function numberInText(text: string): number | null {
  const trimmed = text.trim();
  // Number() also reads '', and 0x, 0o, 0b prefixes, none of which is a decimal number.
  if (trimmed === '' || isRadixMark(trimmed.charCodeAt(1) | 0x20)) return null;
  const number = Number(trimmed);
  return Number.isNaN(number) ? null : number;
}

function isRadixMark(lowerCode: number): boolean {
  return lowerCode === 0x78 || lowerCode === 0x6f || lowerCode === 0x62;
}
