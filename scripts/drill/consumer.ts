/** A consumer as its users start it, behind a gate to Postgres, and started anew whenever it was killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../run.mjs';
import { openGate, type Gate } from './gate.ts';

export interface ConsumerOrder {
  readonly name: string;
  readonly databaseUrl: string;
  readonly brokers: string;
  /** For its log and its data. */
  readonly folder: string;
  /** It ended, and nobody had asked it to. */
  readonly onEnd: (sentence: string) => void;
}

export interface Consumer {
  readonly gate: Gate;
  readonly start: () => void;
  /** At once: the signal is sent when this returns. */
  readonly kill: () => void;
  readonly close: () => Promise<void>;
}

export async function openConsumer(order: ConsumerOrder): Promise<Consumer> {
  const url = new URL(order.databaseUrl);
  const gate = await openGate(Number(url.port));
  url.port = String(gate.port);
  const log = openSync(join(order.folder, `${order.name}.log`), 'a');
  let child: ChildProcess | null = null;
  const kill = (): void => {
    const last = child;
    child = null;
    last?.kill('SIGKILL');
  };
  return {
    gate,
    start() {
      const started = spawn(process.execPath, [join(ROOT, 'dist/main.js'), 'consume'], {
        cwd: order.folder,
        env: {
          PATH: process.env.PATH,
          DATABASE_URL: url.href,
          KAFKA_BROKERS: order.brokers,
          GAVEL_DATA_DIR: join(order.folder, order.name),
        },
        stdio: ['ignore', log, log],
      });
      child = started;
      started.once('exit', (code) => {
        if (child === started) order.onEnd(`${order.name} ended by itself with ${code ?? 'a signal'}`);
      });
    },
    kill,
    async close() {
      const last = child;
      kill();
      if (last !== null && last.exitCode === null && last.signalCode === null) await once(last, 'exit');
      gate.close();
      closeSync(log);
    },
  };
}
