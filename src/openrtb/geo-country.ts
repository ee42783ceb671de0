/** The door to mmdb-lib: an internet address as the country that its database names for it. */
import { type CountryResponse, Reader } from 'mmdb-lib';
import { publicAddress } from './address.ts';
import { BoundedCache } from './bounded-cache.ts';
import { countryValues } from './country.ts';
import { NO_TEXTS } from './dirt.ts';

/** The bytes of an .mmdb file: one copy for all threads. */
export type CountryDatabase = SharedArrayBuffer;

/** A look-up takes 4 to 5 µs, the cache 0.02. Addresses of one user come in a row; whole populations fit no cache. */
const CACHE_ENTRIES = 8_192;

/** MaxMind's records have `country.iso_code`, those of the database that comes with Gavel `country_code`. */
type CountryRecord = Partial<CountryResponse> & { readonly country_code?: unknown };

/** Each thread's own, over the bytes that they share. */
const readers = new WeakMap<CountryDatabase, CountryReader>();

/** The country of an address as the `country` dimension's one value; none where it is private, unknown or no address. */
export function countryOfAddress(database: CountryDatabase, address: string): readonly string[] {
  if (address === '') return NO_TEXTS;
  let reader = readers.get(database);
  if (reader === undefined) {
    reader = new CountryReader(database);
    readers.set(database, reader);
  }
  return reader.find(address);
}

/** When the database was built. Throws where the bytes are no database. */
export function buildDateOf(database: CountryDatabase): Date {
  return new Reader(Buffer.from(database)).metadata.buildEpoch;
}

class CountryReader {
  readonly #reader: Reader<CountryResponse>;
  readonly #cache = new BoundedCache<readonly string[]>(CACHE_ENTRIES);

  constructor(database: CountryDatabase) {
    this.#reader = new Reader(Buffer.from(database));
  }

  find(text: string): readonly string[] {
    const cached = this.#cache.get(text);
    if (cached !== undefined) return cached;
    const address = publicAddress(text);
    // What is no address is told by looking at it: it needs no place in the cache.
    if (address === '') return NO_TEXTS;
    const country = this.#lookUp(address);
    this.#cache.set(text, country);
    return country;
  }

  #lookUp(address: string): readonly string[] {
    // In a database of IPv4 alone, mmdb-lib takes the first bits of an IPv6 address for one of IPv4.
    if (this.#reader.metadata.ipVersion === 4 && address.includes(':')) return NO_TEXTS;
    const record: CountryRecord | null = this.#reader.get(address);
    const code = record?.country_code ?? record?.country?.iso_code;
    return typeof code === 'string' ? countryValues(code) : NO_TEXTS;
  }
}
