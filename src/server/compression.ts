/** gzip, in and out: what is small at once, the rest off the front thread. */
import { gunzip, gunzipSync, gzip, gzipSync } from 'node:zlib';
import { MAX_BODY_BYTES, type HttpAnswer } from './http.ts';

/** Below it the gain is less than a packet (api.md). */
export const GZIP_MIN_BYTES = 1024;
/** Answers are gzipped while the client waits: the fastest level already gives most of the gain on JSON. */
const LEVEL = 1;
const COMPRESSIBLE = /^text\/|json|javascript|xml/;

export type Inflated =
  | { readonly kind: 'body'; readonly body: Buffer }
  | { readonly kind: 'tooLarge' }
  | { readonly kind: 'corrupt' };

/**
 * Up to here gzip is inflated at once: a bid request of 1.1 KB takes 10 µs of CPU that way and 30 µs by a thread
 * and back; the worst that fits, a bomb stopped at the limit, takes 0.1 ms.
 */
const INFLATED_NOW_BYTES = 8 * 1024;

/** Inflates `raw`, which must stay valid until `done`. zlib stops at the limit, so a bomb costs no more than that. */
export function inflate(raw: Buffer, done: (inflated: Inflated) => void): void {
  const options = { maxOutputLength: MAX_BODY_BYTES };
  if (raw.length > INFLATED_NOW_BYTES) {
    gunzip(raw, options, (error, body) => done(error === null ? { kind: 'body', body } : flawOf(error)));
  } else done(inflateNow(raw, options));
}

function inflateNow(raw: Buffer, options: { readonly maxOutputLength: number }): Inflated {
  try {
    return { kind: 'body', body: gunzipSync(raw, options) };
  } catch (error) {
    return flawOf(error);
  }
}

function flawOf(error: unknown): Inflated {
  const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
  return { kind: isTooLarge ? 'tooLarge' : 'corrupt' };
}

/** It is long enough, of a type that shrinks, and not encoded already. */
export function isWorthGzip(answer: HttpAnswer): boolean {
  const { body, headers } = answer;
  if (body === undefined || headers?.['content-encoding'] !== undefined) return false;
  if ((typeof body === 'string' ? Buffer.byteLength(body) : body.length) < GZIP_MIN_BYTES) return false;
  return COMPRESSIBLE.test(headers?.['content-type'] ?? 'application/json');
}

/** null: zlib could not (it is out of memory). */
export function gzipped(body: string | Buffer, done: (zipped: Buffer | null) => void): void {
  gzip(body, { level: LEVEL }, (error, zipped) => done(error === null ? zipped : null));
}

/** For bids: 1.2 KiB take less time here than the way to a thread and back. */
export function gzippedNow(body: string): Buffer {
  return gzipSync(body, { level: LEVEL });
}
