/**
 * The bytes of the journal's entries. Little-endian:
 *
 *   terms       1  u8 model  f64 daily  f64 lifetime (-1: none)  f64 unit  str timezone  str campaignId  u8 mode
 *   lease       2  u48 lease  i32 day  u8 model  str campaignId  u32 share
 *   slice       3  u48 lease  f64 amount  u32 lastExpirySec  f64 atMs
 *   unused      4  u48 lease  f64 amount
 *   post        5  u48 lease  u32 ordinal  f64 amount  f64 released
 *   void        6  u48 lease  u32 ordinal  f64 released
 *   win         7  u48 lease  u32 ordinal  u8 isLate
 *   click       8  u48 lease  u32 ordinal  i32 day  f64 amount
 *   conversion  9  u48 lease  u32 ordinal  i32 day  f64 amount
 *   expire     10  u48 lease  u32 expirySec  f64 released
 *   kept       11  u48 lease  i32 day  u8 model  u32 lastExpirySec  u32 longestSec  u32 expiredThroughSec
 *                  f64 outstanding  per mark: u32 words, that many u32;  str campaignId  u32 share
 *   account    12  f64 posted  u32 days, each: i32 day  f64 posted;  str campaignId
 *   retract    13  u48 lease  u32 ordinal  f64 amount
 *   str            u32 length, UTF-8
 *
 * A journal of before there were modes has none at the ends of the three: it is strict, its shares are whole.
 *
 * An f64 holds every amount exactly: they are integers up to 2^53 - 1. The version of terms and their
 * pacing are not written: they are of this run, and any that come after a restart are newer than what is read back.
 */
import type { BidModel, BudgetMode } from '../campaigns/model.ts';
import { costNanos } from '../money.ts';
import { Reader, Writer } from './bytes.ts';
import type { AccountEntry, Entry, KeptEntry, LeaseEntry, LeaseFact } from './entries.ts';
import type { BudgetTerms } from './ledger.ts';
import { MARKS, Marks } from './marks.ts';
import { WHOLE_SHARE } from './share.ts';

const KINDS = [
  'terms',
  'lease',
  'slice',
  'unused',
  'post',
  'void',
  'win',
  'click',
  'conversion',
  'expire',
  'kept',
  'account',
  'retract',
] as const satisfies readonly Entry['kind'][];
const CODE = Object.fromEntries(KINDS.map((kind, at) => [kind, at + 1])) as Readonly<
  Record<Entry['kind'], number>
>;
const MODELS = ['cpm', 'cpc', 'cpa'] as const satisfies readonly BidModel[];
const MODES = ['strict', 'expected'] as const satisfies readonly BudgetMode[];

const NO_WORDS: ArrayLike<number> = [];
/** Below every version that a snapshot gives. */
const READ_BACK_VERSION = -1;

const writer = new Writer();

/** The entry's bytes. They are good until the next call. */
export function encodeEntry(entry: Entry): Uint8Array {
  writer.start();
  writer.u8(CODE[entry.kind]);
  if (entry.kind === 'terms') encodeTerms(entry.terms);
  else if (entry.kind === 'account') encodeAccount(entry);
  else {
    writer.u48(entry.lease);
    if (entry.kind === 'lease' || entry.kind === 'kept') encodeLease(entry);
    else encodeFact(entry);
  }
  return writer.bytes();
}

/** Throws on a kind that is not of this version: the journal is damaged, or newer than this program. */
export function decodeEntry(record: Uint8Array): Entry {
  const reader = new Reader(record);
  const kind = KINDS[reader.u8() - 1];
  if (kind === undefined) throw new Error('the ledger journal holds an entry of an unknown kind');
  // The fields of an object are read in the order in which they stand.
  switch (kind) {
    case 'terms':
      return { kind, terms: decodeTerms(reader) };
    case 'account':
      return decodeAccount(reader);
    case 'kept':
      return decodeKept(reader);
    case 'lease': {
      const [lease, day, model] = [reader.u48(), reader.i32(), readModel(reader)];
      return { kind, lease, day, model, campaignId: reader.text(), share: readShare(reader) };
    }
    case 'slice':
      return {
        kind,
        lease: reader.u48(),
        amountNanos: reader.f64(),
        lastExpirySec: reader.u32(),
        atMs: reader.f64(),
      };
    case 'unused':
      return { kind, lease: reader.u48(), amountNanos: reader.f64() };
    case 'post': {
      const [lease, ordinal, amountNanos] = [reader.u48(), reader.u32(), reader.f64()];
      return { kind, lease, ordinal, amountNanos, releasedNanos: reader.f64() };
    }
    case 'void':
      return { kind, lease: reader.u48(), ordinal: reader.u32(), releasedNanos: reader.f64() };
    case 'retract':
      return { kind, lease: reader.u48(), ordinal: reader.u32(), amountNanos: reader.f64() };
    case 'win':
      return { kind, lease: reader.u48(), ordinal: reader.u32(), isLate: reader.u8() === 1 };
    case 'click':
    case 'conversion': {
      const [lease, ordinal] = [reader.u48(), reader.u32()];
      return { kind, lease, ordinal, day: reader.i32(), amountNanos: reader.f64() };
    }
    case 'expire':
      return { kind, lease: reader.u48(), expirySec: reader.u32(), releasedNanos: reader.f64() };
  }
}

function encodeTerms(terms: BudgetTerms): void {
  writer.u8(MODELS.indexOf(terms.model));
  writer.f64(terms.dailyBudgetNanos);
  writer.f64(terms.lifetimeBudgetNanos ?? -1);
  writer.f64(terms.unitNanos);
  writer.text(terms.timezone);
  writer.text(terms.campaignId);
  writer.u8(MODES.indexOf(terms.budgetMode));
}

function decodeTerms(reader: Reader): BudgetTerms {
  const model = readModel(reader);
  const dailyBudgetNanos = costNanos(reader.f64());
  const lifetime = reader.f64();
  return {
    model,
    dailyBudgetNanos,
    lifetimeBudgetNanos: lifetime < 0 ? null : costNanos(lifetime),
    unitNanos: costNanos(reader.f64()),
    timezone: reader.text(),
    evenOver: null,
    campaignId: reader.text(),
    budgetMode: reader.isAtEnd ? 'strict' : (MODES[reader.u8()] ?? 'strict'),
    termsVersion: READ_BACK_VERSION,
  };
}

function encodeAccount(entry: AccountEntry): void {
  writer.f64(entry.postedNanos);
  writer.u32(entry.days.length);
  for (const [day, postedNanos] of entry.days) {
    writer.i32(day);
    writer.f64(postedNanos);
  }
  writer.text(entry.campaignId);
}

function decodeAccount(reader: Reader): AccountEntry {
  const postedNanos = reader.f64();
  const days = Array.from({ length: reader.u32() }, () => [reader.i32(), reader.f64()] as const);
  return { kind: 'account', postedNanos, days, campaignId: reader.text() };
}

function encodeLease(entry: LeaseEntry | KeptEntry): void {
  writer.i32(entry.day);
  writer.u8(MODELS.indexOf(entry.model));
  if (entry.kind === 'kept') encodeKept(entry);
  writer.text(entry.campaignId);
  writer.u32(entry.share);
}

function encodeFact(entry: LeaseFact): void {
  if ('ordinal' in entry) writer.u32(entry.ordinal);
  switch (entry.kind) {
    case 'slice':
      writer.f64(entry.amountNanos);
      writer.u32(entry.lastExpirySec);
      writer.f64(entry.atMs);
      break;
    case 'unused':
    case 'retract':
      writer.f64(entry.amountNanos);
      break;
    case 'post':
      writer.f64(entry.amountNanos);
      writer.f64(entry.releasedNanos);
      break;
    case 'void':
      writer.f64(entry.releasedNanos);
      break;
    case 'win':
      writer.u8(entry.isLate ? 1 : 0);
      break;
    case 'click':
    case 'conversion':
      writer.i32(entry.day);
      writer.f64(entry.amountNanos);
      break;
    case 'expire':
      writer.u32(entry.expirySec);
      writer.f64(entry.releasedNanos);
      break;
  }
}

function encodeKept(entry: KeptEntry): void {
  writer.u32(entry.lastExpirySec);
  writer.u32(entry.longestSec);
  writer.u32(entry.expiredThroughSec);
  writer.f64(entry.outstandingNanos);
  for (const mark of MARKS) writer.words(entry.marks?.words(mark) ?? NO_WORDS);
}

function decodeKept(reader: Reader): KeptEntry {
  return {
    kind: 'kept',
    lease: reader.u48(),
    day: reader.i32(),
    model: readModel(reader),
    lastExpirySec: reader.u32(),
    longestSec: reader.u32(),
    expiredThroughSec: reader.u32(),
    outstandingNanos: reader.f64(),
    marks: decodeMarks(reader),
    campaignId: reader.text(),
    share: readShare(reader),
  };
}

function decodeMarks(reader: Reader): Marks | null {
  const marks = new Marks();
  let hasAny = false;
  for (const mark of MARKS) {
    const words = reader.words();
    marks.load(mark, words);
    hasAny ||= words.length > 0;
  }
  return hasAny ? marks : null;
}

function readShare(reader: Reader): number {
  return reader.isAtEnd ? WHOLE_SHARE : reader.u32();
}

function readModel(reader: Reader): BidModel {
  const model = MODELS[reader.u8()];
  if (model === undefined) throw new Error('the ledger journal holds an unknown bid model');
  return model;
}
