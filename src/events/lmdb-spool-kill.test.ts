/** A process that appends is killed at any moment: what it was told to be kept is there, once, in its place. */
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { seededRandom } from '../campaigns/seeded-random.ts';
import { openTestReader, openTestSpool, readAll, spoolFolder } from './fixtures/spool-folder.ts';

const LIVES = 6;
/** From its first word on: time for some hundred commits. */
const LONGEST_LIFE_MS = 400;
const FIXTURE = new URL('fixtures/endless-spooler.ts', import.meta.url).pathname;

/** Returns the whole lines that the child printed until it was killed. */
async function runAndKill(args: readonly string[], lifeMs: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', FIXTURE, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let timer: NodeJS.Timeout | null = null;
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    output += text;
    timer ??= setTimeout(() => child.kill('SIGKILL'), lifeMs);
  });
  await new Promise((resolve) => child.on('close', resolve));
  return output.split('\n').slice(0, -1);
}

test.each([
  ['group', (Date.now() ^ 5) >>> 0],
  ['30', (Date.now() ^ 6) >>> 0],
])('kill -9 loses nothing that was answered, with sync %s (seed %i)', async (sync, seed) => {
  const random = seededRandom(seed);
  const folder = spoolFolder();
  /** By sequence: all that was ever told, and all that was ever read. */
  const told = new Map<number, string>();
  let acknowledged = 0;
  let lastSequence = 0;
  for (let life = 0; life < LIVES; life++) {
    const lines = await runAndKill([folder, sync, String(life)], random.integer(LONGEST_LIFE_MS));
    for (const line of lines) {
      const [word, sequence, text = ''] = line.split(' ');
      if (word === 'acknowledged') acknowledged = Number(sequence);
      if (word !== 'kept') continue;
      expect(told.has(Number(sequence))).toBe(false);
      told.set(Number(sequence), text);
    }

    const spool = await openTestSpool(folder, {}, []);
    const reader = openTestReader(spool);
    expect(reader.position).toBeGreaterThanOrEqual(acknowledged);
    const end = spool.figures().lastSequence;
    expect(end).toBeGreaterThanOrEqual(Math.max(lastSequence, ...told.keys()));
    if (end > reader.position) await reader.wait(end - 1);
    const records = await readAll(reader);
    expect(records.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: end - reader.position }, (_, index) => reader.position + index + 1),
    );
    const texts = records.map(({ record }) => Buffer.from(record).toString().replace(/\.*$/, ''));
    expect(new Set(texts).size).toBe(texts.length);
    records.forEach(({ sequence }, index) => {
      expect(texts[index]).toBe(told.get(sequence) ?? texts[index]);
    });
    lastSequence = end;
    await reader.close();
    await spool.close();
  }
  expect(told.size).toBeGreaterThan(LIVES);
});
