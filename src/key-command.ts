/** `keys create | list | revoke`: management keys besides GAVEL_ADMIN_KEY. */
import { withDatabase } from './command-database.ts';
import type { Config } from './config.ts';
import { createKey, listKeys, revokeKey, type KeyRole, type ListedKey } from './database/postgres-keys.ts';

export const KEY_USAGE =
  'keys create NAME [--role read|manage] [--advertiser UUID] | keys list | keys revoke NAME';

export interface KeyOptions {
  /** manage where it is not given. */
  readonly role: string | undefined;
  readonly advertiser: string | undefined;
}

const ROLES: readonly KeyRole[] = ['read', 'manage'];
const MAX_NAME_CHARS = 255;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What to print; rejects with one sentence. */
export async function runKeyCommand(
  config: Config,
  [action, name = '', ...rest]: readonly string[],
  options: KeyOptions,
): Promise<string> {
  if (action === 'list' && name === '')
    return withDatabase(config, async (pool) => table(await listKeys(pool)));
  if (rest.length > 0 || name.trim() === '') throw new Error(`usage: ${KEY_USAGE}`);
  switch (action) {
    case 'create':
      return create(config, name, options);
    case 'revoke':
      if (await withDatabase(config, (pool) => revokeKey(pool, name))) return `the key ${name} is revoked\n`;
      throw new Error(`no key named ${name} is in use`);
    default:
      throw new Error(`usage: ${KEY_USAGE}`);
  }
}

async function create(config: Config, name: string, { role, advertiser }: KeyOptions): Promise<string> {
  const chosen = ROLES.find((known) => known === (role ?? 'manage'));
  if (chosen === undefined) throw new Error(`--role must be one of ${ROLES.join(', ')}`);
  if (advertiser !== undefined && !UUID.test(advertiser)) throw new Error('--advertiser must be a UUID');
  if (name.length > MAX_NAME_CHARS) throw new Error(`a name has at most ${MAX_NAME_CHARS} characters`);
  // `keys list` has a line a key, with tabs.
  if (/\p{Cc}/u.test(name)) throw new Error('a name has no control characters, such as tabs and line breaks');
  const terms = { name, role: chosen, advertiserId: advertiser?.toLowerCase() ?? null };
  const key = await withDatabase(config, (pool) => createKey(pool, terms));
  if (key === null) throw new Error(`there is, or was, a key named ${name}: the audit needs another name`);
  process.stderr.write(`The key ${name}, shown this once:\n`);
  return `${key}\n`;
}

function table(keys: readonly ListedKey[]): string {
  const lines = keys.map(({ name, role, advertiserId, createdAt, revokedAt }) =>
    [
      name,
      role,
      advertiserId ?? 'all advertisers',
      `created ${createdAt.toISOString()}`,
      ...(revokedAt === null ? [] : [`revoked ${revokedAt.toISOString()}`]),
    ].join('\t'),
  );
  return lines.map((line) => `${line}\n`).join('');
}
