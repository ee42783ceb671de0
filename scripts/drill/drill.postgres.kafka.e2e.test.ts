/**
 * One bounded round of `npm run drill`. The name asks for Postgres and Kafka so that both are installed; what is killed
 * here are others, of the drill's own.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FAULT_KINDS } from './fault.ts';
import { describeRound, keepEvidence } from './report.ts';
import { playRound } from './round.ts';
import { openAloneStage } from './stage-alone.ts';
import { openKafkaStage } from './stage-kafka.ts';
import type { Stage } from './stage.ts';

const SEED = Number(process.env.GAVEL_DRILL_SEED ?? Date.now() % 1_000_000);
/** A minute on two idle cores, most of it while killed consumers are waited for; this only ends what hangs. */
const LIMIT_MS = 600_000;
const MOST_SHOWN = 20;

let folder: string;
let stage: Stage | null = null;
let isKept = false;

beforeEach(() => {
  isKept = false;
  folder = mkdtempSync(join(tmpdir(), 'gavel-drill-'));
  // Postgres' own user walks through it.
  chmodSync(folder, 0o755);
});
afterEach(async () => {
  await stage?.close();
  stage = null;
  if (!isKept) rmSync(folder, { recursive: true, force: true });
}, LIMIT_MS);

/** What was wrong is kept; the sentences come first in what a failure shows. */
async function play(on: Stage, events: number): Promise<readonly string[]> {
  stage = on;
  const timeline: string[] = [];
  const round = await playRound(on, { seed: SEED, events, moreFaults: 0 }, (line) => timeline.push(line));
  console.log([describeRound(SEED, round), ...timeline].join('\n'));
  isKept = round.wrongs.length > 0;
  if (!isKept) return [];
  keepEvidence(folder, SEED, round, on);
  return [`evidence is kept in ${folder}`, ...round.wrongs.slice(0, MOST_SHOWN)];
}

describe('whatever is killed, each event that was answered is a row once, and sums are those of the rows', () => {
  it(`with Kafka and two consumers (GAVEL_DRILL_SEED=${String(SEED)})`, { timeout: LIMIT_MS }, async () => {
    const on = await openKafkaStage(folder, () => {});
    expect(new Set(on.kinds)).toEqual(new Set(FAULT_KINDS));
    expect(await play(on, 100_000)).toEqual([]);
  });

  it(`alone (GAVEL_DRILL_SEED=${String(SEED)})`, { timeout: LIMIT_MS }, async () => {
    expect(await play(await openAloneStage(folder), 30_000)).toEqual([]);
  });
});
