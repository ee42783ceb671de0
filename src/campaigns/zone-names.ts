/**
 * Time zones by their IANA names. Which there are is Intl's to say, since Intl is asked for their clocks; ours are the
 * names that only Intl knows, and what may have been meant by a name that nobody knows.
 */
import { nearestValue, spellingsOf } from './near-miss.ts';
import type { Spellings } from './near-miss.ts';
import type { ValueList } from './value-list.ts';

/** Intl's own short names, which IANA has not: they surprise (ECT is Paris, BST is Dhaka). */
const INTL_ONLY =
  /^(ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT|PRT|PST|SST|VST|SystemV\/.+)$/i;

/** What people call a zone by its clocks. */
const ALIASES = [
  ['Z', 'UTC'],
  ['EDT', 'America/New_York'],
  ['ET', 'America/New_York'],
  ['CST', 'America/Chicago'],
  ['CDT', 'America/Chicago'],
  ['MDT', 'America/Denver'],
  ['PST', 'America/Los_Angeles'],
  ['PDT', 'America/Los_Angeles'],
  ['PT', 'America/Los_Angeles'],
  ['BST', 'Europe/London'],
  ['CEST', 'Europe/Berlin'],
  ['IST', 'Asia/Kolkata'],
  ['JST', 'Asia/Tokyo'],
  ['SGT', 'Asia/Singapore'],
  ['AEST', 'Australia/Sydney'],
  ['AEDT', 'Australia/Sydney'],
] as const;

/** Present names where Intl lists a former one, UTC, and links that are often written: Intl lists none of them. */
const MORE_NAMES =
  'UTC Africa/Asmara America/Argentina/Buenos_Aires America/Atikokan America/Indiana/Indianapolis ' +
  'America/Kentucky/Louisville America/Nuuk Asia/Ho_Chi_Minh Asia/Kathmandu Asia/Kolkata Asia/Yangon Atlantic/Faroe ' +
  'Europe/Kyiv Pacific/Chuuk Pacific/Kanton Pacific/Pohnpei US/Alaska US/Arizona US/Central US/Eastern US/Hawaii ' +
  'US/Mountain US/Pacific';

let spellings: Spellings | null = null;

export const TIME_ZONES: ValueList = {
  accepts: (value) => !INTL_ONLY.test(value) && isTimeZone(value),
  noun: 'IANA time zone',
  hint: 'a zone is written as America/New_York',
  // An offset is no place, nor near one: UTC+1 is neither UTC nor Europe/Berlin.
  suggest: (value) => (/[+\d]/.test(value) ? null : nearestValue(value, (spellings ??= zoneSpellings()))),
};

/** A name that Intl knows, in any case: all that telling the time in a zone needs. */
export function isTimeZone(name: string): boolean {
  // Newer engines take offsets for time zones.
  if (!/^[A-Z]/i.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Whole names, then their cities alone. */
function zoneSpellings(): Spellings {
  const names = [...MORE_NAMES.split(' '), ...Intl.supportedValuesOf('timeZone')];
  const cities = names.map((name) => [name.slice(name.lastIndexOf('/') + 1), name] as const);
  return spellingsOf([...ALIASES, ...names.map((name) => [name, name] as const), ...cities]);
}
