/** The secrets that all nodes share, kept in PostgreSQL: keys that sign tokens, and the salt of user hashes. */
import { createHash } from 'node:crypto';

import type { Pool } from './postgres-pool.ts';

export interface Secrets {
  /** Newest first; the first one signs. */
  readonly signingKeys: readonly SigningKey[];
  readonly userSalt: Buffer;
}

export interface SigningKey {
  /** Stands in the tokens that the key signed. */
  readonly number: number;
  readonly key: Buffer;
  readonly createdAtMs: number;
}

/** As long as the hash of HMAC-SHA512, beyond which a longer key adds nothing. */
const SIGNING_KEY_BYTES = 64;
const USER_SALT_BYTES = 32;

/** Makes key 1 and the salt when there are none. Nodes that start at once all return the same. */
export async function loadSecrets(pool: Pool): Promise<Secrets> {
  await pool.query(
    `INSERT INTO secrets (name, number, value) VALUES ('signing_key', 1, $1), ('user_salt', 1, $2)
     ON CONFLICT (name, number) DO NOTHING`,
    [randomBytes(SIGNING_KEY_BYTES), randomBytes(USER_SALT_BYTES)],
  );
  const { rows } = await pool.query<{ name: string; number: number; value: Buffer; created_at: Date }>(
    'SELECT name, number, value, created_at FROM secrets ORDER BY name, number DESC',
  );
  const userSalt = rows.find(({ name }) => name === 'user_salt');
  if (userSalt === undefined) throw new Error('the table secrets holds no user_salt');
  return {
    signingKeys: rows
      .filter(({ name }) => name === 'signing_key')
      .map(({ number, value, created_at }) => ({ number, key: value, createdAtMs: created_at.getTime() })),
    userSalt: userSalt.value,
  };
}

/** Names the database that they are of, and tells nothing of them. */
export function nameDatabase({ userSalt }: Secrets): string {
  return createHash('sha256').update('database').update(userSalt).digest('hex');
}

export function areSameSecrets(one: Secrets, other: Secrets): boolean {
  return (
    one.userSalt.equals(other.userSalt) &&
    one.signingKeys.length === other.signingKeys.length &&
    one.signingKeys.every(({ number, key }, i) => {
      const twin = other.signingKeys[i];
      return twin?.number === number && key.equals(twin.key);
    })
  );
}

function randomBytes(length: number): Buffer {
  return crypto.getRandomValues(Buffer.alloc(length));
}
