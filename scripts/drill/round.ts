/** One round: the stream is sent, the faults strike meanwhile, all is waited for, and the rows are judged. */
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../src/campaigns/seeded-random.ts';
import type { Say } from '../services/words.ts';
import { planFaults, type Fault } from './fault.ts';
import { countAllRows, judge, type Judgement } from './judge.ts';
import { openRecord, type SendRecord } from './record.ts';
import { startSending, type Sending } from './sender.ts';
import type { Stage } from './stage.ts';
import { createTraces, makeStream } from './stream.ts';

export interface RoundOrder {
  readonly seed: number;
  /** Repeats of what was sent before among them. */
  readonly events: number;
  /** Faults besides one of each kind. */
  readonly moreFaults: number;
}

export interface Round extends Judgement {
  readonly record: SendRecord;
  /** What starts of the server said that ended by themselves, and were tried again. */
  readonly failedStarts: readonly string[];
  /** What happened when. */
  readonly timeline: readonly string[];
  readonly sendingSec: number;
  readonly drainingSec: number;
}

const LOOK_MS = 20;
const LOOK_AT_DRAINING_MS = 250;
/** A member that was killed holds its partitions for 10 s, and several in a row may be. */
const DRAIN_LIMIT_MS = 180_000;
/** The end of the stream is kept for the last fault. */
const HELD_BACK = 0.1;

export async function playRound(
  stage: Stage,
  { seed, events, moreFaults }: RoundOrder,
  say: Say,
): Promise<Round> {
  const random = seededRandom(seed);
  const record = openRecord();
  const nextTrace = createTraces(seed);
  const calls = makeStream({ random, seed, events, ads: stage.ads }, nextTrace);
  const faults = planFaults(random, stage.kinds, moreFaults, calls.length);
  const earlierRows = await countAllRows(await stage.databaseUrl());
  const startedMs = performance.now();
  const timeline: string[] = [];
  const tell: Say = (line) => {
    const told = `${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${line}`;
    timeline.push(told);
    say(told);
  };

  let limit = 0;
  const sending = startSending({
    ...{ calls, random, nextTrace, record },
    server: stage.server.url,
    limit: () => limit,
  });
  await Promise.all([sending.done, strike(stage, faults, sending, calls.length, (to) => (limit = to), tell)]);
  const sentMs = performance.now();
  tell(`all was sent: ${String(calls.length)} calls, and those that came again`);
  const isDrained = await untilDrained(stage);
  const drainedMs = performance.now();
  tell(isDrained ? 'all was counted' : 'not all is counted, and it takes too long');
  const judgement = await judge(await stage.databaseUrl(), seed, record, earlierRows);
  return {
    ...judgement,
    wrongs: [
      ...(isDrained ? [] : [`not all was counted within ${String(DRAIN_LIMIT_MS / 1000)} s`]),
      ...stage.takeUnasked(),
      ...judgement.wrongs,
    ],
    record,
    failedStarts: stage.server.takeFailedStarts(),
    timeline,
    sendingSec: (sentMs - startedMs) / 1000,
    drainingSec: (drainedMs - sentMs) / 1000,
  };
}

/** Each fault at its point of the stream, and after the last one of its target; those of several targets overlap. */
async function strike(
  stage: Stage,
  faults: readonly Fault[],
  sending: Sending,
  calls: number,
  moveLimit: (to: number) => void,
  tell: Say,
): Promise<void> {
  const struck = new Map<string, Promise<void>>();
  for (const fault of faults) {
    moveLimit(fault.afterCalls);
    while (sending.sent() < fault.afterCalls) await delay(LOOK_MS);
    await struck.get(fault.target);
    tell(`${fault.target}: ${fault.kind} (call ${String(sending.sent())})`);
    const over = stage.inflict(fault).then((what) => tell(`over: ${what}`));
    // It may fail long before it is waited for.
    over.catch(() => undefined);
    struck.set(fault.target, over);
  }
  moveLimit(calls * (1 - HELD_BACK));
  await Promise.all(struck.values());
  moveLimit(Infinity);
}

async function untilDrained(stage: Stage): Promise<boolean> {
  const deadlineMs = performance.now() + DRAIN_LIMIT_MS;
  while (performance.now() < deadlineMs) {
    if (await stage.isDrained().catch(() => false)) return true;
    await delay(LOOK_AT_DRAINING_MS);
  }
  return false;
}
