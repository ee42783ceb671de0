/**
 * What is known of one user, packed: a string of bytes, for it is the value of a key in Redis as well as what the
 * embedded caps keep in memory and in their journal. Little-endian:
 *
 *   record    u8 version (1)  campaign*
 *   campaign  22 key  u32 until  u8 windows  u16 held  u8 shown
 *             per window: u8 window  u32 start  u32 showings
 *             per held bid: u32 issued  u32 expiry
 *             per bid shown lately, the oldest first: u48 lease  u32 ordinal
 *
 * Times are epoch seconds. A campaign with one cap takes 39 bytes, 8 more for each held bid, 10 for each showing.
 */

export interface UserRecord {
  /** In the order in which they were first held. */
  campaigns: CampaignRecord[];
}

export interface CampaignRecord {
  readonly key: string;
  /** From there on it is of no use. */
  untilSec: number;
  readonly windows: WindowRecord[];
  held: HeldRecord[];
  /** Names of the bids that were shown last. */
  shown: ShownRecord[];
}

export interface WindowRecord {
  readonly window: number;
  startSec: number;
  showings: number;
}

export interface HeldRecord {
  readonly issuedSec: number;
  readonly expirySec: number;
}

export interface ShownRecord {
  readonly lease: number;
  readonly ordinal: number;
}

const VERSION = 1;
const HEADER_BYTES = 1;
const KEY_BYTES = 22;
const CAMPAIGN_BYTES = KEY_BYTES + 8;
const WINDOW_BYTES = 9;
const HELD_BYTES = 8;
const SHOWN_BYTES = 10;
const START_BYTES = 4_096;

let scratch = Buffer.alloc(START_BYTES);

/** A campaign's id in records: a UUID in 22 characters. */
export function keyOf(campaignId: string): string {
  return Buffer.from(campaignId.replaceAll('-', ''), 'hex').toString('base64url');
}

export function emptyRecord(): UserRecord {
  return { campaigns: [] };
}

/** One character a byte. */
export function packRecord(record: UserRecord): string {
  makeRoom(bytesOf(record));
  let at = scratch.writeUInt8(VERSION, 0);
  for (const { key, untilSec, windows, held, shown } of record.campaigns) {
    at += scratch.write(key, at, KEY_BYTES, 'latin1');
    at = scratch.writeUInt32LE(untilSec, at);
    at = scratch.writeUInt8(windows.length, at);
    at = scratch.writeUInt16LE(held.length, at);
    at = scratch.writeUInt8(shown.length, at);
    for (const { window, startSec, showings } of windows) {
      at = scratch.writeUInt8(window, at);
      at = scratch.writeUInt32LE(startSec, at);
      at = scratch.writeUInt32LE(showings, at);
    }
    for (const { issuedSec, expirySec } of held) {
      at = scratch.writeUInt32LE(issuedSec, at);
      at = scratch.writeUInt32LE(expirySec, at);
    }
    for (const { lease, ordinal } of shown) {
      at = scratch.writeUIntLE(lease, at, 6);
      at = scratch.writeUInt32LE(ordinal, at);
    }
  }
  return scratch.toString('latin1', 0, at);
}

/** Throws on a record of another version. */
export function unpackRecord(packed: string): UserRecord {
  makeRoom(packed.length);
  const end = scratch.write(packed, 0, 'latin1');
  if (scratch[0] !== VERSION) throw new Error('a record of frequency caps is of an unknown version');
  const record = emptyRecord();
  for (let at = HEADER_BYTES; at < end;) {
    const windows = scratch.readUInt8(at + KEY_BYTES + 4);
    const held = scratch.readUInt16LE(at + KEY_BYTES + 5);
    const shown = scratch.readUInt8(at + KEY_BYTES + 7);
    const heldAt = at + CAMPAIGN_BYTES + windows * WINDOW_BYTES;
    const shownAt = heldAt + held * HELD_BYTES;
    record.campaigns.push({
      key: scratch.toString('latin1', at, at + KEY_BYTES),
      untilSec: scratch.readUInt32LE(at + KEY_BYTES),
      windows: rows(at + CAMPAIGN_BYTES, windows, WINDOW_BYTES, readWindow),
      held: rows(heldAt, held, HELD_BYTES, readHeld),
      shown: rows(shownAt, shown, SHOWN_BYTES, readShown),
    });
    at = shownAt + shown * SHOWN_BYTES;
  }
  return record;
}

function rows<Row>(from: number, count: number, bytes: number, read: (at: number) => Row): Row[] {
  const found: Row[] = [];
  for (let row = 0; row < count; row++) found.push(read(from + row * bytes));
  return found;
}

function readWindow(at: number): WindowRecord {
  return {
    window: scratch.readUInt8(at),
    startSec: scratch.readUInt32LE(at + 1),
    showings: scratch.readUInt32LE(at + 5),
  };
}

function readHeld(at: number): HeldRecord {
  return { issuedSec: scratch.readUInt32LE(at), expirySec: scratch.readUInt32LE(at + 4) };
}

function readShown(at: number): ShownRecord {
  return { lease: scratch.readUIntLE(at, 6), ordinal: scratch.readUInt32LE(at + 6) };
}

function bytesOf({ campaigns }: UserRecord): number {
  let bytes = HEADER_BYTES;
  for (const { windows, held, shown } of campaigns) {
    bytes += CAMPAIGN_BYTES;
    bytes += windows.length * WINDOW_BYTES + held.length * HELD_BYTES + shown.length * SHOWN_BYTES;
  }
  return bytes;
}

function makeRoom(bytes: number): void {
  if (bytes > scratch.length) scratch = Buffer.alloc(bytes * 2);
}
