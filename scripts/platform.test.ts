import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { refusal, thisPlatform } from './platform.mjs';
import { ROOT } from './run.mjs';

const LINUX = { os: 'linux', arch: 'x64', node: '20.19.0', glibc: '2.27' };
const MACOS = { os: 'darwin', arch: 'arm64', node: '24.1.0', glibc: null };

describe('the platform check', () => {
  test('accepts the machine that runs this test', () => {
    expect(refusal(thisPlatform())).toBeNull();
  });

  test.each([
    LINUX,
    { ...LINUX, node: '20.20.2', glibc: '2.36' },
    { ...LINUX, arch: 'arm64', glibc: '2.41' },
    { ...LINUX, node: '22.13.0', glibc: '2.38' },
    { ...LINUX, node: '24.0.0', glibc: '2.39' },
    { ...MACOS, node: '20.19.5' },
    { ...MACOS, node: '22.22.0', arch: 'x64' },
    MACOS,
    { ...MACOS, node: '25.2.0' },
  ])('accepts Node $node on $os $arch with glibc $glibc', (platform) => {
    expect(refusal(platform)).toBeNull();
  });

  test.each([
    [{ ...LINUX, node: '18.20.4' }, 'not on 18.20.4'],
    [{ ...LINUX, node: '20.18.3' }, 'not on 20.18.3'],
    [{ ...LINUX, node: '21.7.0', glibc: '2.39' }, 'not on 21.7.0'],
    [{ ...LINUX, node: '22.12.0', glibc: '2.39' }, 'not on 22.12.0'],
    [{ ...LINUX, node: '23.11.0', glibc: '2.39' }, 'not on 23.11.0'],
    [{ ...LINUX, node: '25.2.0', glibc: '2.41' }, 'not on 25.2.0'],
    [{ ...LINUX, node: '26.0.0', glibc: '2.41' }, 'not on 26.0.0'],
    [{ ...LINUX, glibc: '2.26' }, 'needs glibc 2.27 or newer, but this system has 2.26: use a newer system'],
    [
      { ...LINUX, node: '22.13.0', glibc: '2.36' },
      'needs glibc 2.38 or newer, but this system has 2.36: use Node 20',
    ],
    [{ ...LINUX, node: '24.1.0', glibc: '2.37' }, 'needs glibc 2.38'],
    [{ ...LINUX, glibc: null }, 'musl'],
    [{ ...LINUX, arch: 'arm' }, 'not on arm'],
    [{ ...LINUX, os: 'win32', glibc: null }, 'not on win32'],
    [{ ...MACOS, node: '21.0.0' }, 'not on 21.0.0'],
  ])('refuses %o in one sentence that says why', (platform, why) => {
    const sentence = refusal(platform);
    expect(sentence).toContain(why);
    expect(sentence).toMatch(/^Gavel [^\n]+\.$/);
  });

  /** `process.versions.modules` of each Node line. */
  test.each([
    { node: '20.19.0', abi: 115 },
    { node: '22.13.0', abi: 127 },
    { node: '24.0.0', abi: 137 },
    { node: '25.0.0', abi: 141 },
  ])('accepts Node $node only where the HTTP server has a binary', ({ node, abi }) => {
    for (const os of ['linux', 'darwin']) {
      for (const arch of ['x64', 'arm64']) {
        const binary = path.join(ROOT, `node_modules/uWebSockets.js/uws_${os}_${arch}_${abi}.node`);
        expect(refusal({ os, arch, node, glibc: '2.38' }) !== null || existsSync(binary)).toBe(true);
      }
    }
  });
});
