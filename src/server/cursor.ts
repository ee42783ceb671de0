/** Places in lists as clients carry them: opaque, so that nobody makes one up. */
import type { ListPlace } from '../campaigns/desk.ts';

const LIST_PLACE = /^([0-9]{1,16})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const AUDIT_PLACE = /^([0-9]{1,16})$/;

export function writeListCursor({ createdAtMicros, id }: ListPlace): string {
  return encode(`${String(createdAtMicros)}.${id}`);
}

/** null: nobody was given such a cursor. */
export function readListCursor(cursor: string): ListPlace | null {
  const match = LIST_PLACE.exec(decode(cursor));
  const createdAtMicros = Number(match?.[1]);
  if (match?.[2] === undefined || !Number.isSafeInteger(createdAtMicros)) return null;
  return { createdAtMicros, id: match[2] };
}

export function writeAuditCursor(place: number): string {
  return encode(String(place));
}

export function readAuditCursor(cursor: string): number | null {
  const place = Number(AUDIT_PLACE.exec(decode(cursor))?.[1]);
  return Number.isSafeInteger(place) ? place : null;
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function decode(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString('latin1');
}
