/** The signals of consent and privacy, wherever the version of OpenRTB put them. */
import { type JsonObject, readFlag, readIntegers, readNumber, readObject, readText } from './dirt.ts';
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

/** OpenRTB 2.6 has these at the top of regs and user, 2.5 in their ext; where both speak, the top decides. */
export function readPrivacy(
  regs: JsonObject | null,
  user: JsonObject | null,
  device: JsonObject | null,
): PrivacySignals {
  const regsExt = regs === null ? null : readObject(regs.ext);
  const userExt = user === null ? null : readObject(user.ext);
  const sections = regs?.gpp_sid ?? regsExt?.gpp_sid;
  return {
    coppa: readFlag(regs?.coppa ?? regsExt?.coppa),
    gdpr: readGdpr(regs?.gdpr) ?? readGdpr(regsExt?.gdpr),
    consent: readText(user?.consent) || readText(userExt?.consent),
    usPrivacy: readText(regs?.us_privacy) || readText(regsExt?.us_privacy),
    gpp: readText(regs?.gpp) || readText(regsExt?.gpp),
    gppSections: readIntegers(sections),
    limitAdTracking: readFlag(device?.lmt),
    doNotTrack: readFlag(device?.dnt),
  };
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
