/**
 * A campaign changed by a client: patched, or one of its ads. What a patch does not mention stays as it was, to the
 * nano; what comes out has passed the whole validation.
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

export function patchCampaign(current: Campaign, patch: Patch, newId: () => string): Validation {
  const read = validateReplacement(mergePatch(writeCampaign(current), patch), current, newId);
  if (!read.ok) return read;
  const { dailyBudgetNanos, lifetimeBudgetNanos } = current;
  // Above some million USD a decimal of JSON holds no ninth digit, which SQL may have written.
  return {
    ok: true,
    campaign: {
      ...read.campaign,
      ...(Object.hasOwn(patch, 'dailyBudget') ? {} : { dailyBudgetNanos }),
      ...(Object.hasOwn(patch, 'lifetimeBudget') ? {} : { lifetimeBudgetNanos }),
    },
  };
}

export function addAd(current: Campaign, input: unknown, newId: () => string): AdRevision {
  const mistakes: Mistake[] = [];
  const ad = readAd(new WireObject(input, '', mistakes), newId());
  if (!mayJoin(current.ads)) mistakes.push({ kind: 'rule', field: 'ads', message: TOO_MANY_ADS });
  return revised({ ...current, ads: [...current.ads, ad] }, ad, mistakes);
}

/** `present`: one of the campaign's ads. */
export function patchAd(current: Campaign, present: Ad, patch: Patch): AdRevision {
  const mistakes: Mistake[] = [];
  const ad = readAd(new WireObject(mergePatch(present, patch), '', mistakes), present.id);
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
