import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { VARIABLES } from './config-variables.ts';
import { readConfig, type Config } from './config.ts';

function configOf(environment: Record<string, string>, cores = 4): Config {
  const result = readConfig(environment, cores);
  if (!result.ok) throw new Error(result.message);
  return result.config;
}

function messageOf(environment: Record<string, string>): string {
  const result = readConfig(environment, 4);
  if (result.ok) throw new Error('the configuration was accepted');
  return result.message;
}

describe('the configuration', () => {
  test('has a default for everything', () => {
    expect(configOf({})).toEqual({
      port: 8080,
      host: '0.0.0.0',
      publicUrl: null,
      dataDir: './data',
      databaseUrl: null,
      databaseReadUrl: null,
      redisUrl: null,
      redisCluster: false,
      redisWaitMs: 5,
      kafkaBrokers: null,
      kafkaReplication: null,
      kafkaRetentionDays: 7,
      kafkaPrefix: '',
      consumeMetricsPort: null,
      workers: 3,
      adminKey: null,
      signingKey: null,
      tcfVendorId: null,
      fxFile: null,
      geoFile: null,
      proxies: 0,
      priorCtr: 0.001,
      priorCvr: 0.00001,
      ratesSec: 60,
      tmaxCapMs: 100,
      tmaxMarginMs: 10,
      gzipBids: false,
      logLevel: 'info',
      blockedSellers: [],
      spoolSync: { kind: 'group' },
      spoolMaxBytes: 1_024_000_000,
      retentionEventDays: 30,
      retentionSeenDays: 2,
      retentionDeadDays: 30,
      demo: true,
    });
  });

  test('counts an empty variable as unset', () => {
    expect(configOf(Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, ' '])))).toEqual(
      configOf({}),
    );
  });

  test('is frozen', () => {
    expect(Object.isFrozen(configOf({}))).toBe(true);
  });

  test('has a worker less than the machine has cores, at least one, and none when told so', () => {
    expect(configOf({}, 1).workers).toBe(1);
    expect(configOf({}, 8).workers).toBe(7);
    expect(configOf({ GAVEL_WORKERS: '0' }).workers).toBe(0);
  });

  test('asks for the management key where the database is shared', () => {
    const shared = { DATABASE_URL: 'postgres://h/d' };
    expect(messageOf(shared)).toMatch(/^The configuration is wrong:\n {2}GAVEL_ADMIN_KEY must be set where/);
    expect(messageOf({ ...shared, GAVEL_ADMIN_KEY: 'short' })).toContain('at least 16 characters');
    expect(configOf({ ...shared, GAVEL_ADMIN_KEY: 'k'.repeat(16) }).adminKey).toBe('k'.repeat(16));
    expect(readConfig(shared, 4, 'command').ok).toBe(true);
  });

  test('asks for the database that a replica is of', () => {
    const replica = { DATABASE_READ_URL: 'postgres://r/d' };
    expect(messageOf(replica)).toContain(
      'DATABASE_READ_URL is for a replica of DATABASE_URL, which is not set',
    );
  });

  test('reads every variable', () => {
    const config = configOf({
      GAVEL_PORT: '9000',
      GAVEL_HOST: '127.0.0.1',
      GAVEL_PUBLIC_URL: 'https://ads.example/gavel//',
      GAVEL_DATA_DIR: '/d',
      DATABASE_URL: 'postgresql://u:p@h:5/d',
      DATABASE_READ_URL: 'postgres://r:p@h/d',
      REDIS_URL: 'redis://u:p@h:7001,redis://u:p@h:7002',
      GAVEL_REDIS_CLUSTER: '1',
      GAVEL_REDIS_WAIT_MS: '20',
      KAFKA_BROKERS: 'k1:9092, k2:9092',
      GAVEL_KAFKA_REPLICATION: '2',
      GAVEL_KAFKA_RETENTION_DAYS: '3',
      GAVEL_KAFKA_PREFIX: 'eu-1.',
      GAVEL_CONSUME_METRICS_PORT: '9101',
      GAVEL_WORKERS: '2',
      GAVEL_ADMIN_KEY: 'k'.repeat(16),
      GAVEL_SIGNING_KEY: 's'.repeat(32),
      GAVEL_TCF_VENDOR_ID: '755',
      GAVEL_FX_FILE: 'fx.json',
      GAVEL_GEO_FILE: 'geo.mmdb',
      GAVEL_TRUST_PROXY: '2',
      GAVEL_PRIOR_CTR: '2e-3',
      GAVEL_PRIOR_CVR: '.5',
      GAVEL_RATES_SEC: '5',
      GAVEL_TMAX_CAP_MS: '80',
      GAVEL_TMAX_MARGIN_MS: '0',
      GAVEL_GZIP_BIDS: '1',
      GAVEL_LOG_LEVEL: 'debug',
      GAVEL_BLOCKED_SELLERS: ' Bad.example, x.example/7 ,',
      GAVEL_SPOOL_SYNC: '50',
      GAVEL_SPOOL_MAX_MB: '16',
      GAVEL_RETENTION_EVENT_DAYS: '90',
      GAVEL_RETENTION_SEEN_DAYS: '7',
      GAVEL_RETENTION_DEAD_DAYS: '8',
      GAVEL_DEMO: '0',
    });
    expect(config).toEqual({
      port: 9000,
      host: '127.0.0.1',
      publicUrl: 'https://ads.example/gavel',
      dataDir: '/d',
      databaseUrl: 'postgresql://u:p@h:5/d',
      databaseReadUrl: 'postgres://r:p@h/d',
      redisUrl: 'redis://u:p@h:7001,redis://u:p@h:7002',
      redisCluster: true,
      redisWaitMs: 20,
      kafkaBrokers: ['k1:9092', 'k2:9092'],
      kafkaReplication: 2,
      kafkaRetentionDays: 3,
      kafkaPrefix: 'eu-1.',
      consumeMetricsPort: 9101,
      workers: 2,
      adminKey: 'k'.repeat(16),
      signingKey: 's'.repeat(32),
      tcfVendorId: 755,
      fxFile: 'fx.json',
      geoFile: 'geo.mmdb',
      proxies: 2,
      priorCtr: 0.002,
      priorCvr: 0.5,
      ratesSec: 5,
      tmaxCapMs: 80,
      tmaxMarginMs: 0,
      gzipBids: true,
      logLevel: 'debug',
      blockedSellers: ['bad.example', 'x.example/7'],
      spoolSync: { kind: 'every', ms: 50 },
      spoolMaxBytes: 16_000_000,
      retentionEventDays: 90,
      retentionSeenDays: 7,
      retentionDeadDays: 8,
      demo: false,
    });
  });

  test('tells every mistake at once, each with its variable and its value', () => {
    const wrong = {
      GAVEL_PORT: '65536',
      GAVEL_PUBLIC_URL: 'ftp://x',
      DATABASE_URL: 'mysql://u:hunter2@h/d',
      DATABASE_READ_URL: 'mysql://u:hunter2@r/d',
      REDIS_URL: 'http://h',
      GAVEL_REDIS_CLUSTER: 'yes',
      KAFKA_BROKERS: 'h',
      GAVEL_WORKERS: '-1',
      GAVEL_ADMIN_KEY: 'short',
      GAVEL_SIGNING_KEY: 'short',
      GAVEL_TCF_VENDOR_ID: '0',
      GAVEL_TRUST_PROXY: 'true',
      GAVEL_PRIOR_CTR: '0',
      GAVEL_PRIOR_CVR: '1.5',
      GAVEL_TMAX_CAP_MS: '1e9',
      GAVEL_TMAX_MARGIN_MS: '1.5',
      GAVEL_GZIP_BIDS: 'yes',
      GAVEL_LOG_LEVEL: 'loud',
      GAVEL_BLOCKED_SELLERS: 'a b',
      GAVEL_RETENTION_SEEN_DAYS: '1',
      GAVEL_DEMO: '2',
    };
    const lines = messageOf(wrong).split('\n').slice(1);
    expect(lines.map((line) => line.trim().split(' ')[0]).sort()).toEqual(Object.keys(wrong).sort());
    expect(lines).toContain('  GAVEL_PORT must be a whole number from 1 to 65535 (it is "65536")');
  });

  test('never repeats a secret', () => {
    const message = messageOf({
      GAVEL_ADMIN_KEY: 'hunter2',
      GAVEL_SIGNING_KEY: 'hunter2',
      DATABASE_URL: 'my://hunter2',
      REDIS_URL: 'redis://:hunter2@h/x',
    });
    expect(message).toContain('GAVEL_ADMIN_KEY must have at least 16 characters');
    expect(message).not.toContain('hunter2');
  });

  test('refuses a database of a Redis Cluster, also beside another mistake', () => {
    const wrong = { REDIS_URL: 'redis://h/1', GAVEL_REDIS_CLUSTER: '1', GAVEL_DEMO: 'x' };
    expect(messageOf(wrong)).toContain('REDIS_URL names a database, and GAVEL_REDIS_CLUSTER is 1');
    expect(messageOf(wrong)).toContain('GAVEL_DEMO');
    expect(configOf({ REDIS_URL: 'redis://h/1' }).redisUrl).toBe('redis://h/1');
  });

  test('refuses a margin that leaves no time, also beside another mistake', () => {
    const wrong = { GAVEL_TMAX_CAP_MS: '50', GAVEL_TMAX_MARGIN_MS: '50', GAVEL_DEMO: 'x' };
    expect(messageOf(wrong)).toContain('GAVEL_TMAX_MARGIN_MS must be less than GAVEL_TMAX_CAP_MS');
    expect(messageOf(wrong)).toContain('GAVEL_DEMO');
  });
});

describe('the .env file', () => {
  test('is read where it exists, and does not override what is set', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'gavel-env-'));
    try {
      expect(portWithin(folder, {})).toBe('8080');
      writeFileSync(path.join(folder, '.env'), 'GAVEL_PORT=9001\n');
      expect(portWithin(folder, {})).toBe('9001');
      expect(portWithin(folder, { GAVEL_PORT: '9002' })).toBe('9002');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The port that a process of its own finds when it starts in `folder`. */
function portWithin(folder: string, environment: Record<string, string>): string {
  const module = new URL('./config.ts', import.meta.url).href;
  const script = `import { loadEnvFile, readConfig } from ${JSON.stringify(module)};
    loadEnvFile(); process.stdout.write(String(readConfig(process.env, 1).config.port));`;
  const tsx = import.meta.resolve('tsx');
  const ran = spawnSync(process.execPath, ['--import', tsx, '--input-type=module', '-e', script], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', ...environment },
    encoding: 'utf8',
  });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return ran.stdout;
}

test('.env.example lists every variable with its default and its meaning', () => {
  const example = readFileSync(new URL('../.env.example', import.meta.url), 'utf8');
  const expected = Object.entries(VARIABLES).map(([name, variable]) => {
    const means = 'fallbackMeans' in variable ? ` Default: ${variable.fallbackMeans}.` : '';
    return `# ${variable.meaning}${means}\n#${name}=${variable.fallback}\n`;
  });
  expect(example.split('\n\n').slice(1).join('\n\n')).toBe(expected.join('\n'));
});

describe('the README', () => {
  test('lists every variable with its default and its meaning', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replaceAll(/ +/g, ' ');
    for (const [name, variable] of Object.entries(VARIABLES)) {
      const fallback = 'fallbackMeans' in variable ? variable.fallbackMeans : `\`${variable.fallback}\``;
      expect(readme).toContain(`| \`${name}\` | ${fallback} | ${variable.meaning} |`);
    }
  });
});
