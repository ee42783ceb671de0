import { describe, expect, test } from 'vitest';
import { healthRoutes, type HealthEdges } from './health.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';

const UP: HealthEdges = {
  checks: {
    redis: () => 'embedded',
    kafka: () => 'embedded',
    postgres: () => 'up',
    caps: () => 'up',
    breaker: () => null,
  },
  isMoving: () => true,
  reportIndex: () => ({ source: 'postgres' }),
  isReady: () => true,
  renderMetrics: () =>
    Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'gavel_x_total 1\n' }),
};

const REQUEST: HttpRequest = {
  method: 'GET',
  path: '',
  query: '',
  requestId: 'r',
  traceId: '',
  header: () => '',
  clientAddress: () => '',
  body: Buffer.alloc(0),
  params: {},
};

async function ask(pattern: string, edges: HealthEdges): Promise<HttpAnswer> {
  const route = healthRoutes(edges).find((each) => each.pattern === pattern);
  return route!.handle(REQUEST);
}

function bodyOf(answer: HttpAnswer): unknown {
  return JSON.parse(String(answer.body));
}

describe('GET /health', () => {
  test('is degraded while events or changes stand still', async () => {
    const answer = await ask('/health', { ...UP, isMoving: () => false });
    expect(bodyOf(answer)).toMatchObject({ status: 'degraded' });
  });

  test.each(['away', 'rebuilding'] as const)('is degraded while frequency caps are %s', async (state) => {
    const answer = await ask('/health', { ...UP, checks: { ...UP.checks, caps: () => state } });
    expect(bodyOf(answer)).toMatchObject({ status: 'degraded', caps: state });
  });

  test('is ok while nothing is down', async () => {
    const answer = await ask('/health', UP);
    expect(answer.status).toBe(200);
    expect(bodyOf(answer)).toEqual({
      status: 'ok',
      checks: { redis: 'embedded', kafka: 'embedded', postgres: 'up' },
      caps: 'up',
      index: { source: 'postgres' },
    });
  });

  test.each(['redis', 'kafka', 'postgres'] as const)(
    'is degraded, and still 200, when %s is down',
    async (name) => {
      const answer = await ask('/health', { ...UP, checks: { ...UP.checks, [name]: () => 'down' } });
      expect(answer.status).toBe(200);
      expect(bodyOf(answer)).toEqual({
        status: 'degraded',
        checks: { redis: 'embedded', kafka: 'embedded', postgres: 'up', [name]: 'down' },
        caps: 'up',
        index: { source: 'postgres' },
      });
    },
  );
});

test('GET /health tells whether calls are sent to Redis, where there is one', async () => {
  const breaker = () => ({ state: 'half-open', failures: 5, openings: 1 }) as const;
  const answer = await ask('/health', { ...UP, checks: { ...UP.checks, breaker } });
  expect(bodyOf(answer)).toMatchObject({ breakers: { redis: 'half-open' } });
});

test('GET /health tells of an index that came from disk, as of when it is', async () => {
  const reportIndex = () => ({ source: 'disk', version: 7, savedAtMs: Date.UTC(2026, 10, 4) }) as const;
  expect(bodyOf(await ask('/health', { ...UP, reportIndex }))).toMatchObject({
    index: { source: 'disk', version: 7, savedAt: '2026-11-04T00:00:00.000Z' },
  });
});

test('GET /health/live answers as long as the process does', async () => {
  expect((await ask('/health/live', { ...UP, isReady: () => false })).status).toBe(200);
});

test('GET /health/ready is 503 until the index is loaded and once the server stops', async () => {
  expect((await ask('/health/ready', UP)).status).toBe(200);
  const answer = await ask('/health/ready', { ...UP, isReady: () => false });
  expect(answer.status).toBe(503);
  expect(bodyOf(answer)).toMatchObject({ error: 'UNAVAILABLE', requestId: 'r' });
});

test('GET /metrics hands out what is rendered, with its type', async () => {
  const answer = await ask('/metrics', UP);
  expect(answer).toMatchObject({ status: 200, body: 'gavel_x_total 1\n' });
  expect(answer.headers).toEqual({ 'content-type': 'text/plain; version=0.0.4' });
});
