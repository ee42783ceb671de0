/**
 * The secrets in a file of the data folder, for a start without PostgreSQL: with other keys the tokens that are out
 * would not verify. They are used for no database but the one they came from.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Secrets } from './postgres-secrets.ts';

/** Only its owner may read it. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

interface KeptSecrets {
  /** Where the database is; its user and password may change. */
  readonly place: string;
  readonly userSalt: string;
  readonly signingKeys: readonly {
    readonly number: number;
    readonly key: string;
    readonly createdAtMs: number;
  }[];
}

/** Throws where the disk refuses. */
export function keepSecrets(path: string, databaseUrl: string, secrets: Secrets): void {
  const kept: KeptSecrets = {
    place: placeOf(databaseUrl),
    userSalt: secrets.userSalt.toString('base64'),
    signingKeys: secrets.signingKeys.map((key) => ({ ...key, key: key.key.toString('base64') })),
  };
  const text = `${JSON.stringify(kept)}\n`;
  if (readText(path) === text) return;
  mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  const unfinished = `${path}.unfinished`;
  writeFileSync(unfinished, text, { mode: FILE_MODE, flush: true });
  renameSync(unfinished, path);
}

/** null: there are none of this database. */
export function readKeptSecrets(path: string, databaseUrl: string): Secrets | null {
  const text = readText(path);
  if (text === null) return null;
  try {
    const { place, userSalt, signingKeys } = JSON.parse(text) as KeptSecrets;
    if (place !== placeOf(databaseUrl)) return null;
    return {
      signingKeys: signingKeys.map((key) => ({ ...key, key: Buffer.from(key.key, 'base64') })),
      userSalt: Buffer.from(userSalt, 'base64'),
    };
  } catch {
    return null;
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function placeOf(databaseUrl: string): string {
  const { host, pathname, search } = new URL(databaseUrl);
  return `${host}${pathname}${search}`;
}
