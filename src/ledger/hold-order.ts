/**
 * The imps of an order as holdShowing.lua takes them: text, because that is what a client sends quickest, of numbers in
 * five characters of 7 bits, the lowest first.
 *
 *   imp     expirySec  length of its choices  choice*
 *   choice  ad  1 caps, and where it has any: 22 key  untilSec  (1 window  startSec  limit)*
 */
import type { RedisReply } from '../database/redis-script.ts';
import type { CapAsk, CapChoice, ImpAnswer, ImpHold } from './caps.ts';

const NONE: ImpAnswer = { kind: 'none' };
const UNCAPPED = '\0';
/** An ask stands for all users of a campaign until its next window begins. */
const packed = new WeakMap<CapAsk, string>();

export function packImps(imps: readonly ImpHold[]): string {
  let text = '';
  for (const { expirySec, choices } of imps) {
    let body = '';
    for (const choice of choices) body += packChoice(choice);
    text += packNumber(expirySec) + packNumber(body.length) + body;
  }
  return text;
}

function packChoice({ ad, ask }: CapChoice): string {
  return packNumber(ad) + (ask === null ? UNCAPPED : packAsk(ask));
}

function packAsk(ask: CapAsk): string {
  const known = packed.get(ask);
  if (known !== undefined) return known;
  let text = String.fromCharCode(ask.limits.length) + ask.key + packNumber(ask.untilSec);
  for (const { window, startSec, limit } of ask.limits) {
    text += String.fromCharCode(window) + packNumber(startSec) + packNumber(limit);
  }
  packed.set(ask, text);
  return text;
}

/** A u32. */
function packNumber(value: number): string {
  return String.fromCharCode(
    value & 127,
    (value >>> 7) & 127,
    (value >>> 14) & 127,
    (value >>> 21) & 127,
    value >>> 28,
  );
}

/** What the script answers of the imp at this place. */
export function readImp(reply: readonly RedisReply[], place: number, nowMs: number): ImpAnswer {
  const [pick, atSec] = [Number(reply[2 + 2 * place]), Number(reply[3 + 2 * place])];
  if (pick > 0) return { kind: 'open', choice: pick - 1, atMs: Math.max(nowMs, atSec * 1000) };
  return pick < 0 ? { kind: 'capped', cap: -pick - 1 } : NONE;
}
