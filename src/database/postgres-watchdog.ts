/**
 * A process of its own between the server and PostgreSQL. It holds a pipe from the server: when that ends, however
 * the server died, PostgreSQL is shut down. It ends when PostgreSQL has ended, with its exit code.
 *
 *   node postgres-watchdog.js '{"program", "args", "cwd", "runAs", "removeAtEnd"}'
 */
import { spawn } from 'node:child_process';

import { killOccupants, removeFolder } from './disk-postgres-folder.ts';

export interface WatchdogOrder {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly runAs: { readonly uid: number; readonly gid: number } | null;
  /** A folder to remove when PostgreSQL has ended; null: none. */
  readonly removeAtEnd: string | null;
}

/**
 * A fast shutdown writes a checkpoint; what takes longer is ended without one and recovered at the next start,
 * which waits 15 s for the PostgreSQL of a server that was killed: both together are less.
 */
const FAST_SHUTDOWN_MS = 5_000;
const IMMEDIATE_SHUTDOWN_MS = 1_000;

const order = JSON.parse(process.argv[2] ?? '') as WatchdogOrder;

// Ctrl-C and a service manager signal the whole group: PostgreSQL ends after the server, never before it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

const postgres = spawn(order.program, order.args, {
  cwd: order.cwd,
  stdio: ['ignore', 'inherit', 'inherit'],
  ...(order.runAs ?? {}),
});
postgres.once('error', (error) => {
  process.stderr.write(`FATAL:  ${error.message}\n`);
  end(1);
});
postgres.once('exit', (code) => {
  end(code ?? 1);
});

let shuttingDown = false;
process.stdin.once('close', shutDown);
process.stdin.once('error', shutDown);
process.stdin.resume();

function shutDown(): void {
  if (shuttingDown) return;
  shuttingDown = true;
  postgres.kill('SIGINT');
  setTimeout(() => postgres.kill('SIGQUIT'), FAST_SHUTDOWN_MS);
  // Its children too: those that hang would not notice that it is gone.
  setTimeout(() => killOccupants(order.cwd), FAST_SHUTDOWN_MS + IMMEDIATE_SHUTDOWN_MS);
}

function end(code: number): void {
  if (order.removeAtEnd !== null) removeFolder(order.removeAtEnd);
  process.exit(code);
}
