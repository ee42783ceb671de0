/**
 * Structured logs: one JSON object a line on standard output, by pino. Lines are written before the call
 * returns, so that none is missing after an exit or a crash; there are few of them, none a request at info.
 */
import { pino, type DestinationStream } from 'pino';
import type { Log } from './http.ts';

const STANDARD_OUTPUT = 1;

/** `destination` is for tests. An error under `err` is written with its type, message and stack. */
export function createLog(
  level: string,
  destination: DestinationStream = pino.destination({ dest: STANDARD_OUTPUT, sync: true }),
): Log {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // They are secrets wherever they stand.
      redact: ['authorization', '*.authorization'],
    },
    destination,
  );
}
