/** The dimensions whose values are a few words of our own, and what else people call them. */
import { osWords } from '../openrtb/words.ts';
import { closedList } from './value-list.ts';
import type { ValueList } from './value-list.ts';

export const DEVICE_TYPES = closedList(
  'deviceType',
  ['mobile', 'tablet', 'desktop', 'ctv', 'connected', 'ooh'],
  [
    ['phone', 'mobile'],
    ['smartphone', 'mobile'],
    ['cell phone', 'mobile'],
    ['iPad', 'tablet'],
    ['pc', 'desktop'],
    ['computer', 'desktop'],
    ['laptop', 'desktop'],
    ['tv', 'ctv'],
    ['television', 'ctv'],
    ['connected tv', 'ctv'],
    ['smart tv', 'ctv'],
    ['set top box', 'ctv'],
    ['connected device', 'connected'],
    ['dooh', 'ooh'],
  ],
);

export const OPERATING_SYSTEMS = operatingSystems();

export const BROWSERS = closedList(
  'browser',
  ['chrome', 'safari', 'firefox', 'edge', 'samsung', 'opera', 'other'],
  [
    ['Google Chrome', 'chrome'],
    ['Chromium', 'chrome'],
    ['Mobile Safari', 'safari'],
    ['Mozilla', 'firefox'],
    ['Mozilla Firefox', 'firefox'],
    ['Microsoft Edge', 'edge'],
    ['Samsung Internet', 'samsung'],
  ],
);

export const CONNECTION_TYPES = closedList(
  'connectionType',
  ['ethernet', 'wifi', '2g', '3g', '4g', '5g', 'cellular'],
  [
    ['lan', 'ethernet'],
    ['wired', 'ethernet'],
    ['wlan', 'wifi'],
    ['wireless', 'wifi'],
    ['lte', '4g'],
    ['mobile', 'cellular'],
  ],
);

export const GENDERS = closedList(
  'gender',
  ['M', 'F', 'O'],
  [
    ['male', 'M'],
    ['female', 'F'],
    ['other', 'O'],
  ],
);

export const FORMATS = closedList(
  'format',
  ['banner', 'video', 'audio', 'native'],
  [
    ['display', 'banner'],
    ['image', 'banner'],
    ['vast', 'video'],
  ],
);

/** Requests are read in many spellings (`Mac OS X`, `iPadOS`): a rule is helped by the same. */
function operatingSystems(): ValueList {
  const words = ['ios', 'android', 'windows', 'macos', 'linux', 'chromeos', 'tvos', 'other'];
  const list = closedList('os', words);
  return {
    ...list,
    suggest: (value) => {
      const read = osWords(value)[0] ?? 'other';
      return read === 'other' ? list.suggest(value) : read;
    },
  };
}
