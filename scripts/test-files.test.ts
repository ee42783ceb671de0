import { describe, expect, test } from 'vitest';

import { servicesLeftOut, servicesOf, testFilesNeeding } from './test-files.mjs';

describe('a test file’s name', () => {
  test('says which services it needs', () => {
    expect(servicesOf('src/targeting/match.test.ts')).toEqual([]);
    expect(servicesOf('src/database/redis-connection.redis.test.ts')).toEqual(['redis', 'toxiproxy']);
    expect(servicesOf('src/x.replica.test.ts')).toEqual(['postgres', 'postgres-replica', 'toxiproxy']);
    expect(servicesOf('src/serve.redis.kafka.e2e.test.ts')).toEqual(['redis', 'toxiproxy', 'kafka']);
  });

  test('asks for nothing by its first word or its folder', () => {
    expect(servicesOf('src/kafka.redis/kafka.test.ts')).toEqual([]);
  });
});

describe('GAVEL_TEST_WITHOUT', () => {
  test('leaves out the files that need one of its services', () => {
    const services = servicesLeftOut({ GAVEL_TEST_WITHOUT: 'kafka,redis-cluster' });
    expect(services).toEqual(['kafka', 'redis-cluster']);
    const files = testFilesNeeding(services);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(file).toMatch(/\.(kafka|cluster)\./);
  });

  test('leaves out nothing where it is not set', () => {
    expect(servicesLeftOut({ CI: 'true' })).toEqual([]);
    expect(testFilesNeeding([])).toEqual([]);
  });

  test('is refused in CI', () => {
    expect(() => servicesLeftOut({ GAVEL_TEST_WITHOUT: 'kafka', CI: 'true' })).toThrow(
      'GAVEL_TEST_WITHOUT leaves tests out, which CI must not do: unset it, or CI.',
    );
  });

  test('is refused with a name that is no service', () => {
    expect(() => servicesLeftOut({ GAVEL_TEST_WITHOUT: 'kafka,mysql' })).toThrow(
      'GAVEL_TEST_WITHOUT names mysql: it takes some of postgres, toxiproxy, postgres-replica, redis, ',
    );
  });
});
