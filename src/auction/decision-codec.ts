/**
 * A decision as bytes in shared memory: what a worker writes and the front thread reads. Little endian, packed,
 * in the order of decision.ts; no field is optional, so a decision is read as it was written.
 *
 *   invalid   u8 0 · text field · text message
 *   decided   u8 1 · u8 flags · u8 channel · u16 nbr · u16 imps · f64 currencyRate · f64 tmaxMs (NaN: null)
 *             · u16 whereabouts · text requestId · text currency · text userId · imp …
 *   imp       u16 nbr · u16 candidates · i32 resumeFrom · f64 expSec · f64 multiplier · text impId
 *             · text placementId · candidate …
 *   candidate u32 campaign · u32 ad · f64 priceMicros · f64 bidMicros · u32 width · u32 height · text dealId
 *   text      u32 (length × 2 + wide) · one byte a character (latin1), or two where wide (UTF-16)
 *
 * UTF-16 and not UTF-8, because an id that JSON escaped may hold half a surrogate pair and is echoed as it came.
 */
import { priceMicros } from '../money.ts';
import type { Nbr } from '../openrtb/codes.ts';
import type { Channel } from '../openrtb/request.ts';
import type { Candidate, Decided, Decision, ImpDecision } from './decision.ts';

/** The same bytes twice: `bytes` and `view` start at the same place. */
export interface SharedBytes {
  readonly view: DataView;
  readonly bytes: Buffer;
}

const KIND = { invalid: 0, decided: 1 } as const;
const FLAG = { test: 1, explain: 2 } as const;
const CHANNELS = ['none', 'site', 'app', 'dooh'] as const satisfies readonly Channel[];

const DECIDED_BYTES = 25;
const IMP_BYTES = 24;
const CANDIDATE_BYTES = 32;
const TEXT_HEADER_BYTES = 4;
const LATIN1_MAX = 0xff;

/** Writes `decision` from byte `at` on; returns the bytes written, or -1 where it would pass `end`. */
export function encodeDecision(decision: Decision, target: SharedBytes, at: number, end: number): number {
  const cursor = new Cursor(target, at, end);
  const fits = decision.kind === 'decided' ? writeDecided(cursor, decision) : writeInvalid(cursor, decision);
  return fits ? cursor.at - at : -1;
}

/** Reads the decision that starts at byte `at`. The bytes must be those of `encodeDecision`. */
export function decodeDecision(source: SharedBytes, at: number): Decision {
  const cursor = new Cursor(source, at, source.bytes.length);
  const kind = source.view.getUint8(cursor.advance(1));
  return kind === KIND.decided
    ? readDecided(cursor)
    : { kind: 'invalid', field: cursor.readText(), message: cursor.readText() };
}

function writeInvalid(
  cursor: Cursor,
  decision: { readonly field: string; readonly message: string },
): boolean {
  if (!cursor.hasRoom(1)) return false;
  cursor.view.setUint8(cursor.advance(1), KIND.invalid);
  return cursor.writeText(decision.field) && cursor.writeText(decision.message);
}

function writeDecided(cursor: Cursor, decision: Decided): boolean {
  if (!cursor.hasRoom(DECIDED_BYTES)) return false;
  const { view } = cursor;
  const at = cursor.advance(DECIDED_BYTES);
  view.setUint8(at, KIND.decided);
  view.setUint8(at + 1, (decision.test ? FLAG.test : 0) | (decision.explain ? FLAG.explain : 0));
  view.setUint8(at + 2, CHANNELS.indexOf(decision.channel));
  view.setUint16(at + 3, decision.nbr, true);
  view.setUint16(at + 5, decision.imps.length, true);
  view.setFloat64(at + 7, decision.currencyRate, true);
  view.setFloat64(at + 15, decision.tmaxMs ?? NaN, true);
  view.setUint16(at + 23, decision.whereabouts, true);
  if (!cursor.writeText(decision.requestId)) return false;
  if (!cursor.writeText(decision.currency) || !cursor.writeText(decision.userId)) return false;
  for (const imp of decision.imps) {
    if (!writeImp(cursor, imp)) return false;
  }
  return true;
}

function readDecided(cursor: Cursor): Decided {
  const { view } = cursor;
  const at = cursor.advance(DECIDED_BYTES - 1) - 1;
  const flags = view.getUint8(at + 1);
  const impCount = view.getUint16(at + 5, true);
  const tmaxMs = view.getFloat64(at + 15, true);
  const requestId = cursor.readText();
  const currency = cursor.readText();
  const userId = cursor.readText();
  const imps: ImpDecision[] = [];
  for (let i = 0; i < impCount; i++) imps.push(readImp(cursor));
  return {
    kind: 'decided',
    requestId,
    test: (flags & FLAG.test) !== 0,
    explain: (flags & FLAG.explain) !== 0,
    currency,
    currencyRate: view.getFloat64(at + 7, true),
    userId,
    whereabouts: view.getUint16(at + 23, true),
    channel: CHANNELS[view.getUint8(at + 2)] ?? 'none',
    tmaxMs: Number.isNaN(tmaxMs) ? null : tmaxMs,
    nbr: view.getUint16(at + 3, true) as Nbr,
    imps,
  };
}

function writeImp(cursor: Cursor, imp: ImpDecision): boolean {
  if (!cursor.hasRoom(IMP_BYTES)) return false;
  const { view } = cursor;
  const at = cursor.advance(IMP_BYTES);
  view.setUint16(at, imp.nbr, true);
  view.setUint16(at + 2, imp.shortlist.length, true);
  view.setInt32(at + 4, imp.resumeFrom, true);
  view.setFloat64(at + 8, imp.expSec, true);
  view.setFloat64(at + 16, imp.multiplier, true);
  if (!cursor.writeText(imp.impId) || !cursor.writeText(imp.placementId)) return false;
  for (const candidate of imp.shortlist) {
    if (!writeCandidate(cursor, candidate)) return false;
  }
  return true;
}

function readImp(cursor: Cursor): ImpDecision {
  const { view } = cursor;
  const at = cursor.advance(IMP_BYTES);
  const candidateCount = view.getUint16(at + 2, true);
  const impId = cursor.readText();
  const placementId = cursor.readText();
  const shortlist: Candidate[] = [];
  for (let i = 0; i < candidateCount; i++) shortlist.push(readCandidate(cursor));
  return {
    impId,
    placementId,
    nbr: view.getUint16(at, true) as Nbr,
    expSec: view.getFloat64(at + 8, true),
    multiplier: view.getFloat64(at + 16, true),
    shortlist,
    resumeFrom: view.getInt32(at + 4, true),
  };
}

function writeCandidate(cursor: Cursor, candidate: Candidate): boolean {
  if (!cursor.hasRoom(CANDIDATE_BYTES)) return false;
  const { view } = cursor;
  const at = cursor.advance(CANDIDATE_BYTES);
  view.setUint32(at, candidate.campaign, true);
  view.setUint32(at + 4, candidate.ad, true);
  view.setFloat64(at + 8, candidate.priceMicros, true);
  view.setFloat64(at + 16, candidate.bidMicros, true);
  view.setUint32(at + 24, candidate.width, true);
  view.setUint32(at + 28, candidate.height, true);
  return cursor.writeText(candidate.dealId);
}

function readCandidate(cursor: Cursor): Candidate {
  const { view } = cursor;
  const at = cursor.advance(CANDIDATE_BYTES);
  return {
    campaign: view.getUint32(at, true),
    ad: view.getUint32(at + 4, true),
    priceMicros: priceMicros(view.getFloat64(at + 8, true)),
    bidMicros: priceMicros(view.getFloat64(at + 16, true)),
    dealId: cursor.readText(),
    width: view.getUint32(at + 24, true),
    height: view.getUint32(at + 28, true),
  };
}

/** A place in the bytes that moves forward as they are written or read. */
class Cursor {
  readonly view: DataView;
  readonly #bytes: Buffer;
  readonly #end: number;
  at: number;

  constructor(shared: SharedBytes, at: number, end: number) {
    this.view = shared.view;
    this.#bytes = shared.bytes;
    this.at = at;
    this.#end = end;
  }

  hasRoom(bytes: number): boolean {
    return this.at + bytes <= this.#end;
  }

  /** Moves on by `bytes` and returns where it stood. */
  advance(bytes: number): number {
    const { at } = this;
    this.at += bytes;
    return at;
  }

  writeText(text: string): boolean {
    const { length } = text;
    const wide = isWide(text);
    if (!this.hasRoom(TEXT_HEADER_BYTES + (wide ? 2 * length : length))) return false;
    this.view.setUint32(this.advance(TEXT_HEADER_BYTES), length * 2 + (wide ? 1 : 0), true);
    // Ids are short: a loop costs less than a call into Buffer's native writers.
    if (wide) {
      for (let i = 0; i < length; i++) this.view.setUint16(this.advance(2), text.charCodeAt(i), true);
    } else {
      for (let i = 0; i < length; i++) this.view.setUint8(this.advance(1), text.charCodeAt(i));
    }
    return true;
  }

  readText(): string {
    const header = this.view.getUint32(this.advance(TEXT_HEADER_BYTES), true);
    if (header === 0) return '';
    const wide = (header & 1) === 1;
    const length = header >>> 1;
    const at = this.advance(wide ? 2 * length : length);
    return this.#bytes.toString(wide ? 'utf16le' : 'latin1', at, this.at);
  }
}

function isWide(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > LATIN1_MAX) return true;
  }
  return false;
}
