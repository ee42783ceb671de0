import { expect, it } from 'vitest';
import { readAuditCursor, readListCursor, writeAuditCursor, writeListCursor } from './cursor.ts';

const PLACE = { createdAtMicros: 1_790_000_000_000_001, id: 'c9bf9e57-1685-4c89-bafb-ff5af830be8a' };

it('a cursor leads back to its place', () => {
  expect(readListCursor(writeListCursor(PLACE))).toEqual(PLACE);
  expect(readAuditCursor(writeAuditCursor(17))).toBe(17);
});

it('a cursor that nobody was given leads nowhere', () => {
  const forged = (text: string): string => Buffer.from(text).toString('base64url');
  for (const text of [
    '',
    '1',
    `-1.${PLACE.id}`,
    `1.${PLACE.id}x`,
    `9999999999999999.${PLACE.id}`,
    '1.x',
    '\0',
  ])
    expect(readListCursor(forged(text))).toBeNull();
  expect(readListCursor('§$%')).toBeNull();
  for (const text of ['', 'x', '-1', '1.5', '9999999999999999'])
    expect(readAuditCursor(forged(text))).toBeNull();
});
