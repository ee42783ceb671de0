/**
 * An event as bytes: one byte of version, then a MessagePack map. Names and units are those of the topics' documented
 * form, which other systems read: `bidPrice` is the CPM in decimal USD, `timestamp` and `receivedAt` are epoch
 * milliseconds, all else carries its unit in its name.
 */
import { Packr } from 'msgpackr';
import {
  AD_EVENT_TYPES,
  MAX_EVENT_ID_CHARS,
  MAX_NAME_CHARS,
  type AdEvent,
  type AuctionTally,
  type EventRecord,
  type EventType,
} from './event.ts';

export type DecodedEvent = { readonly event: EventRecord } | { readonly fault: string };

const VERSION = 1;
const MICROS = 1_000_000;
/** 2200-01-01: tables are partitioned by day, and no clock is that far ahead. */
const END_OF_TIME_MS = 7_258_118_400_000;
/** Plain maps: what msgpackr calls records only it can read. */
const packr = new Packr({ useRecords: false, variableMapSize: true });

export function encodeEvent(event: EventRecord): Buffer {
  const body = packr.pack(event.type === 'auction' ? tallyFields(event) : adEventFields(event));
  const bytes = Buffer.allocUnsafe(body.length + 1);
  bytes[0] = VERSION;
  body.copy(bytes, 1);
  return bytes;
}

/** Never throws: whatever is no event of ours has a fault, one sentence that names the field. */
export function decodeEvent(bytes: Uint8Array): DecodedEvent {
  const version = bytes[0];
  if (version === undefined) return { fault: 'It is empty.' };
  if (version !== VERSION)
    return { fault: `Version ${String(version)} is unknown, ${String(VERSION)} is read.` };
  let fields: unknown;
  try {
    fields = packr.unpack(bytes.subarray(1));
  } catch {
    return { fault: 'It is no MessagePack.' };
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    return { fault: 'It is no map.' };
  const reader = new FieldReader(new Map(Object.entries(fields)));
  const event = readEvent(reader);
  return reader.fault === null ? { event } : { fault: reader.fault };
}

function adEventFields(event: AdEvent): Record<string, unknown> {
  return {
    eventId: event.eventId,
    eventType: event.type,
    timestamp: event.atMs,
    receivedAt: event.receivedAtMs,
    userId: event.userId,
    campaignId: event.campaignId,
    adId: event.adId,
    placementId: event.placementId,
    bidPrice: event.bidMicros === null ? null : event.bidMicros / MICROS,
    country: event.country,
    deviceType: event.deviceType,
    known: event.known,
    signed: event.signed,
    rated: event.rated,
    spendNanos: event.spendNanos,
    mediaCostNanos: event.mediaCostNanos,
    lossReason: event.lossReason,
    valueMicros: event.valueMicros,
    traceId: event.traceId,
  };
}

function tallyFields(tally: AuctionTally): Record<string, unknown> {
  return {
    eventId: tally.eventId,
    eventType: tally.type,
    timestamp: tally.atMs,
    receivedAt: tally.receivedAtMs,
    campaignId: tally.campaignId,
    adId: tally.adId,
    nbr: tally.nbr,
    count: tally.count,
  };
}

function readEvent(reader: FieldReader): EventRecord {
  const shared = {
    eventId: reader.text('eventId', MAX_EVENT_ID_CHARS, 1),
    atMs: reader.instant('timestamp'),
    receivedAtMs: reader.instant('receivedAt'),
    campaignId: reader.text('campaignId', MAX_NAME_CHARS),
  };
  if (reader.isTally()) {
    return {
      type: 'auction',
      ...shared,
      adId: reader.text('adId', MAX_NAME_CHARS),
      nbr: reader.whole('nbr'),
      count: reader.amount('count'),
    };
  }
  return {
    type: reader.type(),
    ...shared,
    adId: reader.text('adId', MAX_NAME_CHARS, 1),
    known: reader.flag('known'),
    signed: reader.flag('signed'),
    // What was written before there was the field is rated where it is signed.
    rated: reader.has('rated') ? reader.flag('rated') : reader.flag('signed'),
    userId: reader.name('userId'),
    placementId: reader.name('placementId'),
    country: reader.name('country'),
    deviceType: reader.name('deviceType'),
    bidMicros: reader.price('bidPrice'),
    spendNanos: reader.amount('spendNanos'),
    mediaCostNanos: reader.amount('mediaCostNanos'),
    lossReason: reader.whole('lossReason'),
    valueMicros: reader.whole('valueMicros'),
    traceId: reader.text('traceId', MAX_NAME_CHARS),
  };
}

/** Reads on after a fault, with values that nobody sees; the first fault stays. */
class FieldReader {
  readonly #fields: ReadonlyMap<string, unknown>;
  fault: string | null = null;

  constructor(fields: ReadonlyMap<string, unknown>) {
    this.#fields = fields;
  }

  isTally(): boolean {
    return this.#fields.get('eventType') === 'auction';
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  type(): EventType {
    const value = this.#fields.get('eventType');
    return (
      AD_EVENT_TYPES.find((type) => type === value) ?? this.#fail('eventType is none of ours', 'impression')
    );
  }

  text(name: string, maxChars: number, minChars = 0): string {
    const value = this.#fields.get(name);
    if (typeof value !== 'string') return this.#fail(`${name} is no text`, '');
    if (value.length < minChars || value.length > maxChars) {
      return this.#fail(
        `${name} has ${String(value.length)} characters, not ${String(minChars)} to ${String(maxChars)}`,
        '',
      );
    }
    // Postgres holds no such text.
    return value.includes('\u0000') ? this.#fail(`${name} holds a zero byte`, '') : value;
  }

  name(name: string): string | null {
    return this.#fields.get(name) === null ? null : this.text(name, MAX_NAME_CHARS);
  }

  instant(name: string): number {
    const value = this.amount(name);
    return value < END_OF_TIME_MS ? value : this.#fail(`${name} lies behind the year 2199`, 0);
  }

  /** Decimal USD as micros. */
  price(name: string): number | null {
    const value = this.#fields.get(name);
    if (value === null) return null;
    const micros = typeof value === 'number' ? Math.round(value * MICROS) : -1;
    return Number.isSafeInteger(micros) && micros >= 0 ? micros : this.#fail(`${name} is no price`, 0);
  }

  whole(name: string): number | null {
    return this.#fields.get(name) === null ? null : this.amount(name);
  }

  /** A whole number that a double holds exactly, from 0 on. */
  amount(name: string): number {
    const value = this.#fields.get(name);
    const isSound = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    return isSound ? value : this.#fail(`${name} is no whole number from 0 to 2^53 - 1`, 0);
  }

  flag(name: string): boolean {
    const value = this.#fields.get(name);
    return typeof value === 'boolean' ? value : this.#fail(`${name} is neither true nor false`, false);
  }

  #fail<T>(sentence: string, value: T): T {
    this.fault ??= `${sentence}.`;
    return value;
  }
}
