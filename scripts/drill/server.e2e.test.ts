import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { killOccupants } from '../../src/database/disk-postgres-folder.ts';
import { newDataDir, removeDataDir } from '../../src/fixtures/gavel-process.ts';
import { startServer, type DrillServer } from './server.ts';

let folder: string;
let server: DrillServer | null = null;

beforeEach(() => {
  folder = newDataDir();
});
afterEach(async () => {
  await server?.close();
  server = null;
  killOccupants(join(folder, 'data', 'postgres'));
  removeDataDir(folder);
});

it('an end that nobody asked for is told, one that was asked for is not', async () => {
  const ends: string[] = [];
  const started = await startServer(folder, {}, (sentence) => ends.push(sentence));
  server = started;
  await started.kill(0);
  expect(ends).toEqual([]);
  process.kill(Number.parseInt(readFileSync(lockFile(), 'utf8')), 'SIGKILL');
  await expect.poll(() => ends).toEqual(['the server ended by itself with a signal']);
  expect(started.takeFailedStarts()).toEqual([]);
});

it('a start that ended is tried again, and what it said is told once', async () => {
  const started = await startServer(folder, {}, () => {});
  server = started;
  // The folder seems to be in use by this process.
  writeFileSync(lockFile(), `${String(process.pid)} `);
  const restarted = started.kill(0);
  const said: string[] = [];
  await expect
    .poll(
      () => {
        said.push(...started.takeFailedStarts());
        return said.length;
      },
      { timeout: 30_000 },
    )
    .toBe(1);
  rmSync(lockFile());
  await restarted;
  expect(said[0]).toContain('is in use by process');
  expect(started.takeFailedStarts()).toEqual([]);
});

function lockFile(): string {
  return join(folder, 'data', 'gavel.pid');
}
