/** What is posted to /events: bodies for load, each event with an id that tells its run and its number. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { seededRandom } from '../src/campaigns/seeded-random.ts';

export interface BodiesOrder {
  /** Tells the ids of one step from those of all others. */
  readonly run: number;
  readonly bodies: number;
  /** Events a body: 1 is sent as an object, more as an array. */
  readonly perBody: number;
  readonly ads: readonly string[];
}

const CLICK_SHARE = 0.05;
const CONVERSION_SHARE = 0.01;
const USERS = 100_000;
const RUN_DIGITS = 3;
const NUMBER_DIGITS = 12;
const HEX = 16;

/** Looks like a UUID, as senders' ids mostly do; the ids of a run are in the order of their numbers. */
export function eventIdOf(run: number, number: number): string {
  const [runText, numberText] = [run.toString(HEX), number.toString(HEX)];
  return `9a7e1000-0000-4000-8${runText.padStart(RUN_DIGITS, '0')}-${numberText.padStart(NUMBER_DIGITS, '0')}`;
}

export function numberOfEvent(eventId: string): number {
  return parseInt(eventId.slice(-NUMBER_DIGITS), HEX);
}

/** Ids from the first to the last that a run may have. */
export function idsOfRun(run: number): readonly [string, string] {
  return [eventIdOf(run, 0), eventIdOf(run, HEX ** NUMBER_DIGITS - 1)];
}

/** One body a line; the events of body `n` are numbered from `n * perBody`. */
export function writeEventBodies(file: string, { run, bodies, perBody, ads }: BodiesOrder): void {
  const random = seededRandom(run);
  const descriptor = openSync(file, 'w');
  try {
    for (let body = 0; body < bodies; body++) {
      const events = Array.from({ length: perBody }, (_, i) => ({
        event_id: eventIdOf(run, body * perBody + i),
        type: chooseType(random.integer(100) / 100),
        ad_id: random.pick(ads),
        user_id: `user-${random.integer(USERS)}`,
      }));
      writeSync(descriptor, `${JSON.stringify(perBody === 1 ? events[0] : events)}\n`);
    }
  } finally {
    closeSync(descriptor);
  }
}

function chooseType(place: number): 'impression' | 'click' | 'conversion' {
  if (place < CONVERSION_SHARE) return 'conversion';
  return place < CONVERSION_SHARE + CLICK_SHARE ? 'click' : 'impression';
}
