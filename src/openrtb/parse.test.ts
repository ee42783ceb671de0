import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DIMENSION_NUMBER, DIMENSIONS } from '../campaigns/dimensions.ts';
import { ATTRIBUTE, MAX_ATTRIBUTE_VALUES } from './attributes.ts';
import { MAX_MULTIPLIER } from './check-imp.ts';
import { MAX_IMPS, MAX_SUPPLY_CHAIN_NODES, parseBidRequest } from './parse.ts';
import type { BidRequest, ParsedRequest } from './request.ts';

const NOW_MS = Date.UTC(2026, 5, 15);
const FOLDER = new URL('../../examples/', import.meta.url);
const EXAMPLES = readdirSync(FOLDER)
  .sort()
  .map((name) => ({ name, text: readFileSync(new URL(name, FOLDER), 'utf8') }));

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

describe('parseBidRequest', () => {
  it('numbers attributes as the dimensions are numbered', () => {
    expect({ ...ATTRIBUTE }).toEqual(DIMENSION_NUMBER);
    expect(read({ imp: [{ id: '1', banner: {} }] }).attributes).toHaveLength(DIMENSIONS.length);
  });

  it.each(EXAMPLES)('reads the example $name with every imp sound', ({ text }) => {
    const request = readText(text);
    expect(request.imps.map((imp) => imp.problem).join('')).toBe('');
  });

  it('leaves the imps behind the limit unread', () => {
    const imp = Array.from({ length: MAX_IMPS + 5 }, (_, i) => ({ id: String(i), banner: {} }));
    expect(read({ imp }).imps).toHaveLength(MAX_IMPS);
  });

  it('reads a bounded number of values and of the parents of a host', () => {
    const many = Array.from({ length: 40_000 }, (_, i) => `k${i}`);
    const request = read({
      imp: [{ id: '1', banner: {} }],
      user: { keywords: many, data: [{ segment: many.map((id) => ({ id })) }] },
      site: { cat: many, domain: 'a.'.repeat(60_000) + 'example' },
    });
    expect(request.attributes[ATTRIBUTE.interest]).toHaveLength(MAX_ATTRIBUTE_VALUES);
    expect(request.attributes[ATTRIBUTE.segment]).toHaveLength(MAX_ATTRIBUTE_VALUES);
    expect(request.attributes[ATTRIBUTE.category]).toHaveLength(MAX_ATTRIBUTE_VALUES);
    expect(request.attributes[ATTRIBUTE.domain]).toEqual([]);
  });

  it('reads every blocked advertiser of some thousands', () => {
    const badv = Array.from({ length: 5_000 }, (_, i) => `brand${i}.example`);
    expect(read({ imp: [{ id: '1', banner: {} }], badv }).blockedDomains).toEqual(badv);
  });

  it('calls a supply chain that is too long to be kept incomplete', () => {
    const nodes = Array.from({ length: MAX_SUPPLY_CHAIN_NODES + 1 }, () => ({ asi: 'a.example', sid: '1' }));
    const chain = read({ imp: [{ id: '1', banner: {} }], source: { schain: { complete: 1, nodes } } });
    expect(chain.supplyChain?.complete).toBe(false);
  });

  it('survives nesting deeper than any stack', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    for (const field of ['ext', 'site', 'user', 'device', 'bcat', 'cur', 'id']) {
      expect(() =>
        parseBidRequest(`{"imp":[{"id":"1","banner":{}}],"${field}":${deep}}`, NOW_MS),
      ).not.toThrow();
    }
    expect(parseBidRequest('{"a":'.repeat(50_000), NOW_MS)).toMatchObject({ ok: false, field: 'body' });
  });

  it('reads a dirty variant of a request as it reads the clean one', () => {
    for (let seed = 1; seed <= 2_000; seed++) {
      const random = randomFrom(seed);
      const { name, text } = pick(EXAMPLES, random);
      const dirty = JSON.stringify(makeDirty(JSON.parse(text) as Json, random));
      expect(parseBidRequest(dirty, NOW_MS), `seed ${seed}, ${name}: ${dirty}`).toEqual(
        parseBidRequest(text, NOW_MS),
      );
    }
  });

  it('answers any mutation of a request, and answers in sound types', () => {
    let sound = 0;
    for (let seed = 1; seed <= 20_000; seed++) {
      const random = randomFrom(seed);
      const { text } = pick(EXAMPLES, random);
      const mutant =
        random() < 0.2 ? breakText(text, random) : JSON.stringify(mutate(JSON.parse(text) as Json, random));
      const problem = findUnsound(mutant);
      expect(problem, `seed ${seed}: ${mutant}`).toBe('');
      if (parseBidRequest(mutant, NOW_MS).ok) sound++;
    }
    expect(sound).toBeGreaterThan(1_000);
  });
});

function readText(text: string): BidRequest {
  const parsed = parseBidRequest(text, NOW_MS);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.request;
}

function read(fields: object): BidRequest {
  return readText(JSON.stringify({ id: 'r1', ...fields }));
}

/** What of an answer is not as its type says; '' where all is. */
function findUnsound(text: string): string {
  let parsed: ParsedRequest;
  try {
    parsed = parseBidRequest(text, NOW_MS);
  } catch (error) {
    return `threw ${String(error)}`;
  }
  if (!parsed.ok) return parsed.message.startsWith(`${parsed.field}: `) ? '' : `message ${parsed.message}`;
  const { request } = parsed;
  if (typeof request.id !== 'string' || request.id === '') return 'id';
  if (request.currencies.length === 0) return 'currencies';
  for (const values of request.attributes) {
    if (!values.every((value) => typeof value === 'string' && value !== '')) return 'attributes';
  }
  if (!request.imps.some((imp) => imp.problem === '')) return 'imps';
  for (const [i, imp] of request.imps.entries()) {
    if (imp.problem !== '' && !/^imp\[\d+\][^:]*: ./.test(imp.problem)) return `problem ${imp.problem}`;
    if (imp.problem !== '' && !imp.problem.startsWith(`imp[${i}]`)) return `problem ${imp.problem}`;
    if (!(imp.multiplier > 0) || imp.multiplier > MAX_MULTIPLIER) return 'multiplier';
    if (!Number.isSafeInteger(imp.floorMicros) || imp.floorMicros < 0) return 'floorMicros';
    if (imp.expSec !== null && !(imp.expSec > 0)) return 'expSec';
    for (const { width, height } of imp.banner?.sizes ?? []) {
      if (!Number.isInteger(width) || !Number.isInteger(height) || width <= 0 || height <= 0) return 'sizes';
    }
  }
  return '';
}

/** The same request as a careless exchange would send it: every change means the same. */
function makeDirty(root: Json, random: () => number): Json {
  const dirty = retype(root, random) as Record<string, Json>;
  for (const field of ['wseat', 'bseat', 'acat', 'bapp', 'dooh', 'allimps', 'cattax', 'test']) {
    if (random() < 0.3 && dirty[field] === undefined) dirty[field] = pick([null, '', []], random);
  }
  if (random() < 0.5) moveToExt(dirty.regs, ['gdpr', 'us_privacy', 'gpp', 'gpp_sid']);
  if (random() < 0.5) moveToExt(dirty.user, ['consent']);
  if (random() < 0.5) moveToExt(dirty.source, ['schain']);
  const site = objectOf(dirty.site);
  if (site !== null && typeof site.domain === 'string' && !site.domain.includes('/')) {
    site.domain =
      pick(['https://', 'http://www.', 'WWW.', ''], random) +
      site.domain +
      pick(['', '/', ':443/a?b=/c'], random);
  }
  const geo = objectOf(objectOf(dirty.device)?.geo);
  const alpha2 = new Map<Json | undefined, string>([
    ['USA', 'us'],
    ['GBR', 'GB'],
    ['DEU', 'De'],
  ]).get(geo?.country);
  if (geo !== null && alpha2 !== undefined && random() < 0.5) geo.country = alpha2;
  return dirty;
}

/** Numbers as strings and strings as numbers, wherever that is the same value. */
function retype(value: Json, random: () => number): Json {
  if (typeof value === 'number' && random() < 0.4)
    return pick([String(value), ` ${value} `, `${value}e0`], random);
  if (typeof value === 'string' && String(Number(value)) === value && random() < 0.4) return Number(value);
  if (Array.isArray(value)) return value.map((one) => retype(one, random));
  if (objectOf(value) === null) return value;
  // Numbers that are read as texts have one spelling only.
  const asText = new Set(['id', 'tagid', 'sid']);
  return Object.fromEntries(
    Object.entries(value as Record<string, Json>).map(([key, one]) => [
      key,
      asText.has(key) && typeof one === 'number' ? String(one) : retype(one, random),
    ]),
  );
}

function moveToExt(value: Json | undefined, fields: readonly string[]): void {
  const object = objectOf(value);
  if (object === null) return;
  const ext = objectOf(object.ext) ?? {};
  for (const field of fields) {
    if (object[field] === undefined) continue;
    ext[field] = object[field];
    Reflect.deleteProperty(object, field);
  }
  if (Object.keys(ext).length > 0) object.ext = ext;
}

/** One to four values anywhere in the request replaced by junk, dropped, or doubled. */
function mutate(root: Json, random: () => number): Json {
  const places: { readonly holder: Record<string, Json> | Json[]; readonly key: string }[] = [];
  const visit = (holder: Json): void => {
    if (typeof holder !== 'object' || holder === null) return;
    for (const [key, value] of Object.entries(holder)) {
      places.push({ holder, key });
      visit(value);
    }
  };
  visit(root);
  for (let count = 1 + Math.floor(random() * 4); count > 0; count--) {
    const { holder, key } = pick(places, random);
    Reflect.set(holder, key, junk(random));
  }
  return random() < 0.02 ? junk(random) : root;
}

function junk(random: () => number): Json {
  const scalars: Json[] = [
    null,
    '',
    0,
    -1,
    -7,
    1.5,
    1e300,
    true,
    false,
    'x',
    '-3',
    '1e9',
    '\ud800',
    '~',
    'https://a@b:c/',
    {},
    [],
  ];
  const scalar = pick(scalars, random);
  const shape = random();
  if (shape < 0.6) return scalar;
  if (shape < 0.8) return [scalar, pick(scalars, random), [scalar]];
  return { id: scalar, w: scalar, ['__proto__x']: scalar, ext: pick(scalars, random) };
}

function breakText(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const edits = [
    text.slice(0, at),
    text.slice(at),
    text.slice(0, at) + pick(['"', '}', '\u0000', '9', '\\'], random) + text.slice(at + 1),
  ];
  return pick(edits, random);
}

function objectOf(value: Json | undefined): Record<string, Json> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}

function pick<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

/** mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296;
  };
}
