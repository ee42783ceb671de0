/**
 * Structured logs: one JSON object a line on standard output, by pino. Lines are written before the call
 * returns, so that none is missing after an exit or a crash; there are few of them, none a request at info.
 */
import { pino, type DestinationStream } from 'pino';
import type { Log } from './http.ts';

const STANDARD_OUTPUT = 1;
/** What a full disk does not take is written once it does; later lines are dropped: some thousands of them. */
const MAX_UNWRITTEN_BYTES = 1_048_576;

/** `destination` is for tests. An error under `err` is written with its type, message and stack. */
export function createLog(level: string, destination: DestinationStream = openLines(STANDARD_OUTPUT)): Log {
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

/** Where lines go. One that can't be written must not end the process, as an error that nobody hears does. */
export function openLines(descriptor: number): DestinationStream {
  const lines = pino.destination({ dest: descriptor, sync: true, maxLength: MAX_UNWRITTEN_BYTES });
  lines.on('error', () => undefined);
  return lines;
}
