import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { publicAddress } from './address.ts';
import { countryOfAddress } from './geo-country.ts';
import { loadCountries } from './geo-database.ts';

const { database, builtAt } = loadCountries(null);
const folder = mkdtempSync(join(tmpdir(), 'gavel-geo-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, bytes: Buffer | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe('the country of an address', () => {
  it.each([
    ['8.8.8.8', 'us'],
    ['8.8.8.0', 'us'],
    ['5.9.0.0', 'de'],
    [' 81.2.69.142 ', 'gb'],
    ['81.2.69.142:51514', 'gb'],
    ['2001:4860:4860::8888', 'us'],
    ['2001:4860:4860::', 'us'],
    ['2001:4860:4860:0000:0000:0000:0000:8888', 'us'],
    ['[2001:4860:4860::8888]:443', 'us'],
    ['::ffff:8.8.8.8', 'us'],
    ['0000:0000:0000:0000:0000:ffff:0808:0808', 'us'],
  ])('%s is in %s', (address, country) => {
    expect(countryOfAddress(database, address)).toEqual([country]);
    expect(countryOfAddress(database, address)).toEqual([country]);
  });

  it.each([
    ...['', '0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.1.1', '172.16.0.1', '172.31.255.255'],
    ...[
      '192.168.1.1',
      '192.0.2.1',
      '198.18.0.1',
      '198.51.100.7',
      '203.0.113.7',
      '224.0.0.1',
      '255.255.255.255',
    ],
    ...['::', '::1', 'fe80::1', 'fe80::1%eth0', 'fd12:3456::1', 'ff02::1', '2001:db8::1', '::ffff:10.0.0.1'],
    ...['8.8.8', '8.8.8.8.8', '8.8.8.256', '8.8.8.x', '0x8.8.8.8', '8.8.8.8/24', 'localhost', 'unknown', '-'],
    ...[
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '2001:4860:4860::12345',
      '[',
      '[]',
      '[]:80',
    ],
    ...['1'.repeat(100_000), ':'.repeat(100_000), `${' '.repeat(100)}8.8.8.8`, '\ud800', '٨.٨.٨.٨'],
  ])('there is none for %s', (address) => {
    expect(countryOfAddress(database, address)).toEqual([]);
  });

  it('is found or not for any text, and never throws', () => {
    const alphabet = '0123456789abcdef.:[]%/ x\u0000ü';
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomFrom(seed);
      for (let i = 0; i < 100; i++) {
        const length = Math.floor(random() * 48);
        const text = Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
        const found = countryOfAddress(database, text);
        const isSound = found.length === 0 || (found.length === 1 && /^[a-z]{2}$/.test(found[0] ?? ''));
        expect(isSound, `seed ${String(seed)}: ${JSON.stringify(text)}`).toBe(true);
      }
    }
  });

  it('does not depend on how an IPv6 address is abbreviated', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const random = randomFrom(seed);
      const groups = Array.from({ length: 8 }, () => (random() < 0.5 ? 0 : Math.floor(random() * 0x10000)));
      groups[0] = 0x2400 + Math.floor(random() * 0x600);
      const hex = groups.map((group) => group.toString(16));
      const start = groups.indexOf(0);
      const end = groups.findIndex((group, i) => i > start && group !== 0);
      const right = end === -1 ? [] : hex.slice(end);
      const short = start === -1 ? hex.join(':') : `${hex.slice(0, start).join(':')}::${right.join(':')}`;
      expect(publicAddress(short), `seed ${String(seed)}: ${short}`).toBe(hex.join(':'));
    }
  });
});

describe('the database', () => {
  it('that comes with Gavel is of 2026', () => {
    expect(builtAt.getUTCFullYear()).toBe(2026);
  });

  it('may be another file, also one of IPv4 alone', () => {
    const ipv4 = import.meta
      .resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country-ipv4.mmdb');
    const other = loadCountries(fileOf('ipv4.mmdb', readFileSync(new URL(ipv4)))).database;
    expect(countryOfAddress(other, '8.8.8.8')).toEqual(['us']);
    expect(countryOfAddress(other, '2001:4860:4860::8888')).toEqual([]);
  });

  it('that is none is refused by one sentence', () => {
    const good = Buffer.from(database);
    expect(() => loadCountries(join(folder, 'missing.mmdb'))).toThrow(/^GAVEL_GEO_FILE: .* can't be read$/);
    for (const bytes of ['', 'not a database', good.subarray(0, 1_000_000)]) {
      expect(() => loadCountries(fileOf('bad.mmdb', bytes))).toThrow(
        /^GAVEL_GEO_FILE: .* is no \.mmdb database$/,
      );
    }
    // The records alone are gone: every address leads to nothing that names a country.
    const empty = Buffer.from(
      Buffer.from(good).toString('latin1').replaceAll('country_code', 'continent_xx'),
      'latin1',
    );
    expect(() => loadCountries(fileOf('continents.mmdb', empty))).toThrow(/names no country for 8\.8\.8\.8/);
  });
});

/** mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
