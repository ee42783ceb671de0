/** The country database as it is read at the start: the one that comes with Gavel, or that of GAVEL_GEO_FILE. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { buildDateOf, countryOfAddress, type CountryDatabase } from './geo-country.ts';

const BUNDLED = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb';
/** Google's name servers: a database of countries that does not know where they are is of something else. */
const KNOWN_ADDRESS = '8.8.8.8';

export interface LoadedCountries {
  readonly database: CountryDatabase;
  readonly builtAt: Date;
}

/** `file` null: the one that comes with Gavel. Throws one sentence where the file is no country database. */
export function loadCountries(file: string | null): LoadedCountries {
  const path = file ?? createRequire(import.meta.url).resolve(BUNDLED);
  const database = readShared(path);
  try {
    const builtAt = buildDateOf(database);
    if (countryOfAddress(database, KNOWN_ADDRESS).length > 0) return { database, builtAt };
  } catch (error) {
    throw new Error(`GAVEL_GEO_FILE: ${path} is no .mmdb database`, { cause: error });
  }
  throw new Error(
    `GAVEL_GEO_FILE: ${path} names no country for ${KNOWN_ADDRESS}: it must be one of countries`,
  );
}

function readShared(path: string): CountryDatabase {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Error(`GAVEL_GEO_FILE: ${path} can't be read`, { cause: error });
  }
  const shared = new SharedArrayBuffer(bytes.length);
  Buffer.from(shared).set(bytes);
  return shared;
}
