/** What Redis, and the way to it, say when something fails: a sentence for people, an outcome for callers. */

import type { RedisAddress } from './redis-url.ts';

/** A connection that ended without a word. */
export const CLOSED = 'ECONNRESET';
/** A connection that ended without a word before Redis answered anything. */
export const CLOSED_EARLY = 'closed before it was ready';
/** No node of a cluster answers at all. */
export const NONE_REACHED = 'no answer at every node';
/** A single server that turns out to be part of a cluster, also where the key asked for happened to lie on it. */
export const IS_CLUSTER = 'MOVED';

/** What a script's failure means. `fault`: the script or its caller is wrong, and repeating it won't help. */
type Meaning = 'away' | 'late' | 'fault';

const SILENT = /ETIMEDOUT|Socket timeout|at every node/;
/** A server without TLS waits in silence for the rest of what it takes for a command. */
const SILENT_TO_TLS = 'does not answer through TLS: if it has none, write redis:// for rediss://';

/** The first that matches speaks. Each completes "Redis at host:port …". */
const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/^WRONGPASS|invalid (username|password)/, 'refuses the user or the password: correct them in its URL'],
  [/^NOAUTH|HELLO must be called/, 'asks for a password: write redis://user:password@host:port'],
  [
    /^NOPERM/,
    'forbids its user to run scripts or to read streams: grant him +eval, +evalsha, +info, +cluster|info, +@stream, +del and the keys',
  ],
  [/^LOADING/, 'is still loading its data'],
  [/^READONLY|^MASTERDOWN/, 'is a replica that takes no writes: name the primary'],
  [/^(MOVED|ASK)\b/, 'is a node of a cluster: set GAVEL_REDIS_CLUSTER=1'],
  [/cluster support disabled/, 'is no cluster: unset GAVEL_REDIS_CLUSTER, and name one server'],
  [/^CLUSTERDOWN/, 'belongs to a cluster that has lost a part of its slots'],
  [/^MISCONF/, "takes no writes because it can't save its data: see its log"],
  [/^NOREPLICAS/, 'takes no writes because it has too few replicas: see min-replicas-to-write'],
  [/^OOM/, 'takes no writes because it has reached its maxmemory'],
  [/^BUSY/, 'is held up by a script that does not end'],
  [/compiling script/, 'is older than version 7: Gavel needs 7 or newer'],
  [/DB index is out of range/, 'has no database of the number in its URL'],
  [/SELECT is not allowed in cluster/, 'is a node of a cluster, which has only database 0: name none'],
  [/ECONNREFUSED/, 'refuses connections: is it running, and is this its port?'],
  [/ENOTFOUND|EAI_AGAIN/, 'has a host name that cannot be resolved'],
  [/EHOSTUNREACH|ENETUNREACH/, 'cannot be reached: there is no route to it'],
  [/at every node/, 'does not answer: is it running, and are these its ports?'],
  [SILENT, 'does not answer'],
  [/wrong version number|packet length too long/, 'speaks no TLS on this port: write redis:// for rediss://'],
  [
    /certificate|CERT_|ALTNAME/,
    'shows a certificate that is not trusted: name its issuer in NODE_EXTRA_CA_CERTS',
  ],
  [/Unknown RESP type|Protocol error/, 'is something else: it does not speak the protocol of Redis'],
  [
    /closed before it was ready/,
    'closes every new connection: if it wants TLS, write rediss:// for redis://',
  ],
  [/ECONNRESET|EPIPE|Connection is closed/, 'has closed the connection'],
];

/** Refusals before a script has changed anything, and calls that were not sent.  */
const NOT_CARRIED_OUT =
  /^(Stream isn't writeable|Cluster isn't ready|Too many Cluster redirections. Last error: ReplyError|(LOADING|READONLY|MASTERDOWN|MOVED|ASK|TRYAGAIN|CLUSTERDOWN|MISCONF|OOM|BUSY|NOAUTH|NOPERM|NOREPLICAS)\b)/;

/** One sentence on why `server` (host:port) is of no use; the password is struck out wherever it stands. */
export function describeFailure(
  server: string,
  error: unknown,
  { password, isTls }: Pick<RedisAddress, 'password' | 'isTls'>,
): string {
  const text = messageOf(error);
  if (isTls && SILENT.test(text)) return `Redis at ${server} ${SILENT_TO_TLS}`;
  const known = SENTENCES.find(([pattern]) => pattern.test(text))?.[1];
  const shown = password === '' ? text : text.replaceAll(password, '***');
  return `Redis at ${server} ${known ?? `fails: ${shown}`}`;
}

export function interpretFailure(error: unknown): Meaning {
  if (NOT_CARRIED_OUT.test(error instanceof Error ? error.message : '')) return 'away';
  return isReply(error) ? 'fault' : 'late';
}

/** Redis itself said so; anything else befell the connection. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Node joins several addresses' failures in one error that has a code and no message. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message.includes(code) ? error.message : `${code} ${error.message}`.trim();
}
