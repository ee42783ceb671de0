/**
 * Which services a test file needs, as its name says: x.redis.test.ts needs Redis, x.redis.kafka.test.ts that and
 * Kafka. Plain Node, as `npm test` asks before anything is installed.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './run.mjs';

/** @typedef {import('./services/catalog.ts').ServiceName} ServiceName */

/** What cuts the connections of a service's tests is needed wherever the service is. */
const FAULTS = /** @type {const} */ ('toxiproxy');

/** @type {Readonly<Record<string, readonly ServiceName[]>>} */
export const SUFFIXES = {
  postgres: ['postgres', FAULTS],
  replica: ['postgres', 'postgres-replica', FAULTS],
  redis: ['redis', FAULTS],
  cluster: ['redis-cluster', FAULTS],
  kafka: ['kafka', FAULTS],
  toxiproxy: [FAULTS],
  prometheus: ['prometheus'],
};

const TEST_FOLDERS = ['src', 'scripts'];

/**
 * @param {string} file
 * @returns {readonly ServiceName[]}
 */
export function servicesOf(file) {
  const parts = path.basename(file).split('.').slice(1);
  return [...new Set(parts.flatMap((part) => SUFFIXES[part] ?? []))];
}

/**
 * The services that GAVEL_TEST_WITHOUT names, with commas between. Throws one sentence where it may not, or names
 * none.
 *
 * @param {Readonly<Record<string, string | undefined>>} environment
 * @returns {readonly string[]}
 */
export function servicesLeftOut({ GAVEL_TEST_WITHOUT: list = '', CI: ci = '' }) {
  const names = list.split(',').filter((name) => name !== '');
  if (names.length === 0) return [];
  if (ci === 'true' || ci === '1') {
    throw new Error('GAVEL_TEST_WITHOUT leaves tests out, which CI must not do: unset it, or CI.');
  }
  const known = [...new Set(Object.values(SUFFIXES).flat())];
  const unknown = names.filter((name) => !known.some((service) => service === name));
  if (unknown.length === 0) return names;
  throw new Error(`GAVEL_TEST_WITHOUT names ${unknown.join(', ')}: it takes some of ${known.join(', ')}.`);
}

/**
 * The test files that need one of these services, relative to the project.
 *
 * @param {readonly string[]} services
 * @returns {string[]}
 */
export function testFilesNeeding(services) {
  return TEST_FOLDERS.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => path.posix.join(folder, name)),
  ).filter((file) => servicesOf(file).some((service) => services.includes(service)));
}
