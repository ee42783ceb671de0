/** Sends a stream from several clients at once, again and again what may come again, and notes what is answered. */
import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../../src/campaigns/seeded-random.ts';
import type { Call } from './call.ts';
import { makeNotices } from './notices.ts';
import type { Answer, SendRecord } from './record.ts';

export interface SendOrder {
  readonly calls: readonly Call[];
  readonly random: SeededRandom;
  readonly nextTrace: () => string;
  readonly record: SendRecord;
  /** Where the server is; waits while there is none. */
  readonly server: () => Promise<string>;
  /** Calls of the stream that may be sent at full speed; what is beyond trickles, so that something comes all along. */
  readonly limit: () => number;
}

export interface Sending {
  /** Calls of the stream so far, repeats not among them. */
  readonly sent: () => number;
  readonly done: Promise<void>;
}

const CLIENTS = 16;
const TRICKLE_MS = 1_000;
/** A server that is alive answers in milliseconds, whatever is away behind it. */
const ANSWER_LIMIT_MS = 30_000;
/** A call that was answered comes again, for no reason. */
const AGAIN_AFTER_ANSWER = 0.08;
/** A call that was not answered comes again, as good clients do; the others are never heard of again. */
const AGAIN_AFTER_SILENCE = 0.7;
/** Of the next calls, so many are ones that come again. */
const SHARE_OF_REPEATS = 0.2;

export function startSending(order: SendOrder): Sending {
  const { calls, random, record, server, limit } = order;
  const again: Call[] = [];
  let sent = 0;

  function next(): Call | null {
    if (again.length > 0 && (sent === calls.length || random.chance(SHARE_OF_REPEATS))) {
      return again.splice(random.integer(again.length), 1)[0] ?? null;
    }
    const call = calls[sent] ?? null;
    if (call !== null) sent += 1;
    return call;
  }

  async function client(): Promise<void> {
    for (;;) {
      const url = await server();
      const call = next();
      if (call === null) return;
      record.sends(call);
      const sentAtMs = Date.now();
      const answer = await ask(url, call);
      record.hears(call, answer, sentAtMs);
      if (call.kind === 'bid' && answer?.status === 200) {
        again.push(...makeNotices(answer.text, random, order.nextTrace));
      }
      const isAnswered = answer !== null && answer.status < 300;
      if (call.isRepeatable && random.chance(isAnswered ? AGAIN_AFTER_ANSWER : AGAIN_AFTER_SILENCE)) {
        again.push(call);
      }
      if (sent > limit()) await delay(TRICKLE_MS);
    }
  }

  const done = Promise.all(Array.from({ length: CLIENTS }, client)).then(() => undefined);
  return { sent: () => sent, done };
}

async function ask(url: string, { method, path, body, traceId }: Call): Promise<Answer | null> {
  const traceparent = traceId === '' ? {} : { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  try {
    const response = await fetch(url + path, {
      method,
      body,
      headers: traceparent,
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return null;
  }
}
