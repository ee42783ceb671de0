/** The management key: GAVEL_ADMIN_KEY, or one made at the first start and kept in the data folder. */
import { randomBytes, timingSafeEqual, createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY_BYTES = 24;
/** Only its owner may read it. */
const FILE_MODE = 0o600;

export interface AdminKey {
  readonly key: string;
  /** Where it was made and kept; null: it came from the environment. */
  readonly file: string | null;
  /** It was made just now. */
  readonly isNew: boolean;
}

export function loadAdminKey(configured: string | null, dataDir: string): AdminKey {
  if (configured !== null) return { key: configured, file: null, isNew: false };
  const file = join(dataDir, 'admin-key');
  if (existsSync(file)) {
    const key = readFileSync(file, 'utf8').trim();
    if (key !== '') return { key, file, isNew: false };
  }
  const key = randomBytes(KEY_BYTES).toString('base64url');
  writeFileSync(file, `${key}\n`, { mode: FILE_MODE });
  return { key, file, isNew: true };
}

/** Does an `Authorization` header carry the key? Compared by hash in constant time, whatever its length. */
export function createKeyCheck(key: string): (authorization: string) => boolean {
  const expected = digest(`Bearer ${key}`);
  return (authorization) => timingSafeEqual(digest(authorization.replace(/^bearer /i, 'Bearer ')), expected);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
