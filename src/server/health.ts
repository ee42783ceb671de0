/** GET /health, /health/live, /health/ready and /metrics: what orchestrators and Prometheus ask. */
import type { CapsState } from '../ledger/caps.ts';
import { fail } from './errors.ts';
import type { HttpAnswer, Route } from './http.ts';

export type CheckResult = 'up' | 'down' | 'embedded';

/** What is known of each. Nothing is asked when health is: the answer must come at once, also where a store hangs. */
export interface HealthChecks {
  readonly redis: () => CheckResult;
  readonly kafka: () => CheckResult;
  readonly postgres: () => CheckResult;
  /** Whether campaigns with frequency caps can bid. */
  readonly caps: () => CapsState;
  /** On the way to Redis; null without it. */
  readonly breaker: () => BreakerReport | null;
}

export interface BreakerReport {
  /** closed: calls are sent · open: none is, as too many failed · half-open: none is yet, Redis is asked whether it answers. */
  readonly state: 'closed' | 'half-open' | 'open';
  readonly failures: number;
  readonly openings: number;
}

/** Where the served index came from: the disk, until Postgres was there to bring it up to date. */
export type IndexReport =
  | { readonly source: 'postgres' }
  | { readonly source: 'disk'; readonly version: number; readonly savedAtMs: number };

export interface HealthEdges {
  readonly checks: HealthChecks;
  /** Money and events are kept, and events counted or shipped; changes are published. The log says what is not. */
  readonly isMoving: () => boolean;
  readonly reportIndex: () => IndexReport;
  /** The index is loaded and SIGTERM has not come. */
  readonly isReady: () => boolean;
  readonly renderMetrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** They change by the second. */
const NOT_STORED = { 'cache-control': 'no-store' } as const;

export function healthRoutes(edges: HealthEdges): readonly Route[] {
  return [
    { method: 'GET', pattern: '/health', name: 'health', handle: () => answerHealth(edges) },
    { method: 'GET', pattern: '/health/live', name: 'health_live', handle: () => ok({ status: 'ok' }) },
    {
      method: 'GET',
      pattern: '/health/ready',
      name: 'health_ready',
      handle: (request) =>
        edges.isReady()
          ? ok({ status: 'ready' })
          : fail(request, 'UNAVAILABLE', 'not ready: starting or stopping'),
    },
    {
      method: 'GET',
      pattern: '/metrics',
      name: 'metrics',
      async handle() {
        const { contentType, text } = await edges.renderMetrics();
        return { status: 200, headers: { 'content-type': contentType }, body: text };
      },
    },
  ];
}

/** Degraded is 200 too: a server whose stores are away still bids with what it holds. */
function answerHealth({ checks, isMoving, reportIndex }: HealthEdges): HttpAnswer {
  const results = { redis: checks.redis(), kafka: checks.kafka(), postgres: checks.postgres() };
  const caps = checks.caps();
  const isDegraded = Object.values(results).includes('down') || caps !== 'up' || !isMoving();
  const breaker = checks.breaker();
  return ok({
    status: isDegraded ? 'degraded' : 'ok',
    checks: results,
    ...(breaker === null ? {} : { breakers: { redis: breaker.state } }),
    caps,
    index: writeIndex(reportIndex()),
  });
}

function writeIndex(report: IndexReport): object {
  if (report.source === 'postgres') return report;
  const { source, version, savedAtMs } = report;
  return { source, version, savedAt: new Date(savedAtMs).toISOString() };
}

function ok(body: object): HttpAnswer {
  return { status: 200, headers: NOT_STORED, body: JSON.stringify(body) };
}
