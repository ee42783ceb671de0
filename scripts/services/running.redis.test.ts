/** The life of a service in a folder of its own, with a real Redis: started, reused, stopped, and nothing else. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Endpoints } from '../../src/fixtures/service-endpoints.ts';
import { serviceUrl } from '../../src/fixtures/services.ts';
import { COMPOSE_PORTS } from './compose.ts';
import type { Place } from './place.ts';
import { identify, isAlive, type ProcessIdentity } from './process.ts';
import { pingRedis } from './redis.ts';
import { ensureServices, envFile, readServices, releaseServices, stopServices } from './running.ts';
import { openNotebook } from './state.ts';

const PERSON = { kind: 'person' } as const;

let folder = '';
let said: string[] = [];
let bystander: ChildProcess;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-services-'));
  said = [];
  bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)']);
  await once(bystander, 'spawn');
});
afterEach(async () => {
  await stopServices(placeOf());
  bystander.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Without Docker, whose project is one for the whole machine. */
function placeOf(environment: Readonly<Record<string, string>> = {}): Place {
  return { folder, environment, docker: () => null, say: (line) => said.push(line) };
}

async function start(environment?: Readonly<Record<string, string>>): Promise<Endpoints> {
  return (await ensureServices(placeOf(environment), ['redis'], PERSON)).endpoints;
}

async function startForRun(identity: ProcessIdentity): Promise<string> {
  const { endpoints } = await ensureServices(placeOf(), ['redis'], { kind: 'run', identity });
  return endpoints.REDIS_URL ?? '';
}

function redisProcess(): ProcessIdentity | undefined {
  return openNotebook(folder).state().processes.redis;
}

function identityOf(child: ChildProcess): ProcessIdentity {
  return identify(child.pid ?? 0) ?? { pid: 0, startedAt: '' };
}

describe('a service', () => {
  test('is started, answers where the shell is told, and is started only once', async () => {
    const endpoints = await start();
    const first = redisProcess();
    await pingRedis(endpoints.REDIS_URL ?? '');
    expect(readFileSync(envFile(folder), 'utf8')).toContain(
      `export REDIS_URL='${endpoints.REDIS_URL ?? ''}'\n`,
    );
    expect(await start()).toEqual(endpoints);
    expect(redisProcess()).toEqual(first);
    expect(said.at(-1)).toBe('redis runs already');
  });

  test('is stopped, and nothing else is: not even what has its number by now', async () => {
    const { REDIS_URL = '' } = await start();
    const redis = redisProcess();
    await stopServices(placeOf());
    await expect(pingRedis(REDIS_URL)).rejects.toThrow('ECONNREFUSED');
    expect(redis !== undefined && isAlive(redis)).toBe(false);
    const stale = { pid: bystander.pid ?? 0, startedAt: 'before' };
    openNotebook(folder).change({ processes: { redis: stale } });
    await stopServices(placeOf());
    expect(bystander.exitCode).toBeNull();
    expect(bystander.signalCode).toBeNull();
    await pingRedis(serviceUrl('REDIS_URL'));
    expect(existsSync(envFile(folder))).toBe(false);
  });

  test('comes back at the same address after it was killed, and after a stop', async () => {
    const endpoints = await start();
    process.kill(redisProcess()!.pid, 'SIGKILL');
    await expect.poll(() => isAlive(redisProcess()!)).toBe(false);
    expect(await start()).toEqual(endpoints);
    await stopServices(placeOf());
    // What a shell took over from us names no other server.
    expect(await start({ REDIS_URL: endpoints.REDIS_URL ?? '' })).toEqual(endpoints);
  });

  test('keeps the management key for good, but for one that the environment names', async () => {
    const { adminKey } = await ensureServices(placeOf(), ['redis'], PERSON);
    expect(adminKey.length).toBeGreaterThanOrEqual(32);
    await stopServices(placeOf());
    expect((await readServices(placeOf())).adminKey).toBe(adminKey);
    expect((await readServices(placeOf({ GAVEL_ADMIN_KEY: 'mine' }))).adminKey).toBe('mine');
  });
});

describe('a start that goes wrong', () => {
  test('shows the end of the log', async () => {
    mkdirSync(join(folder, 'data', 'redis', 'appendonlydir'), { recursive: true });
    writeFileSync(join(folder, 'data', 'redis', 'appendonlydir', 'appendonly.aof.manifest'), 'damaged');
    await expect(start()).rejects.toThrow(
      /^redis ended while it started; its last words:\n(.*\n)*.*AOF MANIFEST FILE ERROR/,
    );
  });

  test('over a port that another program took takes another port', async () => {
    const { REDIS_URL = '' } = await start();
    await stopServices(placeOf());
    const squatter = createServer().listen(Number(new URL(REDIS_URL).port), '127.0.0.1');
    await once(squatter, 'listening');
    const moved = (await start()).REDIS_URL ?? '';
    squatter.close();
    expect(moved).not.toBe(REDIS_URL);
    await pingRedis(moved);
  });
});

describe('a service of the environment', () => {
  test('is used, and nothing is started', async () => {
    const url = serviceUrl('REDIS_URL');
    expect(await start({ REDIS_URL: url })).toEqual({ REDIS_URL: url });
    expect(redisProcess()).toBeUndefined();
  });

  test('is asked at the address of docker-compose.yml too where there is no Docker', async () => {
    const url = `redis://127.0.0.1:${String(COMPOSE_PORTS.redis)}`;
    const outcome = await start({ REDIS_URL: url }).catch((error: unknown) => (error as Error).message);
    if (typeof outcome === 'string')
      expect(outcome).toContain('REDIS_URL is set, but no redis answers there');
    else expect(outcome.REDIS_URL).toBe(url);
    expect(redisProcess()).toBeUndefined();
  });

  test('that does not answer is told in a sentence, and none is started in its place', async () => {
    await expect(start({ REDIS_URL: 'redis://127.0.0.1:1' })).rejects.toThrow(
      'REDIS_URL is set, but no redis answers there (connect ECONNREFUSED 127.0.0.1:1): ' +
        'start that server, or unset the variable to have one started here.',
    );
    expect(redisProcess()).toBeUndefined();
  });
});

describe('the services of a test run', () => {
  test('end with it', async () => {
    const url = await startForRun(identityOf(bystander));
    await releaseServices(placeOf(), identityOf(bystander));
    await expect(pingRedis(url)).rejects.toThrow('ECONNREFUSED');
  });

  test('stay where a person asked for them, before or meanwhile', async () => {
    const url = await startForRun(identityOf(bystander));
    await start();
    await releaseServices(placeOf(), identityOf(bystander));
    await pingRedis(url);
  });

  test('stay until the last run has ended, one that was killed aside', async () => {
    const own = identify(process.pid) ?? { pid: 0, startedAt: '' };
    const url = await startForRun({ pid: own.pid, startedAt: 'killed long ago' });
    await startForRun(identityOf(bystander));
    await startForRun(own);
    await releaseServices(placeOf(), own);
    await pingRedis(url);
    await releaseServices(placeOf(), identityOf(bystander));
    await expect(pingRedis(url)).rejects.toThrow('ECONNREFUSED');
  });
});
