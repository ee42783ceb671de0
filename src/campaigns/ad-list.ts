/** The ads of a campaign as a client sends them, and which of the campaign's present ads they are. */
import { readAd } from './ad-validation.ts';
import type { Ad } from './model.ts';
import type { WireObject } from './wire.ts';

/** Each is a place in the index, and all of a campaign are gone through for every bid that it wins. */
export const MAX_ADS = 100;
/** Not yet known: every id is written in by nameAds. */
const UNNAMED = '';

/** `present` null: the campaign is new, and an id in the input means nothing. */
export function readAds(wire: WireObject, present: readonly Ad[] | null, newId: () => string): Ad[] {
  const inputs = wire.objects('ads', MAX_ADS);
  if (wire.require('ads') && inputs.length === 0) wire.forbid('ads', 'must have one ad or more');
  if (present === null) return inputs.map((ad) => readAd(ad, newId()));
  const named = new Set<string>();
  const ads = inputs.map((ad) => readAd(ad, readId(ad, present, named)));
  return nameAds(ads, present, newId);
}

/** One ad that joins those that are there. */
export function mayJoin(present: readonly Ad[]): boolean {
  return present.length < MAX_ADS;
}

export const TOO_MANY_ADS = `a campaign has at most ${MAX_ADS} ads`;

function readId(ad: WireObject, present: readonly Ad[], named: Set<string>): string {
  const id = ad.optionalText('id')?.toLowerCase() ?? UNNAMED;
  if (id === UNNAMED) return UNNAMED;
  if (named.has(id)) ad.forbid('id', 'names an ad that is there before');
  else if (!present.some((known) => known.id === id)) ad.forbid('id', 'is of no ad of this campaign');
  named.add(id);
  return id;
}

/** An ad without an id that says what a present one says is that one: the same request twice changes nothing. */
function nameAds(ads: readonly Ad[], present: readonly Ad[], newId: () => string): Ad[] {
  const taken = new Set(ads.map(({ id }) => id));
  const free = present.filter(({ id }) => !taken.has(id));
  return ads.map((ad) => {
    if (ad.id !== UNNAMED) return ad;
    const text = JSON.stringify(ad);
    const same = free.findIndex((known) => JSON.stringify({ ...known, id: UNNAMED }) === text);
    const [twin] = same < 0 ? [] : free.splice(same, 1);
    return { ...ad, id: twin?.id ?? newId() };
  });
}
