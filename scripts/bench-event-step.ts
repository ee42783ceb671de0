/**
 * One step of the bench of events: load posts them to the server, and all that it was told is kept is looked for among the
 * rows, one by one: none may be missing, none may be there twice. So every figure is one of committed rows.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventPath, PathCpu } from './bench-event-path.ts';
import { idsOfRun, numberOfEvent, writeEventBodies } from './bench-event-bodies.ts';
import { monotonicMicros, watchCommits, type SeenCommits } from './bench-event-watch.ts';
import { quantile } from './bench-matching.ts';
import { CONNECTIONS, runLoad, type StepFigures } from './bench-open-loop.ts';
import { atEnd } from './bench-process.ts';

export interface StepOrder {
  readonly name: string;
  /** Requests a second; null: as fast as the server answers. */
  readonly perSecond: number | null;
  readonly arrivals?: 'poisson' | 'constant';
  readonly seconds: number;
  /** Events a request. */
  readonly perBody: number;
  /** The consumer is stopped before, and started again once Kafka has all of them. */
  readonly consumer?: 'held back';
}

export interface EventStep extends StepOrder {
  readonly accepted: number;
  /** From the first answer to the last. */
  readonly acceptedPerSecond: number;
  /** Requests that were due, and not answered with 202. */
  readonly refusedRequests: number;
  /** From an answer to when its events can be seen in Postgres. */
  readonly lag: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  /** So much a lag may be too long. */
  readonly lagErrorMs: number;
  /** From the last answer until all is counted. */
  readonly drainMs: number;
  /** From the first commit to the last. */
  readonly countedPerSecond: number;
  /** Events a transaction, in the mean. */
  readonly perTransaction: number;
  /** An event, from the first answer until all is counted. */
  readonly cpuMicros: PathCpu;
  /** While load sent: cores that were busy, load's own share of them. */
  readonly cores: number;
  readonly loadCores: number;
  readonly load: StepFigures;
}

/** So many bodies are made for a closed loop: more than any server here answers; where they run out, the bench says so. */
const MOST_REQUESTS: Readonly<Record<'one' | 'many', number>> = { one: 40_000, many: 2_500 };
/** A Poisson law asks for more than its mean. */
const SPARE = 1.1;
const ASK_PAUSE_MS = 100;
/** What is not counted by then is lost, or the machine is out of all proportion. */
const DRAIN_LIMIT_MS = 180_000;
const ANSWER_LIMIT = '10s';

let runs = 0;

/** Resolves once all that was accepted is counted. */
export async function runEventStep(load: string, path: EventPath, order: StepOrder): Promise<EventStep> {
  const run = ++runs;
  const folder = mkdtempSync(join(tmpdir(), 'gavel-bench-step-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  atEnd(remove);
  const [bodiesFile, answersFile] = [join(folder, 'bodies'), join(folder, 'answers')];
  const bodies = countBodies(order);
  writeEventBodies(bodiesFile, { run, bodies, perBody: order.perBody, ads: path.ads.slice(0, 200) });
  if (order.consumer === 'held back') await path.stopConsumer();
  const countedBefore = await countSums(path);
  const watch = await watchCommits(path.databaseUrl);
  const before = readClock(path);
  const [figures] = await runLoad(load, [
    ...['run', '--url', `${path.origin}/events`, '--bodies', bodiesFile, '--any', '--answers', answersFile],
    ...['--connections', String(CONNECTIONS), '--timeout', ANSWER_LIMIT, '--warm-up', '0s', '--json', '-'],
    ...paceOf(order),
  ]);
  if (figures === undefined) throw new Error('load ended without a step');
  const sent = readClock(path);
  const answers = readAnswers(answersFile, order.perBody);
  if (figures.sent > bodies)
    throw new Error(`${order.name}: the server answers faster than bodies were made`);
  if (order.consumer === 'held back') {
    while ((await path.readMetric('gavel_spool_live_records')) > 0) await sleep(ASK_PAUSE_MS);
    path.startConsumer();
  }
  await untilCounted(path, countedBefore + answers.size);
  const after = readClock(path);
  const seen = await watch.stop();
  const judged = await judge(path, run, answers, seen);
  remove();
  const wallMicros = sent.micros - before.micros;
  return {
    ...order,
    ...judged,
    accepted: answers.size,
    refusedRequests: figures.scheduled - answers.size / order.perBody,
    lagErrorMs: seen.longestGapMs,
    cpuMicros: perEvent(before.cpu, after.cpu, answers.size),
    cores: (sent.cpu.machine - before.cpu.machine) / wallMicros,
    loadCores: figures.cpu.corePercent / 100,
    load: figures,
  };
}

function countBodies({ perSecond, perBody, seconds }: StepOrder): number {
  const most = MOST_REQUESTS[perBody === 1 ? 'one' : 'many'];
  return Math.ceil((perSecond ?? most) * seconds * (perSecond === null ? 1 : SPARE));
}

function paceOf({ perSecond, arrivals = 'poisson', seconds }: StepOrder): readonly string[] {
  const duration = ['--for', `${seconds * 1_000}ms`];
  if (perSecond === null) return ['--closed', ...duration];
  return ['--rate', String(perSecond), '--arrivals', arrivals, ...duration];
}

interface Clock {
  readonly micros: number;
  readonly cpu: PathCpu;
}

function readClock(path: EventPath): Clock {
  return { micros: monotonicMicros(), cpu: path.cpu() };
}

/** When each event was answered, by its number. */
function readAnswers(file: string, perBody: number): ReadonlyMap<number, number> {
  const answers = new Map<number, number>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const [place, micros] = line.split(' ').map(Number);
    for (let i = 0; i < perBody; i++) answers.set((place ?? 0) * perBody + i, micros ?? 0);
  }
  return answers;
}

/** Sums are committed together with their rows, and are a few hundred: asking for them takes nothing from whoever counts. */
async function countSums({ client }: EventPath): Promise<number> {
  const text = 'SELECT coalesce(sum(impressions + clicks + conversions), 0)::int AS events FROM ad_stats_day';
  const { rows } = await client.query<{ events: number }>(text);
  return rows[0]?.events ?? 0;
}

async function untilCounted(path: EventPath, events: number): Promise<void> {
  const deadlineMs = performance.now() + DRAIN_LIMIT_MS;
  for (;;) {
    const left = events - (await countSums(path));
    if (left <= 0) return;
    if (performance.now() > deadlineMs) throw new Error(`${left} events were accepted and are not counted`);
    await sleep(ASK_PAUSE_MS);
  }
}

type Judged = Pick<
  EventStep,
  'acceptedPerSecond' | 'lag' | 'drainMs' | 'countedPerSecond' | 'perTransaction'
>;

/** Each row against its answer. */
async function judge(
  path: EventPath,
  run: number,
  answers: ReadonlyMap<number, number>,
  seen: SeenCommits,
): Promise<Judged> {
  const { rows } = await path.client.query<{ id: string; xmin: string }>(
    `SELECT event_id AS id, xmin::text FROM events_log WHERE event_id BETWEEN $1 AND $2`,
    [...idsOfRun(run)],
  );
  const counted = new Map(rows.map(({ id, xmin }) => [numberOfEvent(id), Number(xmin)]));
  if (counted.size < rows.length) throw new Error(`${rows.length - counted.size} events were counted twice`);
  const lags: number[] = [];
  const visible: number[] = [];
  let [firstAnswer, lastAnswer] = [Infinity, 0];
  for (const [number, answeredMicros] of answers) {
    const xmin = counted.get(number);
    if (xmin === undefined) throw new Error(`event ${number} of run ${run} was accepted, and is lost`);
    const visibleMicros = seen.visibleMicros(xmin);
    lags.push((visibleMicros - answeredMicros) / 1_000);
    visible.push(visibleMicros);
    firstAnswer = Math.min(firstAnswer, answeredMicros);
    lastAnswer = Math.max(lastAnswer, answeredMicros);
  }
  const [first, last] = [quantile(visible, 0), quantile(visible, 1)];
  const later = visible.filter((micros) => micros > first).length;
  return {
    acceptedPerSecond: answers.size / ((lastAnswer - firstAnswer) / 1e6),
    lag: { p50Ms: quantile(lags, 0.5), p99Ms: quantile(lags, 0.99), maxMs: quantile(lags, 1) },
    drainMs: Math.max(0, last - lastAnswer) / 1_000,
    countedPerSecond: later === 0 ? 0 : later / ((last - first) / 1e6),
    perTransaction: rows.length / new Set(counted.values()).size,
  };
}

function perEvent(before: PathCpu, after: PathCpu, events: number): PathCpu {
  const each = (key: keyof PathCpu): number => (after[key] - before[key]) / events;
  return {
    server: each('server'),
    front: each('front'),
    spool: each('spool'),
    taking: each('taking'),
    consumer: each('consumer'),
    machine: each('machine'),
  };
}
