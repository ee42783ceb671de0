/** The faults of a round: which, in which order, at which point of the stream; all from its seed. */
import { seededRandom, type SeededRandom } from '../../src/campaigns/seeded-random.ts';

export const FAULT_KINDS = [
  'server killed',
  'consumer killed',
  'consumer killed before its commit',
  'consumer killed inside a transaction',
  'consumer killed after its commit',
  'line cut before a commit',
  'line cut after a commit',
  'broker killed',
  'broker stopped',
  'Postgres killed',
  'Postgres stopped',
  'a process of Postgres killed',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** It begins once so many calls were sent. */
  readonly afterCalls: number;
  /** Faults of one target come one after another. */
  readonly target: string;
  /** What else is chosen about it. */
  readonly random: SeededRandom;
}

/** Nothing happens in the first and the last of the stream: the one is needed to begin, the other to go on. */
const EDGE = 0.05;
const SEEDS = 2 ** 32;

/** Each of the kinds as often as it is listed, and `more` of any. */
export function planFaults(
  random: SeededRandom,
  kinds: readonly FaultKind[],
  more: number,
  calls: number,
): readonly Fault[] {
  const chosen = [...kinds, ...Array.from({ length: more }, () => random.pick(kinds))];
  const faults = chosen.map((kind) => ({
    kind,
    afterCalls: Math.floor(calls * (EDGE + random.next() * (1 - 2 * EDGE))),
    target: targetOf(kind, random),
    random: seededRandom(random.integer(SEEDS)),
  }));
  return faults.sort((a, b) => a.afterCalls - b.afterCalls);
}

function targetOf(kind: FaultKind, random: SeededRandom): string {
  const [first = ''] = kind.split(' ');
  if (first === 'consumer' || first === 'line') return random.pick(['consumer 1', 'consumer 2']);
  return kind.includes('Postgres') ? 'Postgres' : first;
}
