/**
 * What the ledger costs a bid: three servers of the same campaigns, one with the embedded ledger, one over Redis with no
 * campaign capped, one over Redis with all of them capped. They take turns, so that what else the machine does hits all
 * alike, and the differences are those of one round. Then the capped one in an open loop.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Campaign } from '../src/campaigns/model.ts';
import { BUCKET_BOUNDS_SEC } from '../src/server/durations.ts';
import { inOwnDatabase } from './bench-database.ts';
import { startLedgerNode, seedLedgerCampaigns, type LedgerNode, type Metrics } from './bench-ledger-node.ts';
import { weighUsers, type MemoryRow } from './bench-ledger-memory.ts';
import type { BenchRedis } from './bench-ledger-redis.ts';
import { quantile } from './bench-matching.ts';
import { CONNECTIONS, runLoad, WARMING, type OpenLoopRow, type StepFigures } from './bench-open-loop.ts';
import { atEnd } from './bench-process.ts';
import { seededBodies } from './bench-requests.ts';
import { benchCampaigns } from './bench-server.ts';

export interface CostOrder {
  readonly databaseUrl: string;
  readonly redis: BenchRedis;
  readonly load: string;
  readonly rounds: number;
  readonly seconds: number;
  /** Names of what is being done, as it is begun. */
  readonly onProgress: (line: string) => void;
}

/** Medians over the rounds. */
export interface CostRow {
  readonly name: string;
  readonly requestsPerSec: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** All threads of the server. */
  readonly serverMicros: number;
  readonly redisMicros: number;
  /** What server and Redis take more than the first row's of the same round. */
  readonly moreMicros: number;
  /** Calls of scripts, and all commands with those within them. */
  readonly scripts: number;
  readonly commands: number;
  readonly okShare: number;
  readonly othersCores: number;
  readonly stage: StageFigures;
}

/** The stage `reserve` of /metrics, over all rounds. */
export interface StageFigures {
  readonly meanMicros: number;
  /** Within its bucket by a straight line, as Prometheus does; null: in the first bucket. */
  readonly p50Micros: number | null;
  readonly p99Micros: number | null;
  readonly firstBucketMicros: number;
}

export interface CostFigures {
  readonly rows: readonly CostRow[];
  readonly openLoop: readonly OpenLoopRow[];
  readonly memory: MemoryRow;
}

type TimedFigures = Omit<CostFigures, 'memory'>;

const CAMPAIGNS = 5_000;
const BODIES = 20_000;
const BODIES_SEED = 20_261_122;
/** So mild a law that at 10,000 requests/s the commonest user is met 16 times a second: one person in many places. */
const AUDIENCE = { users: 100_000, exponent: 0.5, expSec: 60 } as const;
const CAPS: Campaign['frequencyCaps'] = [
  { limit: 10, window: 'day' },
  { limit: 5, window: 'hour' },
];
/** What the turn of another server has left behind, slices that went back above all. */
const SETTLING = ['--closed', '--for', '1s', '--warm-up', '0ms'];
const OPEN_RATES = [5_000, 10_000] as const;
const STAGE = 'gavel_bid_stage_duration_seconds';

interface Contender {
  readonly name: string;
  readonly node: LedgerNode;
  readonly rounds: Round[];
  readonly before: Metrics;
}

interface Round {
  readonly step: StepFigures;
  readonly serverMicros: number;
  readonly redisMicros: number;
  readonly scripts: number;
  readonly commands: number;
}

export async function measureCost(order: CostOrder): Promise<CostFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-bench-bodies-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  atEnd(remove);
  const bodies = join(folder, 'bodies.jsonl');
  writeFileSync(bodies, `${seededBodies(BODIES, BODIES_SEED, AUDIENCE).join('\n')}\n`);
  const uncapped = benchCampaigns(CAMPAIGNS);
  const capped = uncapped.map((campaign) => ({ ...campaign, frequencyCaps: CAPS }));
  const { databaseUrl, redis } = order;
  try {
    const timed = await withNode(databaseUrl, 'embedded', uncapped, null, (embedded) =>
      withNode(databaseUrl, 'redis', uncapped, redis.url, (shared) =>
        withNode(databaseUrl, 'capped', capped, redis.url, (limited) =>
          measureByTurns(order, bodies, [
            ['embedded', embedded],
            ['Redis, no campaign capped', shared],
            ['Redis, every campaign capped', limited],
          ]),
        ),
      ),
    );
    return { ...timed, memory: await weighUsers(redis, 'after the rows above') };
  } finally {
    remove();
    await redis.empty();
  }
}

async function withNode<T>(
  serverUrl: string,
  name: string,
  campaigns: readonly Campaign[],
  redisUrl: string | null,
  work: (node: LedgerNode) => Promise<T>,
): Promise<T> {
  return inOwnDatabase(serverUrl, name, async (databaseUrl) => {
    await seedLedgerCampaigns(databaseUrl, campaigns);
    const node = await startLedgerNode({ databaseUrl, redisUrl, campaigns: campaigns.length });
    try {
      return await work(node);
    } finally {
      await node.stop();
    }
  });
}

async function measureByTurns(
  order: CostOrder,
  bodies: string,
  nodes: readonly (readonly [string, LedgerNode])[],
): Promise<TimedFigures> {
  const { load, rounds, seconds, redis, onProgress } = order;
  const contenders: Contender[] = [];
  for (const [name, node] of nodes) {
    onProgress(`${name}: warming up`);
    // What Postgres knows of a campaign is asked once, and not by its first bid.
    await node.readCampaigns();
    await runLoad(load, [...callOf(node, bodies), ...WARMING]);
    contenders.push({ name, node, rounds: [], before: await node.readMetrics() });
  }
  for (let round = 1; round <= rounds; round++) {
    onProgress(`what a bid costs: round ${round} of ${rounds}, ${seconds} s each`);
    for (const { node, rounds: done } of contenders) {
      const call = callOf(node, bodies);
      await runLoad(load, [...call, ...SETTLING]);
      done.push(await measureRound(redis, () => runLoad(load, [...call, ...closedFor(seconds)])));
    }
  }
  const first = contenders[0]?.rounds ?? [];
  const rows: CostRow[] = [];
  for (const contender of contenders) {
    rows.push(toRow(contender, first, stageFigures(contender.before, await contender.node.readMetrics())));
  }
  const last = contenders.at(-1);
  const openLoop = last === undefined ? [] : await measureOpen(order, bodies, last);
  return { rows, openLoop };
}

async function measureRound(redis: BenchRedis, fire: () => Promise<readonly StepFigures[]>): Promise<Round> {
  const before = await redis.read();
  const [step] = await fire();
  const after = await redis.read();
  if (step === undefined) throw new Error('load ended without a step');
  const each = (key: 'cpuMicros' | 'scripts' | 'commands'): number =>
    (after[key] - before[key]) / step.answered;
  return {
    step,
    serverMicros: step.serverCpu?.microsPerAnswer ?? 0,
    redisMicros: each('cpuMicros'),
    scripts: each('scripts'),
    commands: each('commands'),
  };
}

async function measureOpen(
  { load, seconds, onProgress }: CostOrder,
  bodies: string,
  { node }: Contender,
): Promise<readonly OpenLoopRow[]> {
  const name = 'bid path, Redis and caps';
  onProgress(`${name}: open loop`);
  const schedule = OPEN_RATES.map((rate) => `${rate}:${seconds * 1_000}ms`).join(',');
  const steps = await runLoad(load, [...callOf(node, bodies), '--schedule', schedule]);
  return steps.map((step) => ({ name, ...step }));
}

function callOf(node: LedgerNode, bodies: string): readonly string[] {
  const order = ['run', '--url', node.url, '--pid', String(node.pid), '--bodies', bodies];
  return [...order, '--connections', String(CONNECTIONS), '--json', '-'];
}

function closedFor(seconds: number): readonly string[] {
  return ['--closed', '--for', `${seconds * 1_000}ms`, '--warm-up', '0ms'];
}

function toRow({ name, rounds }: Contender, first: readonly Round[], stage: StageFigures): CostRow {
  const median = (of: (round: Round) => number): number => quantile(rounds.map(of), 0.5);
  const more = rounds.map((round, i) => costOf(round) - costOf(first[i] ?? round));
  return {
    name,
    requestsPerSec: median(({ step }) => step.achievedPerSecond),
    p50Ms: median(({ step }) => step.latency.p50Micros / 1_000),
    p99Ms: median(({ step }) => step.latency.p99Micros / 1_000),
    serverMicros: median(({ serverMicros }) => serverMicros),
    // Of the idle servers' talk with Redis alone, and not this row's.
    redisMicros: name === 'embedded' ? 0 : median(({ redisMicros }) => redisMicros),
    moreMicros: quantile(more, 0.5),
    scripts: name === 'embedded' ? 0 : median(({ scripts }) => scripts),
    commands: name === 'embedded' ? 0 : median(({ commands }) => commands),
    okShare: median(({ step }) => step.ok200 / step.answered),
    othersCores: median(({ step }) => step.othersCores),
    stage,
  };
}

/** The embedded ledger's round has Redis' idle talk in it: what is compared with it has as much. */
function costOf({ serverMicros, redisMicros }: Round): number {
  return serverMicros + redisMicros;
}

function stageFigures(before: Metrics, after: Metrics): StageFigures {
  const more = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const count = more(`${STAGE}_count{stage="reserve"}`);
  const upTo = BUCKET_BOUNDS_SEC.map((le) => more(`${STAGE}_bucket{le="${le}",stage="reserve"}`));
  const at = (share: number): number | null => {
    const wanted = share * count;
    const bucket = upTo.findIndex((sum) => sum >= wanted);
    const [low, high] = [BUCKET_BOUNDS_SEC[bucket - 1] ?? 0, BUCKET_BOUNDS_SEC[bucket] ?? Infinity];
    const [below, within] = [upTo[bucket - 1] ?? 0, upTo[bucket] ?? 0];
    return bucket === 0 ? null : (low + ((high - low) * (wanted - below)) / (within - below)) * 1e6;
  };
  return {
    meanMicros: (more(`${STAGE}_sum{stage="reserve"}`) / count) * 1e6,
    p50Micros: at(0.5),
    p99Micros: at(0.99),
    firstBucketMicros: (BUCKET_BOUNDS_SEC[0] ?? 0) * 1e6,
  };
}
