/** `replay --from TIME`: counts what came since then anew, from Kafka, into tables that take the place of the old ones. */
import { parseIsoTime } from './campaigns/schedule-validation.ts';
import type { Config } from './config.ts';
import { tellCount } from './counted.ts';
import { findRunningPostgres } from './database/postgres-embedded.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool } from './database/postgres-pool.ts';
import { openKafka } from './events/kafka-client.ts';
import { prefixNames } from './events/kafka-prefix.ts';
import type { Difference } from './events/postgres-replay-check.ts';
import type { ReplayOutcome, ReplayProgress } from './events/postgres-replay-settling.ts';
import { replay } from './events/postgres-replay.ts';
import { EVENT_TOPICS } from './events/topics.ts';

export const REPLAY_USAGE = 'replay --from TIME [--check]';

const CLIENT_ID = 'gavel-replay';
const MINUTE_MS = 60_000;
const DAY = /^\d{4}-\d\d-\d\d$/;

export interface ReplayArguments {
  readonly from: string | undefined;
  readonly check: boolean;
}

/** What to print; rejects with one sentence. `tell`: lines while it is under way. */
export async function runReplayCommand(
  config: Config,
  { from, check }: ReplayArguments,
  tell: (line: string) => void,
): Promise<string> {
  const nowMs = Date.now();
  const fromMs = readTime(from, nowMs);
  if (config.kafkaBrokers === null) {
    throw new Error(
      'replay: KAFKA_BROKERS is not set. Only Kafka keeps events that are counted; without it the spool deletes them, and there is nothing to count anew.',
    );
  }
  const url = config.databaseUrl ?? findRunningPostgres(config.dataDir);
  if (url === null) {
    throw new Error('replay: DATABASE_URL is not set, and no server runs on the data folder');
  }
  await migrate(url);
  const pool = openPool(url, () => undefined);
  const { kafkaPrefix: prefix } = config;
  const client = openKafka({
    brokers: config.kafkaBrokers,
    clientId: prefix + CLIENT_ID,
    onState: (state, reason) => {
      if (state === 'down') tell(`Kafka is down: ${reason}`);
    },
    onTrouble: (trouble) => tell(`Kafka: ${trouble}`),
  });
  const kafka = prefixNames(client, prefix);
  try {
    const outcome = await replay({
      kafka,
      pool,
      url,
      group: `${CLIENT_ID}-${crypto.randomUUID()}`,
      topics: EVENT_TOPICS,
      cut: { fromMs, nowMs, keptDays: config.retentionEventDays },
      seenDays: config.retentionSeenDays,
      mode: check ? 'check' : 'swap',
      onProgress: (progress) => tell(describeProgress(progress)),
    });
    return check ? describeCheck(outcome, fromMs) : describeSwap(outcome, fromMs);
  } finally {
    await kafka.close();
    await pool.end();
  }
}

/** A day, or a time with its zone: without one, two people mean two times. */
function readTime(from = '', nowMs: number): number {
  const ms = parseIsoTime(DAY.test(from) ? `${from}T00:00Z` : from);
  if (ms === null) {
    throw new Error(`usage: ${REPLAY_USAGE}, where TIME is as 2026-11-20 or 2026-11-20T08:30Z`);
  }
  if (ms > nowMs) throw new Error(`replay: ${new Date(ms).toISOString()} is yet to come`);
  return ms - (ms % MINUTE_MS);
}

function describeProgress({ processed, missing }: ReplayProgress): string {
  return `${String(processed)} events counted, about ${String(missing)} messages to go`;
}

function describeSwap({ processed, days }: ReplayOutcome, fromMs: number): string {
  return (
    `${String(processed)} events since ${new Date(fromMs).toISOString()} were counted anew. ` +
    `The tables were swapped for ${days.join(', ')}.\n`
  );
}

function describeCheck({ processed, days, differences }: ReplayOutcome, fromMs: number): string {
  return [
    `${String(processed)} events since ${new Date(fromMs).toISOString()} were counted anew, for ${days.join(', ')}.`,
    ...differences.map(describeDifference),
    'Nothing was changed.\n',
  ].join('\n');
}

function describeDifference({ table, going, coming, sums }: Difference): string {
  if (going + coming === 0) return `${table}: the same`;
  const changes = sums.map(({ name, before, after }) => `${name} ${before} → ${after}`);
  return `${table}: ${[`${tellCount(going, 'row')} go, ${String(coming)} come`, ...changes].join(', ')}`;
}
