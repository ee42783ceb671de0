/**
 * Reading JSON that a client sent, field by field, without stopping at the first mistake: each reader notes what
 * is wrong and goes on with a stand-in, and whoever reads refuses the whole when anything was noted.
 */
import { closedList, refusalOf } from './value-list.ts';
import type { ValueList } from './value-list.ts';

/** type: the JSON is not of this shape (400) · rule: it is, but its value is forbidden (422). */
export type MistakeKind = 'type' | 'rule';

export interface Mistake {
  readonly kind: MistakeKind;
  /** A path: `ads[0].imageUrl`. */
  readonly field: string;
  readonly message: string;
}

/** More would only lengthen the answer. */
const MAX_MISTAKES = 100;
/** PostgreSQL's columns for names, titles, seats and ids hold 255 characters. */
export const MAX_TEXT_LENGTH = 255;

export class WireObject {
  private readonly source: Readonly<Record<string, unknown>>;
  private readonly path: string;
  private readonly mistakes: Mistake[];

  constructor(source: unknown, path: string, mistakes: Mistake[]) {
    this.path = path;
    this.mistakes = mistakes;
    this.source = isRecord(source) ? source : {};
    if (isRecord(source)) return;
    this.note('type', path, 'must be an object');
    // That its fields are missing is no news.
    this.mistakes = [];
  }

  /** null and an empty text are an absent field. */
  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** A message that takes time to find is given as a function, and asked for only where it is kept. */
  forbid(name: string, message: string | (() => string)): void {
    this.note('rule', this.fieldPath(name), message);
  }

  optionalText(name: string, maxLength = MAX_TEXT_LENGTH): string | null {
    const value = this.raw(name);
    if (value === undefined) return null;
    return this.checkedText(name, value, maxLength);
  }

  requiredText(name: string, maxLength = MAX_TEXT_LENGTH): string {
    return this.require(name) ? (this.optionalText(name, maxLength) ?? '') : '';
  }

  /** One of `words`, else `fallback`. */
  word<Word extends string>(name: string, words: readonly Word[], fallback: Word): Word {
    const text = this.optionalText(name);
    if (text === null) return fallback;
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) this.forbid(name, () => refusalOf(text, closedList(name, words)));
    return word ?? fallback;
  }

  /** A number, also as a string. */
  optionalNumber(name: string): number | null {
    const value = this.raw(name);
    if (value === undefined) return null;
    const number = asNumber(value);
    if (number === null) this.mistype(name, 'must be a number');
    return number;
  }

  requiredNumber(name: string): number | null {
    return this.require(name) ? this.optionalNumber(name) : null;
  }

  optionalInteger(name: string, least: number, most: number): number | null {
    const value = this.optionalNumber(name);
    if (value === null || this.isWithin(value, least, most)) return value;
    this.forbid(name, `must be a whole number from ${least} to ${most}`);
    return null;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.raw(name);
    if (value === undefined) return fallback;
    if (typeof value === 'boolean') return value;
    this.mistype(name, 'must be true or false');
    return fallback;
  }

  object(name: string): WireObject {
    return new WireObject(this.raw(name) ?? {}, this.fieldPath(name), this.mistakes);
  }

  requiredObject(name: string): WireObject | null {
    return this.require(name) ? this.object(name) : null;
  }

  /** The list's elements, none where it is absent. */
  objects(name: string, mostElements: number): WireObject[] {
    return this.list(name, mostElements).map(
      (element, i) => new WireObject(element, `${this.fieldPath(name)}[${i}]`, this.mistakes),
    );
  }

  /** Texts that are not empty; a number is read as its text. */
  texts(name: string, mostElements: number): string[] {
    return this.list(name, mostElements).map((element, i) =>
      this.checkedText(`${name}[${i}]`, element, MAX_TEXT_LENGTH),
    );
  }

  /** Texts that `list` accepts. */
  listed(name: string, list: ValueList, mostElements: number): string[] {
    const values = this.texts(name, mostElements);
    values.forEach((value, i) => {
      if (!list.accepts(value)) this.forbid(`${name}[${i}]`, () => refusalOf(value, list));
    });
    return values;
  }

  integers(name: string, mostElements: number, least: number, most: number): number[] {
    return this.list(name, mostElements).map((element, i) => {
      const value = asNumber(element);
      if (value === null) this.mistype(`${name}[${i}]`, 'must be a number');
      else if (!this.isWithin(value, least, most)) {
        this.forbid(`${name}[${i}]`, `must be a whole number from ${least} to ${most}`);
      }
      return value ?? least;
    });
  }

  /** Notes a required field that is absent. */
  require(name: string): boolean {
    if (this.has(name)) return true;
    this.mistype(name, 'is required');
    return false;
  }

  private mistype(name: string, message: string): void {
    this.note('type', this.fieldPath(name), message);
  }

  /** The first mistake of a field: what follows from it is no news. */
  private note(kind: MistakeKind, field: string, message: string | (() => string)): void {
    if (this.mistakes.length >= MAX_MISTAKES) return;
    if (this.mistakes.some((mistake) => mistake.field === field)) return;
    this.mistakes.push({ kind, field, message: typeof message === 'string' ? message : message() });
  }

  private list(name: string, mostElements: number): readonly unknown[] {
    const value = this.raw(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.mistype(name, 'must be a list');
      return [];
    }
    if (value.length <= mostElements) return value;
    this.forbid(name, `must have at most ${mostElements} elements`);
    return [];
  }

  private checkedText(name: string, value: unknown, maxLength: number): string {
    if (!isTextual(value)) {
      this.mistype(name, 'must be a text');
      return '';
    }
    const text = String(value).trim();
    if (text === '') this.forbid(name, 'must not be empty');
    if (text.length > maxLength) this.forbid(name, `must have at most ${maxLength} characters`);
    // PostgreSQL's text holds neither, and half a character is none in UTF-8.
    if (text.includes('\0') || !text.isWellFormed()) this.forbid(name, 'must not hold broken characters');
    return text;
  }

  private isWithin(value: number, least: number, most: number): boolean {
    return Number.isInteger(value) && value >= least && value <= most;
  }

  private raw(name: string): unknown {
    const value = Object.hasOwn(this.source, name) ? this.source[name] : undefined;
    return value === null || value === '' ? undefined : value;
  }

  private fieldPath(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextual(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function asNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string' || !/^\s*-?\d+(\.\d+)?([eE][+-]?\d+)?\s*$/.test(value)) return null;
  return Number(value);
}
