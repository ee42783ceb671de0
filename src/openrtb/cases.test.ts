/** One JSON file per situation in cases/, named for it: a request, and what it is read as or refused for. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isCrawler } from './agent-crawler.ts';
import { traitsOf } from './agent-traits.ts';
import { ATTRIBUTE } from './attributes.ts';
import { readGpp } from './consent-gpp.ts';
import { readTcf } from './consent-tcf.ts';
import { countryOfAddress } from './geo-country.ts';
import { loadCountries } from './geo-database.ts';
import { parseBidRequest } from './parse.ts';
import { decidePrivacy } from './privacy.ts';
import type { BidRequest } from './request.ts';

interface Case {
  readonly request?: unknown;
  /** The text itself, where it is no JSON or JSON that an object can't hold. */
  readonly body?: string;
  readonly expect: {
    /** A 400 that names this field. */
    readonly field?: string;
    /** What BidRequest has at least. */
    readonly request?: object;
    /** Attributes by dimension name, exactly. */
    readonly attributes?: Readonly<Partial<Record<keyof typeof ATTRIBUTE, readonly string[]>>>;
  };
  readonly privacy?: {
    readonly vendorId: number | null;
    readonly identifier: boolean;
    readonly profile: boolean;
  };
  /** What `derive` finds, as far as it is named. */
  readonly derived?: object;
}

const FOLDER = new URL('./cases/', import.meta.url);
const NOW_MS = Date.UTC(2026, 5, 15);
const countries = loadCountries(null).database;

const files = readdirSync(FOLDER).sort();

function readCase(file: string): Case {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Case;
}

/** What its addresses and its user agent tell. */
function derive({ userAgent, ip, ipv6 }: BidRequest): object {
  return {
    ...traitsOf(userAgent),
    crawler: isCrawler(userAgent),
    ip: countryOfAddress(countries, ip),
    ipv6: countryOfAddress(countries, ipv6),
  };
}

describe('a bid request is read as its case says', () => {
  it.each(files)('%s', (file) => {
    const { request, body, expect: expected, privacy, derived } = readCase(file);
    const parsed = parseBidRequest(body ?? JSON.stringify(request), NOW_MS);
    if (!parsed.ok) {
      expect(parsed.field, parsed.message).toBe(expected.field);
      expect(parsed.message.startsWith(`${parsed.field}: `), parsed.message).toBe(true);
      return;
    }
    expect(expected.field).toBeUndefined();
    expect(parsed.request).toMatchObject(expected.request ?? {});
    for (const [name, values] of Object.entries(expected.attributes ?? {})) {
      expect(parsed.request.attributes[ATTRIBUTE[name as keyof typeof ATTRIBUTE]], name).toEqual(values);
    }
    expect(derive(parsed.request)).toMatchObject(derived ?? {});
    if (privacy === undefined) return;
    const { vendorId, ...rights } = privacy;
    expect(decidePrivacy(parsed.request.privacy, { readTcf, readGpp }, vendorId)).toEqual(rights);
  });

  it('and every case expects something', () => {
    const empty = files.filter((file) => {
      const { expect: expected, privacy, derived } = readCase(file);
      return Object.keys(expected).length === 0 && privacy === undefined && derived === undefined;
    });
    expect(files.length).toBeGreaterThan(100);
    expect(empty).toEqual([]);
  });
});
