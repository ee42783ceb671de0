/** Languages by ISO 639-1. */

/** What ISO 639-1 has replaced, and devices still send: Java said `iw` and `in` until 2021, and Android with it. */
const REPLACED: ReadonlyMap<string, string> = new Map([
  ['in', 'id'],
  ['iw', 'he'],
  ['ji', 'yi'],
  ['jw', 'jv'],
]);

/** The present code for a code of two letters in lower case. */
export function presentLanguage(code: string): string {
  return REPLACED.get(code) ?? code;
}
