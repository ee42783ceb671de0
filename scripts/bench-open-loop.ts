/**
 * The open loop: native-bench/load asks at a rate of its own choosing, whatever the server does, and measures from the
 * time at which a request was due. First load's own limit on this machine, then the server on its embedded defaults.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { atEnd, callProgram, endProcess, startProgram } from './bench-process.ts';
import { startBare, startGavel, type BenchServer } from './bench-server.ts';

/** The programs of native-bench/, as paths. */
export interface NativePrograms {
  readonly load: string;
  readonly floor: string;
}

/** Of one rate; microseconds, from the time at which a request was due. native-bench/README.md has all fields. */
export interface StepFigures {
  /** null in a closed loop. */
  readonly intendedPerSecond: number | null;
  readonly achievedPerSecond: number;
  readonly seconds: number;
  readonly scheduled: number;
  readonly sent: number;
  readonly answered: number;
  readonly ok200: number;
  readonly noContent204: number;
  readonly other: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly latency: TimesFigures;
  readonly ownLateness: TimesFigures;
  /** Of load itself. */
  readonly cpu: { readonly corePercent: number };
  readonly engineCorePercent: number;
  readonly serverCpu: { readonly microsPerAnswer: number; readonly corePercent: number } | null;
  readonly othersCores: number;
  /** kept, server-behind or load-behind; null in a closed loop. */
  readonly verdict: string | null;
}

interface TimesFigures {
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly p999Micros: number;
  readonly maxMicros: number;
}

export interface OpenLoopRow extends StepFigures {
  readonly name: string;
}

/** Requests a second: a small exchange's, a middling one's, and what the product is made for. */
const RATES = [1_000, 5_000, 10_000] as const;
/** At which load has to be on time, to be believed at half of it. */
const GENERATOR_RATE = 20_000;
const STEP = '10s';
/** As fast as the server answers: two rounds of the optimising compiler, which a slow rate would leave half done. */
export const WARMING = ['--closed', '--for', '6s'];
export const CONNECTIONS = 64;
/**
 * Where cores are shared, load is woken late behind the server that it measures. An exchange has cores of its own: with
 * this load runs as soon as a request is due. For root alone, and told in the table where it is missing.
 */
const AHEAD_OF_OTHERS = ['chrt', '--reset-on-fork', '--fifo', '10'] as const;

/** How fast load is by itself, as fast as floor and bare uWebSockets.js answer, and how punctual. */
export async function measureGenerator(
  programs: NativePrograms,
  bodies: readonly string[],
  answerBytes: number,
): Promise<OpenLoopRow[]> {
  const closed = ['--closed', '--for', STEP];
  const open = ['--rate', String(GENERATOR_RATE), '--for', STEP];
  const bare = (): Promise<BenchServer> => startBare({ answerBytes, parses: false, spinMicros: 0 });
  const floor = (): Promise<BenchServer> => startFloor(programs.floor, answerBytes);
  return [
    ...(await measure(programs.load, 'floor, closed loop', floor, bodies, closed)),
    ...(await measure(programs.load, 'bare uWebSockets.js, closed loop', bare, bodies, closed)),
    ...(await measure(programs.load, 'floor', floor, bodies, open)),
    ...(await measure(programs.load, 'bare uWebSockets.js', bare, bodies, open)),
  ];
}

/** The bid path at each of the rates, as `npm start` serves it, and without workers. */
export async function measureOpenLoop(
  programs: NativePrograms,
  bodies: readonly string[],
  campaigns: number,
): Promise<OpenLoopRow[]> {
  const pace = ['--schedule', RATES.map((rate) => `${rate}:${STEP}`).join(',')];
  const at = (workers: 'defaults' | 0) => (): Promise<BenchServer> => startGavel(workers, campaigns);
  return [
    ...(await measure(programs.load, 'bid path, defaults', at('defaults'), bodies, pace)),
    ...(await measure(programs.load, 'bid path, GAVEL_WORKERS=0', at(0), bodies, pace)),
  ];
}

export function printOpenLoop(rows: readonly OpenLoopRow[], step = STEP): void {
  const priority = isAheadOfOthers() ? AHEAD_OF_OTHERS.join(' ') : 'no priority: run as root to give it one';
  console.log(`load (${priority}), ${CONNECTIONS} connections, ${step} a row`);
  console.log(
    '                                    asked/s  answered/s    p50 ms    p99 ms  p99.9 ms    max ms  late p99     p99.9      bids  verdict',
  );
  for (const row of rows) {
    const { latency, ownLateness } = row;
    // What load itself could not keep tells nothing of the server.
    const shown = (figure: string): string => (row.verdict === 'load-behind' ? '-' : figure);
    console.log(
      [
        row.name.padEnd(34),
        (row.intendedPerSecond ?? '-').toString().padStart(9),
        shown(row.achievedPerSecond.toFixed(0)).padStart(12),
        ...[latency.p50Micros, latency.p99Micros, latency.p999Micros, latency.maxMicros].map((micros) =>
          shown(millis(micros)).padStart(10),
        ),
        millis(ownLateness.p99Micros).padStart(10),
        millis(ownLateness.p999Micros).padStart(10),
        (row.name.startsWith('bid path') ? bidShare(row) : '-').padStart(10),
        `  ${row.verdict ?? '-'}`,
      ].join(''),
    );
  }
}

async function measure(
  load: string,
  name: string,
  start: () => Promise<BenchServer>,
  bodies: readonly string[],
  pace: readonly string[],
): Promise<OpenLoopRow[]> {
  process.stderr.write(`bench: open loop: ${name}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'gavel-bench-load-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  atEnd(remove);
  const file = join(folder, 'bodies.jsonl');
  writeFileSync(file, `${bodies.join('\n')}\n`);
  const server = await start();
  const order = ['run', '--url', server.url, '--pid', String(server.pid), '--bodies', file];
  const call = [...order, '--connections', String(CONNECTIONS), '--json', '-'];
  try {
    await runLoad(load, [...call, ...WARMING]);
    const steps = await runLoad(load, [...call, ...pace]);
    return steps.map((step) => ({ name, ...step }));
  } finally {
    await server.stop();
    remove();
  }
}

/** What load tells of a run as an exchange: of each kind of notice, and what the recount found. */
export interface ExchangeFigures {
  readonly notRecounted: number;
  readonly won: number;
  readonly lost: number;
  readonly silent: number;
  readonly notices: Readonly<
    Record<
      'win' | 'billing' | 'loss' | 'impression' | 'click',
      {
        readonly sent: number;
        readonly errors: number;
        readonly undelivered: number;
        readonly repeats: number;
      }
    >
  >;
  readonly recount: {
    readonly answers: number;
    readonly bids: number;
    readonly sums: {
      readonly billedImpressions: number;
      readonly billedNanos: number;
      readonly lateImpressions: number;
      readonly cappedImpressions: number;
    };
    readonly violations: { readonly total: number; readonly first: readonly object[] };
  };
}

export interface LoadReport {
  readonly steps: readonly StepFigures[];
  /** null where load was not told to be one. */
  readonly exchange: ExchangeFigures | null;
}

/** As `callLoad`: the figures of its steps. */
export async function runLoad(load: string, args: readonly string[]): Promise<readonly StepFigures[]> {
  return (await callLoad(load, args)).steps;
}

/** A call of load, ahead of other programs where that may be. */
export async function callLoad(load: string, args: readonly string[]): Promise<LoadReport> {
  const [program, ...ahead] = AHEAD_OF_OTHERS;
  const { output } = isAheadOfOthers()
    ? await callProgram(program, [...ahead, load, ...args])
    : await callProgram(load, args);
  // load ends with an error where it could not keep a rate itself; the row says so instead of its times.
  if (output === '') throw new Error('load ended without figures');
  const { steps, exchange = null } = JSON.parse(output) as Partial<LoadReport> & Pick<LoadReport, 'steps'>;
  return { steps, exchange };
}

function isAheadOfOthers(): boolean {
  const [file, ...args] = AHEAD_OF_OTHERS;
  return spawnSync(file, [...args, 'true'], { stdio: 'ignore' }).status === 0;
}

async function startFloor(program: string, answerBytes: number): Promise<BenchServer> {
  const child = startProgram(program, ['--answer-bytes', String(answerBytes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null || child.pid === undefined) throw new Error('floor does not start');
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { url: `http://127.0.0.1:${port}/openrtb2/bid`, pid: child.pid, stop: () => endProcess(child) };
}

function bidShare({ ok200, answered }: StepFigures): string {
  return answered === 0 ? '-' : `${((ok200 / answered) * 100).toFixed(1)} %`;
}

function millis(micros: number): string {
  return (micros / 1_000).toFixed(2);
}
