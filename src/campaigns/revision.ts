/**
 * A campaign changed by a client: patched, or one of its ads. What a patch does not mention stays as it was, to the
 * nano; what it does mention has passed validation.
 */
import { mayJoin, TOO_MANY_ADS } from './ad-list.ts';
import { readAd } from './ad-validation.ts';
import { writeCampaign } from './document.ts';
import { mergePatch } from './merge-patch.ts';
import type { Ad, Campaign } from './model.ts';
import { kindOf, validateReplacement, type Validation } from './validation.ts';
import { WireObject, type Mistake } from './wire.ts';

export type AdRevision =
  | { readonly ok: true; readonly campaign: Campaign; readonly ad: Ad }
  | Extract<Validation, { readonly ok: false }>;

type Patch = Readonly<Record<string, unknown>>;

/** Sound values of the required fields, in the place of what a patch does not mention. */
const UNMENTIONED = {
  name: 'unmentioned',
  bid: { model: 'cpm', amount: 1 },
  dailyBudget: 1,
  ads: [
    { title: 'unmentioned', html: 'unmentioned', redirectUrl: 'https://ad.example/', width: 1, height: 1 },
  ],
};
/** Fields of a campaign that clients know by another name. */
const WIRE_NAMES: ReadonlyMap<string, string> = new Map([
  ['dailyBudgetNanos', 'dailyBudget'],
  ['lifetimeBudgetNanos', 'lifetimeBudget'],
]);

/**
 * Only what the patch mentions is judged: a stored campaign may hold a value that has left its list since, or one that
 * SQL wrote, and its budget can be changed all the same.
 */
export function patchCampaign(current: Campaign, patch: Patch, newId: () => string): Validation {
  const isMentioned = (name: string) => Object.hasOwn(patch, name);
  const document = {
    ...pick(writeCampaign(current), isMentioned),
    ...pick({ ...UNMENTIONED, advertiserId: current.advertiserId }, (name) => !isMentioned(name)),
  };
  // A start that the patch takes away is the default one, not the one that was there.
  const born = { ...current, schedule: { ...current.schedule, startMs: current.createdAtMs } };
  const read = validateReplacement(mergePatch(document, patch), born, newId);
  if (!read.ok) return read;
  const changed = pick(read.campaign, (field) => isMentioned(WIRE_NAMES.get(field) ?? field));
  return { ok: true, campaign: { ...current, ...changed } };
}

export function addAd(current: Campaign, input: unknown, newId: () => string): AdRevision {
  const mistakes: Mistake[] = [];
  const ad = readAd(new WireObject(input, '', mistakes), newId());
  if (!mayJoin(current.ads)) mistakes.push({ kind: 'rule', field: 'ads', message: TOO_MANY_ADS });
  return revised({ ...current, ads: [...current.ads, ad] }, ad, mistakes);
}

/** `present`: one of the campaign's ads. Its categories may have left their list since: they are judged if mentioned. */
export function patchAd(current: Campaign, present: Ad, patch: Patch): AdRevision {
  const mistakes: Mistake[] = [];
  const isJudged = Object.hasOwn(patch, 'categories') || Object.hasOwn(patch, 'cattax');
  const document = mergePatch(isJudged ? present : { ...present, categories: [] }, patch);
  const read = readAd(new WireObject(document, '', mistakes), present.id);
  const ad = isJudged ? read : { ...read, categories: present.categories };
  const ads = current.ads.map((known) => (known === present ? ad : known));
  return revised({ ...current, ads }, ad, mistakes);
}

/** null: it is the only one, and a campaign has one ad or more. */
export function removeAd(current: Campaign, present: Ad): Campaign | null {
  if (current.ads.length === 1) return null;
  return { ...current, ads: current.ads.filter((ad) => ad !== present) };
}

function revised(campaign: Campaign, ad: Ad, mistakes: readonly Mistake[]): AdRevision {
  if (mistakes.length === 0) return { ok: true, campaign, ad };
  return { ok: false, kind: kindOf(mistakes), mistakes };
}

function pick<T extends object>(members: T, isPicked: (name: string) => boolean): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([name]) => isPicked(name))) as Partial<T>;
}
