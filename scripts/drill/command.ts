/** `npm run drill`: rounds of faults over a stream of events, each from a seed of its own. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sayOnStderr } from '../services/words.ts';
import { readOrder, type Order } from './order.ts';
import { describeRound, keepEvidence } from './report.ts';
import { playRound } from './round.ts';
import { openAloneStage } from './stage-alone.ts';
import { openKafkaStage } from './stage-kafka.ts';

const MINUTE_MS = 60_000;
/** Of any kind, besides each once. */
const MORE_FAULTS = 4;
const ANY_SEED_BELOW = 1_000_000;
/** Postgres' own user walks through it. */
const WALKABLE = 0o755;

const order = readOrder(process.argv.slice(2), Date.now() % ANY_SEED_BELOW);
if (order.kind === 'refused') {
  sayOnStderr(order.reason);
  process.exitCode = 1;
} else {
  process.exitCode = await obey(order);
}

async function obey({
  seed,
  events,
  isAlone,
  rounds,
  minutes,
}: Extract<Order, { kind: 'drill' }>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-drill-'));
  chmodSync(folder, WALKABLE);
  sayOnStderr(`seed ${String(seed)}, in ${folder}`);
  const stage = await (isAlone ? openAloneStage(folder) : openKafkaStage(folder, sayOnStderr));
  const stop = (): void => {
    void stage.close().finally(() => process.exit(1));
  };
  // A shell tells the server and the consumers as well: there is nothing left to judge.
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const untilMs = minutes === null ? Infinity : Date.now() + minutes * MINUTE_MS;
  const terms = { events, moreFaults: MORE_FAULTS };
  let isSound = true;
  try {
    for (let played = 0; isSound && played < (rounds ?? Infinity) && Date.now() < untilMs; played++) {
      const round = await playRound(stage, { ...terms, seed: seed + played }, sayOnStderr);
      process.stdout.write(`${describeRound(seed + played, round)}\n`);
      isSound = round.wrongs.length === 0;
      if (!isSound) keepEvidence(folder, seed + played, round, stage);
    }
  } finally {
    await stage.close();
  }
  if (isSound) rmSync(folder, { recursive: true, force: true });
  else sayOnStderr(`the data, the logs and what was sent are kept in ${folder}`);
  return isSound ? 0 : 1;
}
