/** The signals of consent and privacy, wherever the version of OpenRTB put them. */
import { type JsonObject, readFlag, readNumber, readObject, readProtection, readText } from './dirt.ts';
import { readCodes } from './lists.ts';
import { CONTRADICTION, isUsOptOut } from './privacy.ts';
import type { PrivacySignals } from './request.ts';

/** What makes a request no OpenRTB among its privacy fields, as `<path>: <what is wrong>`; '' when all is well. */
export function findPrivacyProblem(regs: JsonObject | null, user: JsonObject | null): string {
  if (regs !== null) {
    if (isWrongType(regs.ext)) return 'regs.ext: must be an object';
    if (isNoFlag(regs.gdpr)) return 'regs.gdpr: must be 0 or 1';
    if (isNoFlag(readObject(regs.ext)?.gdpr)) return 'regs.ext.gdpr: must be 0 or 1';
  }
  const consent = user === null ? undefined : readObject(user.ext)?.consent;
  if (consent === undefined || consent === null || typeof consent === 'string') return '';
  return 'user.ext.consent: must be a string';
}

/**
 * OpenRTB 2.6 has these at the top of regs and user, 2.5 in their ext. What says nothing (`""`, `null`, `[]`)
 * leaves it to the other; where both speak and contradict each other, the stricter counts.
 */
export function readPrivacy(
  regs: JsonObject | null,
  user: JsonObject | null,
  device: JsonObject | null,
): PrivacySignals {
  const regsExt = regs === null ? null : readObject(regs.ext);
  const userExt = user === null ? null : readObject(user.ext);
  return {
    coppa: readProtection(regs?.coppa) || readProtection(regsExt?.coppa),
    gdpr: stricterGdpr(readGdpr(regs?.gdpr), readGdpr(regsExt?.gdpr)),
    consent: onlyString(readText(user?.consent), readText(userExt?.consent)),
    usPrivacy: stricterUsPrivacy(readText(regs?.us_privacy), readText(regsExt?.us_privacy)),
    gpp: onlyString(readText(regs?.gpp), readText(regsExt?.gpp)),
    gppSections: allSections(readCodes(regs?.gpp_sid), readCodes(regsExt?.gpp_sid)),
    limitAdTracking: readProtection(device?.lmt),
    doNotTrack: readProtection(device?.dnt),
  };
}

function stricterGdpr(top: boolean | null, ext: boolean | null): boolean | null {
  return top === true || ext === true ? true : (top ?? ext);
}

/** Which of two strings is the stricter only their decoders know; senders that fill both in fill in the same. */
function onlyString(top: string, ext: string): string {
  const first = top.trim();
  const second = ext.trim();
  if (first === '' || second === '' || first === second) return first || second;
  return CONTRADICTION;
}

function stricterUsPrivacy(top: string, ext: string): string {
  const first = top.trim();
  const second = ext.trim();
  return first === '' || isUsOptOut(second) ? second : first;
}

/** Each section in force is one more law that may apply, so both lists together are the stricter. */
function allSections(top: readonly number[], ext: readonly number[]): readonly number[] {
  if (top.length === 0 || ext.length === 0) return top.length === 0 ? ext : top;
  return [...new Set([...top, ...ext])];
}

/** regs.ext may be missing, or a string, which says nothing; any other type is a mistake of the sender. */
function isWrongType(ext: unknown): boolean {
  if (ext === undefined || ext === null || typeof ext === 'string') return false;
  return readObject(ext) === null;
}

function isNoFlag(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || typeof value === 'boolean') return false;
  const number = readNumber(value);
  return number !== 0 && number !== 1;
}

function readGdpr(value: unknown): boolean | null {
  if (value === undefined || value === null || value === '') return null;
  return readFlag(value);
}
