/**
 * Reading the fields of a simple form: every mistake is gathered, so that one answer names them all. A number
 * that came as a string is a number; a missing optional field is its empty value.
 */
import { microsRoundedUp, type PriceMicros } from '../money.ts';
import { fail, messageOf, type FieldError } from './errors.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';

type Source = Readonly<Record<string, unknown>>;

/** `prefix` is the path of the object in the body, with its dot. */
export class Fields {
  readonly errors: FieldError[];
  private readonly source: Source;
  private readonly prefix: string;

  constructor(source: Source, prefix = '', errors: FieldError[] = []) {
    this.source = source;
    this.prefix = prefix;
    this.errors = errors;
  }

  /** '' where it is absent. A number is read as its digits. */
  text(name: string): string {
    const value = this.source[name];
    if (value === undefined || value === null) return '';
    if (typeof value === 'string') return value.trim();
    if (typeof value === 'number') return String(value);
    this.refuse(name, 'must be a string');
    return '';
  }

  /** A name as it was sent, of up to so many characters; '' where it is absent. */
  name(name: string, maxChars: number): string {
    const value = this.source[name];
    const text = typeof value === 'string' ? value : this.text(name);
    if (text.length > maxChars) this.refuse(name, `must have at most ${String(maxChars)} characters`);
    // Neither is a text to Postgres.
    else if (text.includes('\0') || !text.isWellFormed())
      this.refuse(name, 'must not hold broken characters');
    else return text;
    return '';
  }

  requiredName(name: string, maxChars: number): string {
    const errorsBefore = this.errors.length;
    const text = this.name(name, maxChars);
    if (text === '' && this.errors.length === errorsBefore) this.refuse(name, 'is required');
    return text;
  }

  requiredText(name: string): string {
    const errorsBefore = this.errors.length;
    const text = this.text(name);
    if (text === '' && this.errors.length === errorsBefore) this.refuse(name, 'is required');
    return text;
  }

  /** null where it is absent. */
  number(name: string): number | null {
    const value = this.source[name];
    if (value === undefined || value === null || value === '') return null;
    const number = typeof value === 'string' ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number)) return number;
    this.refuse(name, 'must be a number');
    return null;
  }

  /** A decimal CPM; 0 where it is absent. */
  price(name: string): PriceMicros {
    const value = this.number(name) ?? 0;
    if (value >= 0) return microsRoundedUp(value);
    this.refuse(name, 'must not be negative');
    return 0 as PriceMicros;
  }

  /** A list of texts; one text alone is a list of one. */
  texts(name: string): readonly string[] {
    const value = this.source[name];
    if (value === undefined || value === null) return [];
    if (typeof value === 'string') return [value];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string' || typeof item === 'number')) {
      return value.map(String);
    }
    this.refuse(name, 'must be a list of strings');
    return [];
  }

  /** An object's fields; of an empty object where it is absent. */
  object(name: string): Fields {
    const value = this.source[name];
    const path = `${this.prefix}${name}.`;
    if (value === undefined || value === null) return new Fields({}, path, this.errors);
    if (typeof value === 'object' && !Array.isArray(value))
      return new Fields(value as Source, path, this.errors);
    this.refuse(name, 'must be an object');
    return new Fields({}, path, this.errors);
  }

  isObject(name: string): boolean {
    return typeof this.source[name] === 'object';
  }

  refuse(name: string, message: string): void {
    this.errors.push({ field: `${this.prefix}${name}`, message });
  }
}

/** The fields of a JSON body; null where it is no JSON object. */
export function bodyFields(body: Buffer): Fields | null {
  const source = bodyObject(body);
  return source === null ? null : new Fields(source);
}

/** A JSON body; null where it is no JSON object. */
export function bodyObject(body: Buffer): Source | null {
  return objectOf(bodyValue(body));
}

/** A JSON body; undefined where it is no JSON. */
export function bodyValue(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** null where the value is no object. */
export function objectOf(value: unknown): Source | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Source) : null;
}

export function queryFields(query: string): Fields {
  return new Fields(Object.fromEntries(new URLSearchParams(query)));
}

/** The 400 for a body that is no JSON object. */
export function noObject(request: HttpRequest): HttpAnswer {
  return fail(request, 'INVALID_REQUEST', 'body: must be a JSON object');
}

/** The 400 that names all mistakes. */
export function mistakes(fields: Fields, request: HttpRequest): HttpAnswer {
  const { errors } = fields;
  return fail(request, 'INVALID_REQUEST', messageOf(errors), { details: errors });
}
