/** A round in words. */
import type { Round } from './round.ts';
import type { Stage } from './stage.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** All of them stand in the file. */
const MOST_WRONGS_SHOWN = 20;
const NANOS_A_DOLLAR = 1e9;

export function describeRound(seed: number, round: Round): string {
  const { record, rows, openRows, failedStarts, sendingSec, drainingSec, spendNanos, wrongs } = round;
  const expectations = [...record.expectations.values()];
  const promised = expectations.filter(({ fate }) => fate === 'answered').length;
  const sec = sendingSec + drainingSec;
  const calls = [...record.answered].map(([kind, count]) => `${kind} ${String(count)}`).join(', ');
  const shown = wrongs.slice(0, MOST_WRONGS_SHOWN).map((wrong) => `  ${wrong}`);
  return [
    `seed ${String(seed)}: ${wrongs.length === 0 ? 'all holds' : `${String(wrongs.length)} things are wrong`}`,
    `  events answered ${String(promised)}; not answered ${String(expectations.length - promised)}, of which ${String(openRows)} are rows`,
    `  calls answered: ${calls}; never answered ${String(record.unanswered())}, refused ${String(record.refused())}`,
    `  rows ${String(rows)}, spend ${(spendNanos / NANOS_A_DOLLAR).toFixed(6)} USD`,
    `  sent in ${sendingSec.toFixed(1)} s, counted ${drainingSec.toFixed(1)} s later: ${(rows / sec).toFixed(0)} rows a second over all`,
    `  starts of the server that ended, as Postgres was killed under them, and were tried again: ${String(failedStarts.length)}`,
    ...shown,
    ...(wrongs.length > shown.length ? [`  and ${String(wrongs.length - shown.length)} more`] : []),
  ].join('\n');
}

/** The verdict, what happened when, what was sent, and the logs of all processes. */
export function keepEvidence(folder: string, seed: number, round: Round, stage: Stage): void {
  const evidence = join(folder, `seed-${String(seed)}`);
  mkdirSync(evidence, { recursive: true });
  const write = (name: string, lines: readonly string[]): void => {
    writeFileSync(join(evidence, name), `${lines.join('\n')}\n`);
  };
  write('verdict.txt', [describeRound(seed, round)]);
  write('wrong.txt', round.wrongs);
  write('timeline.txt', round.timeline);
  const { expectations, calls } = round.record;
  write(
    'expected.jsonl',
    [...expectations.values()].map((expectation) => JSON.stringify(expectation)),
  );
  write(
    'calls.jsonl',
    calls.map((call) => JSON.stringify(call)),
  );
  stage.keepLogs(evidence);
}
