import { describe, expect, test } from 'vitest';

import { sentenceOf } from './packages.ts';

const JAVA = { program: { name: 'java', debian: 'default-jre-headless' }, instead: 'KAFKA_BROKERS' } as const;
const MAVEN = { program: { name: 'mvn', debian: 'maven' }, instead: 'KAFKA_BROKERS' } as const;
const REDIS = { program: { name: 'redis-server', debian: 'redis-server' }, instead: 'REDIS_URL' } as const;

describe('what is missing and may not be installed', () => {
  test('is told with the command that installs it and the variable that spares one it', () => {
    expect(sentenceOf([REDIS], true)).toBe(
      'redis-server is not installed here: run as root `apt-get install redis-server`, ' +
        'or set REDIS_URL to what runs elsewhere.',
    );
  });

  test('is told in one sentence for all, each name once', () => {
    expect(sentenceOf([JAVA, MAVEN, REDIS, REDIS], true)).toBe(
      'java, mvn and redis-server are not installed here: run as root ' +
        '`apt-get install default-jre-headless maven redis-server`, ' +
        'or set KAFKA_BROKERS and REDIS_URL to what runs elsewhere.',
    );
  });

  test('is told without a command where there is no apt', () => {
    expect(sentenceOf([REDIS], false)).toBe(
      'redis-server is not installed here: install what is missing, or set REDIS_URL to what runs elsewhere.',
    );
  });
});
