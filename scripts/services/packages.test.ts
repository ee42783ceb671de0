import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';

import { runApt, sentenceOf } from './packages.ts';

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

describe('apt', () => {
  /** Says what the real one says, with its exit code, the first time; then it goes through. */
  function aptThatSays(once: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'gavel-apt-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const script = join(folder, 'apt-get');
    writeFileSync(
      script,
      `#!/bin/sh\n[ -e ${folder}/asked ] && exit 0\ntouch ${folder}/asked\necho '${once}' >&2\nexit 100\n`,
    );
    chmodSync(script, 0o755);
    return script;
  }

  test('is asked again while another one holds a lock', async () => {
    const apt = aptThatSays(
      'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1 (apt-get)',
    );
    await runApt(apt, ['update'], ['redis-server']);
  });

  test('that fails otherwise is told with its words', async () => {
    await expect(runApt(aptThatSays('E: no space left'), ['update'], ['redis-server'])).rejects.toThrow(
      "apt-get can't install redis-server: E: no space left",
    );
  });
});
