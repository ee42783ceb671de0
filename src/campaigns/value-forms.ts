/** The dimensions whose values have no list but a form: sizes, hosts, age ranges, hours. */
import { HOURS_OF_WEEK, parseAgeRange } from './dimensions.ts';
import type { ValueList } from './value-list.ts';

export const MAX_HOST_LENGTH = 253;
/** `a-b.example`, with letters of any script. */
export const HOST_NAME = /^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*$/u;

export const ANY_TEXT: ValueList = form('text', 'write any text', () => true);

export const SIZES = form('size', 'a size is written as 300x250', isSize, (value) =>
  value.trim().replace(/^0*(\d+)\s*(?:px)?\s*[x×*/,:-]\s*0*(\d+)\s*(?:px)?$/iu, '$1x$2'),
);

export const HOST_NAMES = form(
  'host name',
  'write it without scheme and path, as news.example',
  isHost,
  (value) => value.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/^\*\.|[/?#:].*$|\.$/g, ''),
);

export const AGE_RANGES = form(
  'age range from 0 to 120',
  'it is written as 18-24 or 65+',
  (value) => parseAgeRange(value) !== null,
  (value) => {
    const ages = Array.from(value.matchAll(/\d+/g), Number).sort((a, b) => a - b);
    return ages.length === 1 ? `${String(ages[0])}+` : ages.join('-');
  },
);

export const HOURS = form(
  'hour of the week',
  'hours go from 0 (Monday 00:00) to 167',
  (value) => /^(0|[1-9]\d{0,2})$/.test(value) && Number(value) < HOURS_OF_WEEK,
);

/** `amend`: what the value may have been meant to be; said only where that is accepted. */
function form(
  noun: string,
  hint: string,
  accepts: (value: string) => boolean,
  amend: (value: string) => string = () => '',
): ValueList {
  const suggest = (value: string): string | null => {
    const meant = amend(value);
    return accepts(meant) ? meant : null;
  };
  return { accepts, noun, hint, suggest };
}

function isSize(value: string): boolean {
  return /^[1-9]\d{0,4}x[1-9]\d{0,4}$/i.test(value);
}

function isHost(value: string): boolean {
  return value.length <= MAX_HOST_LENGTH && HOST_NAME.test(value);
}
