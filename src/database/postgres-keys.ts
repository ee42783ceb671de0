/** Management keys besides GAVEL_ADMIN_KEY. Only their hashes are kept; a key is random, so a plain hash will do. */
import { createHash, randomBytes } from 'node:crypto';
import { quickQuery, type Pool } from './postgres-pool.ts';

export type KeyRole = 'read' | 'manage';

export interface KeyTerms {
  /** Stands in the audit beside what was done with the key. */
  readonly name: string;
  readonly role: KeyRole;
  /** The one advertiser whose campaigns it sees; null: all. */
  readonly advertiserId: string | null;
}

export interface ListedKey extends KeyTerms {
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

/** Told apart at sight, by people and by scanners for secrets that leaked. */
const KEY_PREFIX = 'gvk_';
const KEY_BYTES = 32;

const TERMS = 'name, role, advertiser_id AS "advertiserId"';

/** The key, which is told this once; null: the name is taken, if only by a key that was revoked. */
export async function createKey(pool: Pool, { name, role, advertiserId }: KeyTerms): Promise<string | null> {
  const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  const { rowCount } = await pool.query(
    `INSERT INTO management_keys (name, role, advertiser_id, key_hash) VALUES ($1, $2, $3, $4)
     ON CONFLICT (name) DO NOTHING`,
    [name, role, advertiserId, hashOf(key)],
  );
  return rowCount === 1 ? key : null;
}

/** Oldest first. */
export async function listKeys(pool: Pool): Promise<readonly ListedKey[]> {
  const { rows } = await pool.query<ListedKey>(
    `SELECT ${TERMS}, created_at AS "createdAt", revoked_at AS "revokedAt"
       FROM management_keys ORDER BY created_at, name`,
  );
  return rows;
}

/** false: no key of the name is in use. */
export async function revokeKey(pool: Pool, name: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    'UPDATE management_keys SET revoked_at = now() WHERE name = $1 AND revoked_at IS NULL',
    [name],
  );
  return rowCount === 1;
}

/** null: there is no such key, or it was revoked. */
export async function findKey(pool: Pool, key: string): Promise<KeyTerms | null> {
  if (!key.startsWith(KEY_PREFIX)) return null;
  const { rows } = await pool.query<KeyTerms>(
    quickQuery(`SELECT ${TERMS} FROM management_keys WHERE key_hash = $1 AND revoked_at IS NULL`, [
      hashOf(key),
    ]),
  );
  return rows[0] ?? null;
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
