/** A process that reserves and posts is killed at any moment; what it has told to be saved is there once. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { costNanos } from '../money.ts';
import { openDiskJournal } from './disk-journal.ts';
import { openLedger } from './embedded.ts';
import type { ReservedBid } from './ledger.ts';

const ROUNDS = 6;
/** The child starts within a second or so; then it is killed after at most this long. */
const LONGEST_LIFE_MS = 300;
const BUDGET_NANOS = 200_000;
const FIXTURE = new URL('fixtures/endless-poster.ts', import.meta.url).pathname;

/** Runs the child until it is killed; returns the bids whose posts it has told to be saved. */
async function runAndKill(folder: string): Promise<ReservedBid[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', FIXTURE, folder, BUDGET_NANOS.toString()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let timer: NodeJS.Timeout | null = null;
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    output += text;
    timer ??= setTimeout(() => child.kill('SIGKILL'), Math.random() * LONGEST_LIFE_MS);
  });
  await new Promise((resolve) => child.on('close', resolve));
  const whole = output.slice(0, output.lastIndexOf('\n')).split('\n');
  return whole.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as ReservedBid);
}

describe('kill -9', () => {
  it('neither loses nor doubles a post that was answered, and never lets the budget be passed', async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), 'gavel-kill-'));
    const answered = new Map<string, ReservedBid>();
    let bids = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (const bid of await runAndKill(folder)) {
        answered.set(`${bid.lease.toString()}:${bid.ordinal.toString()}`, bid);
        bids++;
      }
      const nowMs = Date.now();
      const ledger = openLedger({ journal: openDiskJournal(folder), nowMs });
      const spend = ledger.spend('c', nowMs);
      expect(spend.spentLifetimeNanos).toBeGreaterThanOrEqual(answered.size * 100);
      expect(spend.spentLifetimeNanos + spend.pendingNanos).toBeLessThanOrEqual(BUDGET_NANOS);
      for (const bid of answered.values())
        expect(await ledger.post(bid, costNanos(100), nowMs)).toBe('repeated');
      expect(ledger.spend('c', nowMs).spentLifetimeNanos).toBe(spend.spentLifetimeNanos);
      await ledger.close();
    }
    fs.rmSync(folder, { recursive: true });
    expect(bids).toBeGreaterThan(ROUNDS);
    expect(answered.size).toBe(bids);
  });
});
