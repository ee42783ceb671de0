/**
 * Every environment variable that the server reads: its default and what it means. The README and .env.example
 * are held against this list, and config.ts reads nothing that is not in it.
 */

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

interface Variable {
  /** What stands in when it is unset or empty; '' where that means "none" or is found at the start. */
  readonly fallback: string;
  /** `fallback` in words, where it is ''. */
  readonly fallbackMeans?: string;
  readonly meaning: string;
}

export const VARIABLES = {
  GAVEL_PORT: { fallback: '8080', meaning: 'The port that everything is served on.' },
  GAVEL_HOST: { fallback: '0.0.0.0', meaning: 'The address to listen on.' },
  GAVEL_PUBLIC_URL: {
    fallback: '',
    fallbackMeans: 'http://localhost:<port>',
    meaning: 'How the outside reaches this server: URLs in answers start with it.',
  },
  GAVEL_DATA_DIR: { fallback: './data', meaning: 'Where the embedded stores keep their data.' },
  DATABASE_URL: {
    fallback: '',
    fallbackMeans: 'embedded',
    meaning: 'A Postgres server in place of the embedded one: postgres://user:password@host:port/database.',
  },
  DATABASE_READ_URL: {
    fallback: '',
    fallbackMeans: 'none',
    meaning: 'A streaming replica of DATABASE_URL, for reports and the loading of campaigns.',
  },
  REDIS_URL: {
    fallback: '',
    fallbackMeans: 'none',
    meaning:
      'A Redis, 7 or newer, over which servers share budgets and frequency caps and hear of changes: redis://user:password@host:port.',
  },
  GAVEL_REDIS_CLUSTER: {
    fallback: '0',
    meaning: '1 where REDIS_URL is a cluster: one of its nodes, or several with commas between.',
  },
  GAVEL_REDIS_WAIT_MS: {
    fallback: '5',
    meaning:
      'How long a bid waits for Redis, for a slice of a budget and for frequency caps: then it goes without.',
  },
  KAFKA_BROKERS: {
    fallback: '',
    fallbackMeans: 'none',
    meaning: 'Kafka brokers that get events and changes of campaigns, host:port with commas between.',
  },
  GAVEL_KAFKA_REPLICATION: {
    fallback: '',
    fallbackMeans: '3, or all brokers',
    meaning: 'Copies of a Kafka topic that is made here.',
  },
  GAVEL_KAFKA_RETENTION_DAYS: {
    fallback: '7',
    meaning: 'Days for which a Kafka topic of events that is made here keeps them.',
  },
  GAVEL_KAFKA_PREFIX: {
    fallback: '',
    fallbackMeans: 'none',
    meaning:
      'Begins the name of every Kafka topic, group and client, so that several databases share a cluster.',
  },
  GAVEL_CONSUME_METRICS_PORT: {
    fallback: '',
    fallbackMeans: 'none',
    meaning: 'A port on which `npm run consume` tells Prometheus its metrics.',
  },
  GAVEL_WORKERS: {
    fallback: '',
    fallbackMeans: 'cores - 1, at least 1',
    meaning: 'Worker threads that decide bids; 0 decides on the front thread.',
  },
  GAVEL_ADMIN_KEY: {
    fallback: '',
    fallbackMeans: 'made at the first start',
    meaning: 'The management key, 16 characters or more; must be set where DATABASE_URL is.',
  },
  GAVEL_SIGNING_KEY: {
    fallback: '',
    fallbackMeans: 'made at the first start',
    meaning: 'What tokens are signed with, 32 characters or more; the same on every server.',
  },
  GAVEL_TCF_VENDOR_ID: {
    fallback: '',
    fallbackMeans: 'none',
    meaning: 'Our id in the Global Vendor List; without one no identifier is used under GDPR.',
  },
  GAVEL_FX_FILE: {
    fallback: '',
    fallbackMeans: 'none',
    meaning:
      'Currency rates: {"base":"USD","date":"2026-11-20","rates":{"EUR":0.92}}; read again when it changes.',
  },
  GAVEL_GEO_FILE: {
    fallback: '',
    fallbackMeans: 'comes with Gavel',
    meaning: 'A database of countries by address, in the .mmdb format; read at the start.',
  },
  GAVEL_TRUST_PROXY: {
    fallback: '0',
    meaning: 'Proxies of yours in front: so many addresses at the end of X-Forwarded-For are believed.',
  },
  GAVEL_PRIOR_CTR: {
    fallback: '0.001',
    meaning: 'Clicks an impression that ads are expected to bring until theirs are counted.',
  },
  GAVEL_PRIOR_CVR: {
    fallback: '0.00001',
    meaning: 'Conversions an impression that ads are expected to bring until theirs are counted.',
  },
  GAVEL_RATES_SEC: {
    fallback: '60',
    meaning: 'How often, in seconds, counted clicks and conversions move the rank prices.',
  },
  GAVEL_TMAX_CAP_MS: { fallback: '100', meaning: 'The most time that a bid takes, whatever tmax allows.' },
  GAVEL_TMAX_MARGIN_MS: { fallback: '10', meaning: 'What of tmax is left for the way back.' },
  GAVEL_GZIP_BIDS: {
    fallback: '0',
    meaning: '1 gzips bids too for those who accept it, which costs more than the auction.',
  },
  GAVEL_LOG_LEVEL: { fallback: 'info', meaning: `One of ${LOG_LEVELS.join(', ')}.` },
  GAVEL_BLOCKED_SELLERS: {
    fallback: '',
    fallbackMeans: 'none',
    meaning: 'Sellers in whose supply chains we do not bid: asi or asi/sid, with commas between.',
  },
  GAVEL_RETENTION_EVENT_DAYS: {
    fallback: '30',
    meaning: 'Days for which events and sums by minute are kept, besides today; sums by day stay.',
  },
  GAVEL_RETENTION_SEEN_DAYS: {
    fallback: '2',
    meaning: 'Days for which an event that comes again is known as such, 2 or more.',
  },
  GAVEL_RETENTION_DEAD_DAYS: {
    fallback: '30',
    meaning: 'Days for which an event that can not be counted waits to be replayed or dropped.',
  },
  GAVEL_SPOOL_SYNC: {
    fallback: 'group',
    meaning:
      'When events are put on the medium: group, before each is answered; or at least every so many ms.',
  },
  GAVEL_SPOOL_MAX_MB: {
    fallback: '1024',
    meaning: 'How many megabytes of events may wait on disk; bids are dropped from four fifths of it on.',
  },
  GAVEL_DEMO: { fallback: '1', meaning: '0 leaves a new data folder without the demo campaigns.' },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;
