/**
 * Structured logs: one JSON object a line on standard output, by pino. Lines are written before the call
 * returns, so that none is missing after an exit or a crash; there are few of them, none a request at info.
 */
import { pino, type DestinationStream } from 'pino';
import type { Log } from './http.ts';

const STANDARD_OUTPUT = 1;
/** What a full disk does not take is written once it does; later lines are dropped: some thousands of them. */
const MAX_UNWRITTEN_BYTES = 1_048_576;

/** pino's number. */
const WARN = 40;

/**
 * `destination` is for tests. An error under `err` is written with its type, message and stack in lines of level error,
 * which are about faults of ours; in others, which are about what stands outside, as a `reason` of one line.
 */
export function createLog(level: string, destination: DestinationStream = openLines(STANDARD_OUTPUT)): Log {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod(args, write, lineLevel) {
          write.apply(this, lineLevel > WARN ? args : withReason(args));
        },
      },
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

function withReason<T extends readonly unknown[]>(args: T): T {
  const [fields, ...rest] = args;
  if (typeof fields !== 'object' || fields === null || !('err' in fields)) return args;
  const { err, ...others } = fields;
  return [{ ...others, reason: reasonOf(err) }, ...rest] as unknown as T;
}

/** Where a name has several addresses, each has its own, and the whole says nothing. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
