import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countryCodes } from '../campaigns/country-names.ts';
import { DEVICE_TYPES } from '../campaigns/named-values.ts';
import { deviceTypeWords } from '../openrtb/words.ts';
import { countryOf, deviceTypeOf, packWhereabouts } from './whereabouts.ts';

const DEVICES = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((code) => deviceTypeWords(code)[0] ?? '');

it('reads back every country on every device type, in 13 bits', () => {
  for (const country of ['', ...countryCodes()]) {
    for (const device of DEVICES) {
      const packed = packWhereabouts(country.toLowerCase(), device);
      expect(packed).toBeLessThan(2 ** 13);
      expect(countryOf(packed)).toBe(country || null);
      expect(deviceTypeOf(packed)).toBe(device || null);
    }
  }
});

it('knows every device type that campaigns target', () => {
  for (const device of DEVICES) if (device !== '') expect(DEVICE_TYPES.accepts(device)).toBe(true);
});

it('holds nothing that is no code and no word', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (country, device) => {
      const isCode = /^[a-z]{2}$/.test(country);
      const packed = packWhereabouts(country, device);
      expect(countryOf(packed)).toBe(isCode ? country.toUpperCase() : null);
      expect(deviceTypeOf(packed)).toBe(DEVICES.includes(device) ? device || null : null);
    }),
    { seed: 20_261_121 },
  );
});
