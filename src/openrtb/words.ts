/**
 * OpenRTB's codes and the many spellings of operating systems, as the one word by which campaigns target them.
 * Each answer is a shared list of at most one word, ready to be a request's attribute.
 */
import { NO_TEXTS, readInteger, readText } from './dirt.ts';

type Words = readonly string[];

/** No system's name is longer; what is, is no name. */
const MAX_NAME_LENGTH = 64;

/** AdCOM's device types; TVs and set-top boxes are one to an advertiser, phones of unknown size are mobile. */
const DEVICE_TYPES = wordsByNumber([
  [1, 'mobile'],
  [2, 'desktop'],
  [3, 'ctv'],
  [4, 'mobile'],
  [5, 'tablet'],
  [6, 'connected'],
  [7, 'ctv'],
  [8, 'ooh'],
]);
const CONNECTION_TYPES = wordsByNumber([
  [1, 'ethernet'],
  [2, 'wifi'],
  [3, 'cellular'],
  [4, '2g'],
  [5, '3g'],
  [6, '4g'],
  [7, '5g'],
]);

/** By the name in lower case without spaces, dots, dashes and underscores; the first that it begins with. */
const OPERATING_SYSTEMS: readonly (readonly [string, Words])[] = (
  [
    ['windowsphone', 'other'],
    ['windows', 'windows'],
    ['android', 'android'],
    ['fireos', 'android'],
    ['ios', 'ios'],
    ['ipados', 'ios'],
    ['iphone', 'ios'],
    ['tvos', 'tvos'],
    ['appletv', 'tvos'],
    ['mac', 'macos'],
    ['osx', 'macos'],
    ['chromeos', 'chromeos'],
    ['chromiumos', 'chromeos'],
    ['cros', 'chromeos'],
    ['linux', 'linux'],
    ['ubuntu', 'linux'],
    ['debian', 'linux'],
    ['fedora', 'linux'],
  ] as const
).map(([name, word]) => [name, Object.freeze([word])]);
const OTHER: Words = Object.freeze(['other']);
/** Spellings that need no folding, so that nearly every request is one look-up. */
const COMMON_SYSTEMS = new Map(
  ['iOS', 'ios', 'Android', 'android', 'Windows', 'windows', 'macOS', 'Mac OS X', 'OS X', 'Linux'].map(
    (name) => [name, foldedSystem(name)],
  ),
);

const GENDERS: ReadonlyMap<string, Words> = new Map([
  ['m', Object.freeze(['m'])],
  ['male', Object.freeze(['m'])],
  ['f', Object.freeze(['f'])],
  ['female', Object.freeze(['f'])],
  ['o', Object.freeze(['o'])],
]);

/** `device.devicetype` → mobile, tablet, desktop, ctv, connected, ooh. */
export function deviceTypeWords(value: unknown): Words {
  return DEVICE_TYPES[readInteger(value) ?? 0] ?? NO_TEXTS;
}

/** `device.connectiontype` → ethernet, wifi, cellular (of unknown generation), 2g, 3g, 4g, 5g. */
export function connectionTypeWords(value: unknown): Words {
  return CONNECTION_TYPES[readInteger(value) ?? 0] ?? NO_TEXTS;
}

/** `device.os` → ios, android, windows, macos, linux, chromeos, tvos, other; none where it was not said. */
export function osWords(value: unknown): Words {
  const name = readText(value);
  if (name === '') return NO_TEXTS;
  return COMMON_SYSTEMS.get(name) ?? foldedSystem(name);
}

/** `user.gender` → m, f, o. */
export function genderWords(value: unknown): Words {
  const text = readText(value);
  return text === '' ? NO_TEXTS : (GENDERS.get(text.toLowerCase()) ?? NO_TEXTS);
}

function foldedSystem(name: string): Words {
  let folded = '';
  for (const character of name.slice(0, MAX_NAME_LENGTH).toLowerCase()) {
    if (character !== ' ' && character !== '.' && character !== '-' && character !== '_') folded += character;
  }
  if (folded === '') return NO_TEXTS;
  for (const [prefix, words] of OPERATING_SYSTEMS) if (folded.startsWith(prefix)) return words;
  return OTHER;
}

function wordsByNumber(pairs: readonly (readonly [number, string])[]): readonly (Words | undefined)[] {
  const words: (Words | undefined)[] = [];
  words.length = pairs.length + 1;
  words.fill(undefined);
  for (const [number, word] of pairs) words[number] = Object.freeze([word]);
  return words;
}
