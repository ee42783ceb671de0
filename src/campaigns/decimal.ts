/** Decimal numbers of JSON as exact integers of a small unit: `2.5` USD is 2,500,000 micros, digit by digit. */

/** What a decimal is in the small unit, or why it is none: it has more digits than the unit, or is too large. */
export type ScaledDecimal =
  | { readonly kind: 'exact'; readonly value: number }
  | { readonly kind: 'too_fine' }
  | { readonly kind: 'too_large' };

/**
 * A double holds every decimal of 15 significant digits exactly; the 16th and 17th of a sum like 0.1 + 0.2
 * (0.30000000000000004) are dust of its making, not digits that anyone meant.
 */
const EXACT_DIGITS = 15;

/**
 * `value` × 10^decimals. Nothing is rounded but the dust of floating point: a value with more decimals than the
 * unit has is `too_fine`. (Above 4 million a double has no ninth decimal: such a one is lost in JSON.parse.) What
 * is beyond 2^53 - 1 units is `too_large`.
 */
export function scaleDecimal(value: number, decimals: number): ScaledDecimal {
  if (!Number.isFinite(value)) return { kind: 'too_large' };
  const plain = scaleDigits(String(value), decimals);
  // A large amount may need all its 17 digits: they are taken as they stand where they fit the unit.
  return plain.kind === 'too_fine' ? scaleDigits(value.toPrecision(EXACT_DIGITS), decimals) : plain;
}

/** `text`: a number as JavaScript writes it, `-12.5` or `1.25e-7`. */
function scaleDigits(text: string, decimals: number): ScaledDecimal {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = `${whole}${fraction}`.replace(/0+$/, '');
  const trimmed = whole.length + fraction.length - digits.length;
  const zeros = decimals + Number(exponent) - fraction.length + trimmed;
  if (!/[1-9]/.test(digits)) return { kind: 'exact', value: 0 };
  if (zeros < 0) return { kind: 'too_fine' };
  const value = Number(`${digits}e${String(zeros)}`);
  return Number.isSafeInteger(value) ? { kind: 'exact', value } : { kind: 'too_large' };
}

/** The decimal that `scaled` of 10^-decimals stands for: what scaleDecimal makes `scaled` of again, up to 15 digits. */
export function unscaleDecimal(scaled: number, decimals: number): number {
  return Number(`${String(scaled)}e-${String(decimals)}`);
}
