/** Kafka: one broker without ZooKeeper (KRaft), run by Java from jars that Maven fetches (kafka-pom.xml). */
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Kafka, logLevel } from 'kafkajs';

import type { Service } from './catalog.ts';
import type { PortOf } from './ports.ts';
import { programPath, runProgram } from './program.ts';
import { withHeartbeat } from './words.ts';
import type { Workshop } from './workshop.ts';

/** As in kafka-pom.xml. */
export const KAFKA_VERSION = '4.4.0';
const JARS = `kafka-${KAFKA_VERSION}`;
const JAVA = { name: 'java', debian: 'default-jre-headless' };
const MAVEN = { name: 'mvn', debian: 'maven' };
const POM = fileURLToPath(new URL('kafka-pom.xml', import.meta.url));
/** A folder belongs to a cluster, and this is ours: any 16 bytes as base64url. */
const CLUSTER_ID = 'Z2F2ZWwtc2VydmljZXMtMQ';
/** A broker that starts answers late rather than not at all. */
const PROBE_LIMIT_MS = 3_000;

export const kafka: Service = {
  endpoint: 'KAFKA_BROKERS',
  needs: [],
  processes: ['kafka'],
  ports: ['kafka', 'kafka-controller', 'kafka-behind-proxy', 'proxy-kafka'],
  programs: (isCached) => (isCached(JARS) ? [JAVA] : [JAVA, MAVEN]),
  // 3 s on an idle machine, many times that where tests keep every core busy.
  readyWithinMs: 120_000,
  url: (portOf) => `127.0.0.1:${String(portOf('kafka'))}`,
  probe: askForMetadata,
  start: startKafka,
};

async function startKafka(workshop: Workshop): Promise<void> {
  if (workshop.isRunning('kafka')) return;
  const jars = await workshop.cached(JARS, (unfinished) => fetchJars(workshop, unfinished));
  const folder = workshop.dataFolder('kafka');
  const settings = join(folder, 'server.properties');
  writeFileSync(settings, settingsText(workshop.portOf, join(folder, 'log')));
  const java = programPath(JAVA);
  const classes = ['-cp', join(jars, '*')];
  if (!existsSync(join(folder, 'log', 'meta.properties'))) {
    await runProgram(
      java,
      ['-Xmx128m', ...classes, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', settings],
      { cwd: folder },
    );
  }
  await workshop.launch('kafka', {
    program: java,
    args: [
      // A small heap, and a start that does not wait for the optimising compiler.
      ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      ...[...classes, 'kafka.Kafka', settings],
    ],
    cwd: folder,
  });
}

/** By way of the proxy a client is sent back to the proxy: hence a listener of its own for it. */
export function settingsText(portOf: PortOf, logFolder: string): string {
  const at = (name: Parameters<PortOf>[0]): string => `127.0.0.1:${String(portOf(name))}`;
  const settings: Readonly<Record<string, string | number>> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${at('kafka-controller')}`,
    listeners: `DIRECT://${at('kafka')},PROXIED://${at('kafka-behind-proxy')},CONTROLLER://${at('kafka-controller')}`,
    'advertised.listeners': `DIRECT://${at('kafka')},PROXIED://${at('proxy-kafka')}`,
    ...BROKER_SETTINGS,
    'log.dirs': logFolder,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${String(value)}\n`)
    .join('');
}

/** What the broker of docker-compose.yml is given too. */
export const BROKER_SETTINGS = {
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'DIRECT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'DIRECT',
  // One broker holds everything once.
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'share.coordinator.state.topic.num.partitions': 1,
  'auto.create.topics.enable': 'false',
  'group.initial.rebalance.delay.ms': 0,
  // The default, 128 MB, does not fit into the small heap.
  'log.cleaner.dedupe.buffer.size': 4_194_304,
  // A broker that was killed opens its port again only once its old session has ended.
  'broker.session.timeout.ms': 1_500,
  'broker.heartbeat.interval.ms': 300,
} as const;

/** From a repository that is removed again: the user's own may be missing or read-only. */
async function fetchJars(workshop: Workshop, unfinished: string): Promise<void> {
  const work = join(unfinished, 'maven');
  cpSync(POM, join(work, 'pom.xml'));
  await withHeartbeat(workshop.say, `fetching Kafka ${KAFKA_VERSION}`, () =>
    runProgram(
      programPath(MAVEN),
      [
        '-B',
        '-q',
        `-Dmaven.repo.local=${join(work, 'repository')}`,
        `-DoutputDirectory=${unfinished}`,
      ].concat('dependency:copy-dependencies'),
      { cwd: work },
    ).catch((error: unknown) => {
      throw new Error(
        `Maven can't fetch Kafka (set KAFKA_BROKERS to a broker that runs to do without): ${(error as Error).message}`,
      );
    }),
  );
  await rm(work, { recursive: true });
}

async function askForMetadata(brokers: string): Promise<void> {
  const client = new Kafka({
    clientId: 'gavel-services',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: PROBE_LIMIT_MS,
    requestTimeout: PROBE_LIMIT_MS,
    retry: { retries: 0 },
  });
  const admin = client.admin();
  try {
    await admin.connect();
    const { brokers: members } = await admin.describeCluster();
    if (members.length === 0) throw new Error('the cluster has no broker yet');
  } finally {
    await admin.disconnect();
  }
}
