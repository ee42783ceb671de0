/** How the text of a variable is read: what is sound, what it becomes, and what is said where it is not. */
import { z } from 'zod';

export function optional<T>(
  isSound: (text: string) => boolean,
  error: string,
  read: (text: string) => T,
): z.ZodType<T | null> {
  return z
    .string()
    .refine((text) => text === '' || isSound(text), { error })
    .transform((text) => (text === '' ? null : read(text)));
}

/** null where it is unset. `read` says itself what is wrong. */
export function checked<Sound extends { readonly ok: true }, T>(
  read: (text: string) => Sound | { readonly ok: false; readonly error: string },
  valueOf: (sound: Sound, text: string) => T,
): z.ZodType<T | null> {
  return z.string().transform((text, context) => {
    if (text === '') return null;
    const result = read(text);
    if (result.ok) return valueOf(result, text);
    context.addIssue({ code: 'custom', message: result.error });
    return z.NEVER;
  });
}

/** Whoever reads it says what is wrong with it. */
export function file(): z.ZodType<string | null> {
  return z.string().transform((text) => (text === '' ? null : text));
}

export function whole(min: number, max: number): z.ZodType<number> {
  return z
    .string()
    .refine(isWhole(min, max), { error: wholeMessage(min, max) })
    .transform(Number);
}

export function isWhole(min: number, max: number): (text: string) => boolean {
  return (text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max;
}

export function wholeMessage(min: number, max: number): string {
  return `must be a whole number from ${min} to ${max}`;
}

/** Events an impression. */
export function rate(): z.ZodType<number> {
  return z
    .string()
    .refine((text) => /^\d*\.?\d+(e-?\d+)?$/i.test(text) && Number(text) > 0 && Number(text) <= 1, {
      error: 'must be a number above 0, at most 1',
    })
    .transform(Number);
}

export function flag(): z.ZodType<boolean> {
  return z
    .string()
    .refine((text) => text === '0' || text === '1', { error: 'must be 0 or 1' })
    .transform((text) => text === '1');
}

/** `group`, or a number of milliseconds. */
export function groupOrMs(
  max: number,
): z.ZodType<{ readonly kind: 'group' } | { readonly kind: 'every'; readonly ms: number }> {
  return z
    .string()
    .refine((text) => text === 'group' || isWhole(1, max)(text), {
      error: `must be group, or a whole number of milliseconds from 1 to ${max}`,
    })
    .transform((text) => (text === 'group' ? { kind: text } : { kind: 'every', ms: Number(text) }));
}

export function secret(minChars: number): z.ZodType<string | null> {
  return optional(
    (text) => text.length >= minChars,
    `must have at least ${minChars} characters`,
    (text) => text,
  );
}

/** `asi` or `asi/sid`, lower case. */
export function sellers(): z.ZodType<readonly string[]> {
  return z
    .string()
    .transform((text) =>
      text
        .toLowerCase()
        .split(',')
        .map((seller) => seller.trim())
        .filter((seller) => seller !== ''),
    )
    .refine((all) => all.every((seller) => /^[^/\s]+(\/[^\s]+)?$/.test(seller)), {
      error: 'must be asi or asi/sid, with commas between',
    });
}

/** Kafka's names have 249 characters at most. */
const MAX_PREFIX_CHARS = 100;

export function topicPrefix(): z.ZodType<string> {
  return z.string().refine((text) => /^[\w.-]*$/.test(text) && text.length <= MAX_PREFIX_CHARS, {
    error: `must be at most ${MAX_PREFIX_CHARS} letters, digits, points, dashes and underscores`,
  });
}
