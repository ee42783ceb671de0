/** The environment as one frozen Config. Every mistake is told at once, each with the name of its variable. */
import { z } from 'zod';
import { LOG_LEVELS, VARIABLES, type LogLevel, type VariableName } from './config-variables.ts';
import {
  checked,
  file,
  flag,
  groupOrMs,
  isWhole,
  optional,
  rate,
  secret,
  sellers,
  topicPrefix,
  whole,
  wholeMessage,
} from './config-readers.ts';
import { isPostgresUrl, isPublicUrl, withoutSlash } from './config-urls.ts';
import { readRedisUrl } from './database/redis-url.ts';
import { readBrokers } from './events/kafka-brokers.ts';
import type { SpoolSync } from './events/spool.ts';

/** Shorter keys could be guessed. */
const MIN_ADMIN_KEY_CHARS = 16;
/** As many bytes as HMAC-SHA512 needs for 256 bits of strength. */
const MIN_SIGNING_KEY_CHARS = 32;
const MAX_PORT = 65_535;
const MAX_WORKERS = 256;
/** A day: rates of thirty days move little in it. */
const MAX_RATES_SEC = 86_400;
/** The Global Vendor List numbers in 16 bits. */
const MAX_VENDOR_ID = 65_535;
/** Exchanges wait no longer than a second or so; a longer cap would only hide a slow server. */
const MAX_TMAX_MS = 10_000;
/** A bid that waits longer comes too late for its exchange. */
const MAX_REDIS_WAIT_MS = 1_000;
/** As many as Kafka's 16 bits hold; clusters have three, some five. */
const MAX_COPIES = 32_767;
/** A content network, a load balancer, a sidecar: nobody has more than a few. */
const MAX_PROXIES = 10;
/** A partition a day and table: Postgres plans some thousands badly. */
const MAX_RETENTION_DAYS = 730;
/** An event that comes twice within 48 hours counts once. */
const MIN_SEEN_DAYS = 2;

/** Who accepts more loss than a minute's by a power cut needs no spool. */
const MAX_SPOOL_SYNC_MS = 60_000;
/** Some seconds of a busy server's events. */
const MIN_SPOOL_MB = 16;
/** A terabyte: its addresses are reserved four times over. */
const MAX_SPOOL_MB = 1_000_000;
const MB_BYTES = 1_000_000;

/** Their values are never repeated in a message. */
const SECRETS: ReadonlySet<string> = new Set([
  'GAVEL_ADMIN_KEY',
  'GAVEL_SIGNING_KEY',
  'DATABASE_URL',
  'DATABASE_READ_URL',
  'REDIS_URL',
]);

export interface Config {
  readonly port: number;
  readonly host: string;
  /** Without a slash at its end; null: http://localhost with the port that is listened on. */
  readonly publicUrl: string | null;
  readonly dataDir: string;
  readonly databaseUrl: string | null;
  readonly databaseReadUrl: string | null;
  readonly redisUrl: string | null;
  readonly redisCluster: boolean;
  readonly redisWaitMs: number;
  readonly kafkaBrokers: readonly string[] | null;
  /** Copies of topics that are made; null: three, or as many as there are brokers. */
  readonly kafkaReplication: number | null;
  readonly kafkaRetentionDays: number;
  readonly kafkaPrefix: string;
  readonly consumeMetricsPort: number | null;
  readonly workers: number;
  readonly adminKey: string | null;
  readonly signingKey: string | null;
  readonly tcfVendorId: number | null;
  readonly fxFile: string | null;
  readonly geoFile: string | null;
  readonly proxies: number;
  readonly priorCtr: number;
  readonly priorCvr: number;
  readonly ratesSec: number;
  readonly tmaxCapMs: number;
  readonly tmaxMarginMs: number;
  readonly gzipBids: boolean;
  readonly logLevel: LogLevel;
  /** `asi` or `asi/sid`, lower case. */
  readonly blockedSellers: readonly string[];
  readonly retentionEventDays: number;
  readonly retentionSeenDays: number;
  readonly retentionDeadDays: number;
  readonly spoolSync: SpoolSync;
  readonly spoolMaxBytes: number;
  readonly demo: boolean;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  /** One message for all that is wrong. */
  | { readonly ok: false; readonly message: string };

/** Reads `.env` of the working directory into the environment, where it exists; what is set already stays. */
export function loadEnvFile(): void {
  try {
    process.loadEnvFile('.env');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

/** `cores`: how many threads the machine runs at once. An empty variable counts as unset. */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  cores: number,
  purpose: 'serve' | 'command' = 'serve',
): ConfigResult {
  const values = Object.fromEntries(
    Object.entries(VARIABLES).map(([name, { fallback }]) => [name, valueOr(environment[name], fallback)]),
  );
  const parsed = (purpose === 'serve' ? SERVING : SCHEMA).safeParse(values);
  if (!parsed.success) {
    const mistakes = parsed.error.issues.map((issue) =>
      mistakeOf(String(issue.path[0]), issue.message, values),
    );
    return { ok: false, message: `The configuration is wrong:\n${mistakes.join('\n')}` };
  }
  return { ok: true, config: Object.freeze(configOf(parsed.data, cores)) };
}

function valueOr(text: string | undefined, fallback: string): string {
  const value = text?.trim() ?? '';
  return value === '' ? fallback : value;
}

function mistakeOf(name: string, message: string, values: Readonly<Record<string, string>>): string {
  const given = SECRETS.has(name) ? '' : ` (it is ${JSON.stringify(values[name] ?? '')})`;
  return `  ${name} ${message}${given}`;
}

function configOf(read: z.output<typeof SCHEMA>, cores: number): Config {
  return {
    port: read.GAVEL_PORT,
    host: read.GAVEL_HOST,
    publicUrl: read.GAVEL_PUBLIC_URL,
    dataDir: read.GAVEL_DATA_DIR,
    databaseUrl: read.DATABASE_URL,
    databaseReadUrl: read.DATABASE_READ_URL,
    redisUrl: read.REDIS_URL,
    redisCluster: read.GAVEL_REDIS_CLUSTER,
    redisWaitMs: read.GAVEL_REDIS_WAIT_MS,
    kafkaBrokers: read.KAFKA_BROKERS,
    kafkaReplication: read.GAVEL_KAFKA_REPLICATION,
    kafkaRetentionDays: read.GAVEL_KAFKA_RETENTION_DAYS,
    kafkaPrefix: read.GAVEL_KAFKA_PREFIX,
    consumeMetricsPort: read.GAVEL_CONSUME_METRICS_PORT,
    workers: read.GAVEL_WORKERS ?? Math.max(1, cores - 1),
    adminKey: read.GAVEL_ADMIN_KEY,
    signingKey: read.GAVEL_SIGNING_KEY,
    tcfVendorId: read.GAVEL_TCF_VENDOR_ID,
    fxFile: read.GAVEL_FX_FILE,
    geoFile: read.GAVEL_GEO_FILE,
    proxies: read.GAVEL_TRUST_PROXY,
    priorCtr: read.GAVEL_PRIOR_CTR,
    priorCvr: read.GAVEL_PRIOR_CVR,
    ratesSec: read.GAVEL_RATES_SEC,
    tmaxCapMs: read.GAVEL_TMAX_CAP_MS,
    tmaxMarginMs: read.GAVEL_TMAX_MARGIN_MS,
    gzipBids: read.GAVEL_GZIP_BIDS,
    logLevel: read.GAVEL_LOG_LEVEL,
    blockedSellers: read.GAVEL_BLOCKED_SELLERS,
    retentionEventDays: read.GAVEL_RETENTION_EVENT_DAYS,
    retentionSeenDays: read.GAVEL_RETENTION_SEEN_DAYS,
    retentionDeadDays: read.GAVEL_RETENTION_DEAD_DAYS,
    spoolSync: read.GAVEL_SPOOL_SYNC,
    spoolMaxBytes: read.GAVEL_SPOOL_MAX_MB * MB_BYTES,
    demo: read.GAVEL_DEMO,
  };
}

const SCHEMA = z
  .object({
    GAVEL_PORT: whole(1, MAX_PORT),
    GAVEL_HOST: z.string(),
    GAVEL_PUBLIC_URL: optional(isPublicUrl, 'must be an http(s) URL without query or fragment', withoutSlash),
    GAVEL_DATA_DIR: z.string(),
    DATABASE_URL: optional(isPostgresUrl, 'must be a postgres:// URL', (text) => text),
    DATABASE_READ_URL: optional(isPostgresUrl, 'must be a postgres:// URL', (text) => text),
    REDIS_URL: checked(readRedisUrl, (_, text) => text),
    GAVEL_REDIS_CLUSTER: flag(),
    GAVEL_REDIS_WAIT_MS: whole(1, MAX_REDIS_WAIT_MS),
    KAFKA_BROKERS: checked(readBrokers, ({ brokers }) => brokers),
    GAVEL_KAFKA_REPLICATION: optional(isWhole(1, MAX_COPIES), wholeMessage(1, MAX_COPIES), Number),
    GAVEL_KAFKA_RETENTION_DAYS: whole(1, MAX_RETENTION_DAYS),
    GAVEL_KAFKA_PREFIX: topicPrefix(),
    GAVEL_CONSUME_METRICS_PORT: optional(isWhole(1, MAX_PORT), wholeMessage(1, MAX_PORT), Number),
    GAVEL_WORKERS: optional(isWhole(0, MAX_WORKERS), wholeMessage(0, MAX_WORKERS), Number),
    GAVEL_ADMIN_KEY: secret(MIN_ADMIN_KEY_CHARS),
    GAVEL_SIGNING_KEY: secret(MIN_SIGNING_KEY_CHARS),
    GAVEL_TCF_VENDOR_ID: optional(isWhole(1, MAX_VENDOR_ID), wholeMessage(1, MAX_VENDOR_ID), Number),
    GAVEL_FX_FILE: file(),
    GAVEL_GEO_FILE: file(),
    GAVEL_TRUST_PROXY: whole(0, MAX_PROXIES),
    GAVEL_PRIOR_CTR: rate(),
    GAVEL_PRIOR_CVR: rate(),
    GAVEL_RATES_SEC: whole(1, MAX_RATES_SEC),
    GAVEL_TMAX_CAP_MS: whole(1, MAX_TMAX_MS),
    GAVEL_TMAX_MARGIN_MS: whole(0, MAX_TMAX_MS),
    GAVEL_GZIP_BIDS: flag(),
    GAVEL_LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }),
    GAVEL_BLOCKED_SELLERS: sellers(),
    GAVEL_RETENTION_EVENT_DAYS: whole(1, MAX_RETENTION_DAYS),
    GAVEL_RETENTION_SEEN_DAYS: whole(MIN_SEEN_DAYS, MAX_RETENTION_DAYS),
    GAVEL_RETENTION_DEAD_DAYS: whole(1, MAX_RETENTION_DAYS),
    GAVEL_SPOOL_SYNC: groupOrMs(MAX_SPOOL_SYNC_MS),
    GAVEL_SPOOL_MAX_MB: whole(MIN_SPOOL_MB, MAX_SPOOL_MB),
    GAVEL_DEMO: flag(),
  } satisfies Record<VariableName, z.ZodType>)
  .refine(
    (read) => !read.GAVEL_REDIS_CLUSTER || read.REDIS_URL === null || readRedisUrl(read.REDIS_URL, true).ok,
    {
      path: ['REDIS_URL'],
      error: 'names a database, and GAVEL_REDIS_CLUSTER is 1: a cluster has only database 0',
      when: ({ issues }) => issues.every((issue) => !String(issue.path?.[0]).includes('REDIS')),
    },
  )
  .refine((read) => read.DATABASE_READ_URL === null || read.DATABASE_URL !== null, {
    path: ['DATABASE_READ_URL'],
    error: 'is for a replica of DATABASE_URL, which is not set',
    when: ({ issues }) => issues.every((issue) => !String(issue.path?.[0]).startsWith('DATABASE_')),
  })
  .refine((read) => read.GAVEL_TMAX_MARGIN_MS < read.GAVEL_TMAX_CAP_MS, {
    path: ['GAVEL_TMAX_MARGIN_MS'],
    error: 'must be less than GAVEL_TMAX_CAP_MS',
    when: ({ issues }) => issues.every((issue) => !String(issue.path?.[0]).startsWith('GAVEL_TMAX_')),
  });

/** Commands beside the server take no key. */
const SERVING = SCHEMA.refine((read) => read.DATABASE_URL === null || read.GAVEL_ADMIN_KEY !== null, {
  path: ['GAVEL_ADMIN_KEY'],
  error: 'must be set where DATABASE_URL is: every server of a database takes the same key',
  when: ({ issues }) =>
    issues.every((issue) => !/^(DATABASE_URL|GAVEL_ADMIN_KEY)$/.test(String(issue.path?.[0]))),
});
