/**
 * The country and the device type of a request in 13 bits, which a bid's token has left: the events of its
 * notices tell them. 0 where neither is known.
 *
 *   country × 8 + device type · country: 0, or 1 + the place of its two letters among all pairs of letters
 */

const DEVICE_TYPES = ['', 'mobile', 'tablet', 'desktop', 'ctv', 'connected', 'ooh'] as const;
const DEVICE_PLACES = 8;
const LETTERS = 26;
const LETTER_A = 97;

/** Of targeting values: a country in lower case, '' and words of no device type where it is not known. */
export function packWhereabouts(country: string, deviceType: string): number {
  const device = Math.max(0, (DEVICE_TYPES as readonly string[]).indexOf(deviceType));
  const first = country.charCodeAt(0) - LETTER_A;
  const second = country.charCodeAt(1) - LETTER_A;
  const isCode = country.length === 2 && isLetter(first) && isLetter(second);
  return (isCode ? 1 + first * LETTERS + second : 0) * DEVICE_PLACES + device;
}

/** ISO 3166-1 alpha-2; null where it is not known. */
export function countryOf(whereabouts: number): string | null {
  const place = Math.floor(whereabouts / DEVICE_PLACES) - 1;
  if (place < 0) return null;
  const letters = [Math.floor(place / LETTERS), place % LETTERS].map((letter) => LETTER_A + letter);
  return String.fromCharCode(...letters).toUpperCase();
}

/** null where it is not known. */
export function deviceTypeOf(whereabouts: number): string | null {
  const device = DEVICE_TYPES[whereabouts % DEVICE_PLACES] ?? '';
  return device === '' ? null : device;
}

function isLetter(place: number): boolean {
  return place >= 0 && place < LETTERS;
}
