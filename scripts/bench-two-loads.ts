/** load against two servers at once, half of the rate for each: slices of some seconds, until they are told to end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONNECTIONS, runLoad, WARMING, type StepFigures } from './bench-open-loop.ts';
import { atEnd } from './bench-process.ts';
import { seededBodies } from './bench-requests.ts';
import type { BenchServer } from './bench-server.ts';

/** What load saw of each of the two servers in the same seconds. */
export type Slice = readonly [StepFigures, StepFigures];

export interface TwoLoads {
  warm(): Promise<void>;
  /** `perSecond` over both; `warmSec` before are not reported. */
  slice(perSecond: number, seconds: number, warmSec: number): Promise<Slice>;
  /** Slices from before `work` begins until it is done. */
  during<T>(
    perSecond: number,
    seconds: number,
    work: () => Promise<T>,
  ): Promise<{ readonly result: T; readonly slices: readonly Slice[] }>;
}

const BODIES = 400;
const BODIES_SEED = 20_261_121;
/** Of the first slice: `work` begins when both servers are under load. */
const BEFORE_WORK_SEC = 1;

export function openTwoLoads(load: string, servers: readonly [BenchServer, BenchServer]): TwoLoads {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-bench-load-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'bodies.jsonl');
  writeFileSync(file, `${seededBodies(BODIES, BODIES_SEED).join('\n')}\n`);
  const one = async ({ url, pid }: BenchServer, pace: readonly string[]): Promise<StepFigures> => {
    const order = ['run', '--url', url, '--pid', String(pid), '--bodies', file];
    const shape = ['--connections', String(CONNECTIONS), '--json', '-'];
    const [step] = await runLoad(load, [...order, ...shape, ...pace]);
    if (step === undefined) throw new Error('load ended without a step');
    return step;
  };
  const both = (pace: readonly string[]): Promise<Slice> =>
    Promise.all([one(servers[0], pace), one(servers[1], pace)]);
  const slice: TwoLoads['slice'] = (perSecond, seconds, warmSec) =>
    both([
      ...['--rate', String(perSecond / 2), '--for', `${seconds * 1_000}ms`],
      ...['--warm-up', `${warmSec * 1_000}ms`],
    ]);
  return {
    slice,
    async warm() {
      await both(WARMING);
    },
    async during(perSecond, seconds, work) {
      let isDone = false;
      const slices: Slice[] = [];
      const loading = (async () => {
        for (let warmSec = BEFORE_WORK_SEC; !isDone; warmSec = 0) {
          slices.push(await slice(perSecond, seconds, warmSec));
        }
      })();
      const begun = new Promise<void>((resolve) => setTimeout(resolve, BEFORE_WORK_SEC * 1_000));
      const result = await begun.then(work).finally(() => (isDone = true));
      await loading;
      return { result, slices };
    },
  };
}
