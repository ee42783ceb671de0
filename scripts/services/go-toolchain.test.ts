import { expect, test } from 'vitest';

import { minorOf } from './go-toolchain.ts';

test('Go’s version is read, and one that says none is taken for the newest', () => {
  expect(minorOf('go1.19.8')).toBe(19);
  expect(minorOf('go1.26rc1')).toBe(26);
  expect(minorOf('devel +0a7c1d9 linux/amd64')).toBe(Infinity);
});
