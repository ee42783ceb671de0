/** Request bodies as they arrive from uWebSockets.js: in chunks that are gone once their callback returns. */
import type { HttpResponse } from 'uWebSockets.js';
import { MAX_BODY_BYTES } from './http.ts';

export interface BodyReader {
  /** The whole body, valid only until it returns. */
  whole(body: Buffer): void;
  /** Called once, as soon as it is known; what still comes is read and dropped, so that the connection lives. */
  tooLarge(): void;
}

/** Reads the body of `res`. Neither method of `reader` may throw: uWebSockets.js would end the process. */
export function readBody(res: HttpResponse, reader: BodyReader): void {
  let earlier: Buffer[] | null = null;
  let bytes = 0;
  let refused = false;
  res.onData((chunk, isLast) => {
    if (refused) return;
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) {
      refused = true;
      earlier = null;
      reader.tooLarge();
    } else if (!isLast) {
      (earlier ??= []).push(Buffer.from(new Uint8Array(chunk)));
    } else if (earlier === null) {
      // The usual case: one chunk, used where it lies.
      reader.whole(Buffer.from(chunk));
    } else {
      earlier.push(Buffer.from(chunk));
      reader.whole(Buffer.concat(earlier, bytes));
    }
  });
}
