/** `topics` as people type it, with names that no other database has. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { ConfigResourceTypes } from 'kafkajs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { withAdmin } from './events/fixtures/kafka-bench.ts';
import { newDataDir, removeDataDir } from './fixtures/gavel-process.ts';
import { serviceUrl } from './fixtures/services.ts';

const BROKERS = serviceUrl('KAFKA_BROKERS');
const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const TOPICS = [
  'campaigns',
  'impressions',
  'clicks',
  'conversions',
  'wins',
  'billings',
  'losses',
  'auctions',
  'deadletters',
];

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function runTopics(environment: Readonly<Record<string, string>>): Promise<Ended> {
  const cwd = newDataDir();
  const env = { PATH: process.env.PATH, ...environment };
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [PROGRAM, 'topics'], { cwd, env })) };
  } catch (error) {
    return error as Ended;
  } finally {
    removeDataDir(cwd);
  }
}

it('makes each topic with its partitions and its days, says so, and leaves what is there', async () => {
  const prefix = `topics-${randomUUID()}.`;
  const environment = {
    KAFKA_BROKERS: BROKERS,
    GAVEL_KAFKA_PREFIX: prefix,
    GAVEL_KAFKA_REPLICATION: '1',
    GAVEL_KAFKA_RETENTION_DAYS: '3',
  };
  const told = (kind: string): string =>
    TOPICS.map((topic) => `${prefix}${topic}: ${kind}, with 12 partitions\n`).join('');
  expect(await runTopics(environment)).toMatchObject({ code: 0, stdout: told('made'), stderr: '' });
  expect(await runTopics(environment)).toMatchObject({ code: 0, stdout: told('there'), stderr: '' });
  await withAdmin(BROKERS, async (admin) => {
    const made = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    expect(made.sort()).toEqual(TOPICS.map((topic) => prefix + topic).sort());
    const settingsOf = async (topic: string): Promise<unknown> => {
      const { resources } = await admin.describeConfigs({
        resources: [
          {
            type: ConfigResourceTypes.TOPIC,
            name: prefix + topic,
            configNames: ['cleanup.policy', 'retention.ms'],
          },
        ],
        includeSynonyms: false,
      });
      const entries = resources[0]?.configEntries ?? [];
      return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]));
    };
    expect(await settingsOf('clicks')).toEqual({
      'cleanup.policy': 'delete',
      'retention.ms': String(3 * 86_400_000),
    });
    expect(await settingsOf('campaigns')).toMatchObject({ 'cleanup.policy': 'compact' });
    await admin.deleteTopics({ topics: made });
  });
});

it('says what is missing, or away, in one sentence', async () => {
  expect(await runTopics({})).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'gavel: topics: KAFKA_BROKERS is not set\n',
  });
  const away = await runTopics({ KAFKA_BROKERS: '127.0.0.1:1' });
  expect([away.code, away.stdout]).toEqual([1, '']);
  expect(away.stderr).toMatch(/^gavel: .*127\.0\.0\.1:1.*\n$/);
});
