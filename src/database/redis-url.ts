/** REDIS_URL, read: which servers, as whom, and whether through TLS. */

export interface RedisServer {
  readonly host: string;
  readonly port: number;
}

export interface RedisAddress {
  /** More than one only for a cluster, of which any node tells of the others. */
  readonly servers: readonly [RedisServer, ...RedisServer[]];
  readonly isTls: boolean;
  /** Empty: the server's default user. */
  readonly user: string;
  /** Empty: none. */
  readonly password: string;
  readonly database: number;
}

export type RedisUrlResult =
  | { readonly ok: true; readonly address: RedisAddress }
  /** A sentence without a subject, for behind the variable's name; it never repeats the URL. */
  | { readonly ok: false; readonly error: string };

const DEFAULT_PORT = 6379;
const SCHEMES: ReadonlySet<string> = new Set(['redis:', 'rediss:']);
const DATABASE = /^\/?(\d{1,5})?$/;

/** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS; a cluster's nodes with commas between. */
export function readRedisUrl(text: string, isCluster = false): RedisUrlResult {
  const [first, ...others] = text.split(',').map((part) => readOne(part.trim()));
  const wrong = [first, ...others].find((part) => part !== undefined && !part.ok);
  if (wrong !== undefined) return wrong;
  if (first?.ok !== true) return refuse('is empty');
  const servers: [RedisServer, ...RedisServer[]] = [first.address.servers[0]];
  for (const other of others) {
    if (!other.ok) continue;
    if (!hasSameAccess(first.address, other.address)) {
      return refuse(
        'names nodes with different schemes, users, passwords or databases; a cluster has one for all',
      );
    }
    servers.push(other.address.servers[0]);
  }
  if ((isCluster || servers.length > 1) && first.address.database !== 0) {
    return refuse('names a database; a cluster has only database 0');
  }
  return { ok: true, address: { ...first.address, servers } };
}

/** As messages name them. */
export function nameServers({ servers }: Pick<RedisAddress, 'servers'>): string {
  return servers.map(({ host, port }) => `${host}:${String(port)}`).join(', ');
}

function readOne(text: string): RedisUrlResult {
  if (!URL.canParse(text)) return refuse('is not of the form redis://user:password@host:port/database');
  const url = new URL(text);
  if (!SCHEMES.has(url.protocol)) return refuse('must begin with redis:// or rediss://');
  if (url.hostname === '') return refuse('names no host');
  if (url.search !== '' || url.hash !== '') {
    return refuse('has a part behind ? or #; in a password, write them as %3F and %23');
  }
  const database = DATABASE.exec(url.pathname);
  if (database === null) return refuse('must end with the host, the port or the number of a database');
  const user = decode(url.username);
  const password = decode(url.password);
  if (user === null || password === null) return refuse('has a % in its user or password; write it as %25');
  return {
    ok: true,
    address: {
      servers: [
        {
          host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
          port: url.port === '' ? DEFAULT_PORT : Number(url.port),
        },
      ],
      isTls: url.protocol === 'rediss:',
      user,
      password,
      database: Number(database[1] ?? 0),
    },
  };
}

function hasSameAccess(one: RedisAddress, other: RedisAddress): boolean {
  return (
    one.isTls === other.isTls &&
    one.user === other.user &&
    one.password === other.password &&
    one.database === other.database
  );
}

/** null: a percent sign that begins no code. */
function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function refuse(error: string): RedisUrlResult {
  return { ok: false, error };
}
