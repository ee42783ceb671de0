/** What a thousand events a second cost the bids: seconds with them and seconds without take turns, on one server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventPath } from './bench-event-path.ts';
import { runEventStep } from './bench-event-step.ts';
import { quantile } from './bench-matching.ts';
import { CONNECTIONS, runLoad } from './bench-open-loop.ts';
import { atEnd } from './bench-process.ts';
import { seededBodies } from './bench-requests.ts';

export interface BidsBesideEvents {
  readonly eventsPerSecond: number;
  /** Medians, each as fast as the server answers. */
  readonly aloneBidsPerSecond: number;
  readonly besideBidsPerSecond: number;
  readonly ratio: number;
  readonly pairs: readonly { readonly alone: number; readonly beside: number }[];
}

export interface BidsOrder {
  readonly seconds: number;
  readonly pairs: number;
}

const EVENTS_PER_SECOND = 1_000;
const BODIES = 400;
const BODIES_SEED = 20_261_121;
/** Not counted: the server gets used to what is asked. */
const WARM_SEC = 1;
const FIRST_WARM_SEC = 6;

export async function measureBids(
  load: string,
  path: EventPath,
  { seconds, pairs }: BidsOrder,
): Promise<BidsBesideEvents> {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-bench-bids-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  atEnd(remove);
  const file = join(folder, 'bodies');
  writeFileSync(file, `${seededBodies(BODIES, BODIES_SEED).join('\n')}\n`);
  const bids = async (warmSec: number): Promise<number> => {
    const [step] = await runLoad(load, [
      ...['run', '--url', `${path.origin}/openrtb2/bid`, '--bodies', file, '--closed'],
      ...['--for', `${seconds * 1_000}ms`, '--warm-up', `${warmSec * 1_000}ms`],
      ...['--connections', String(CONNECTIONS), '--json', '-'],
    ]);
    if (step === undefined) throw new Error('load ended without a step');
    return (step.achievedPerSecond * step.ok200) / step.answered;
  };
  const beside = async (): Promise<number> => {
    const order = {
      name: 'beside bids',
      perSecond: EVENTS_PER_SECOND,
      seconds: seconds + WARM_SEC,
      perBody: 1,
    };
    const [perSecond] = await Promise.all([bids(WARM_SEC), runEventStep(load, path, order)]);
    return perSecond;
  };
  await bids(FIRST_WARM_SEC);
  const measured: { alone: number; beside: number }[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const alone = await bids(WARM_SEC);
    measured.push({ alone, beside: await beside() });
  }
  remove();
  const median = (of: 'alone' | 'beside'): number =>
    quantile(
      measured.map((pair) => pair[of]),
      0.5,
    );
  return {
    eventsPerSecond: EVENTS_PER_SECOND,
    aloneBidsPerSecond: median('alone'),
    besideBidsPerSecond: median('beside'),
    ratio: median('beside') / median('alone'),
    pairs: measured,
  };
}
