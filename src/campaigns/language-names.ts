/** Languages as a rule names them: ISO 639-1. Their English names, for suggestions alone, are Intl's. */
import { nearestValue, spellingsOf } from './near-miss.ts';
import type { Spellings } from './near-miss.ts';
import type { ValueList } from './value-list.ts';

/** The 183 codes of ISO 639-1:2002 with its changes to 2021, which withdrew `bh` (`sh` went before). */
const CODES =
  'aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en ' +
  'eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja ' +
  'jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb ' +
  'nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq ' +
  'sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu';

/** Countries' codes that are taken for languages, and names that Intl gives only together with a script or a region. */
const ALIASES = [
  ['cn', 'zh'],
  ['cz', 'cs'],
  ['dk', 'da'],
  ['gr', 'el'],
  ['jp', 'ja'],
  ['ua', 'uk'],
  ['gb', 'en'],
  ['us', 'en'],
  ['Mandarin', 'zh'],
  ['Farsi', 'fa'],
  ['Castilian', 'es'],
  ['Flemish', 'nl'],
  ['Norwegian Bokmal', 'nb'],
  ['Tagalog', 'tl'],
  ['Oriya', 'or'],
] as const;

export const LANGUAGE_CODES: readonly string[] = CODES.split(' ');
const CODE_SET: ReadonlySet<string> = new Set(LANGUAGE_CODES);

let spellings: Spellings | null = null;

export const LANGUAGES: ValueList = {
  accepts: (value) => CODE_SET.has(value.toLowerCase()),
  noun: 'language of ISO 639-1',
  hint: 'a language is two letters, as en',
  suggest: (value) => canonicalCode(value) ?? nearestValue(value, (spellings ??= languageSpellings())),
};

/** `en-US`, and the codes of ISO 639-2 and 639-3, withdrawn ones too: `eng`, `ger`, `iw`. */
function canonicalCode(value: string): string | null {
  const tag = value.trim().replaceAll('_', '-');
  if (!/^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(tag)) return null;
  try {
    const code = new Intl.Locale(tag).language;
    return CODE_SET.has(code) ? code : null;
  } catch {
    return null;
  }
}

function languageSpellings(): Spellings {
  const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
  return spellingsOf([...ALIASES, ...LANGUAGE_CODES.map((code) => [names.of(code) ?? '', code] as const)]);
}
