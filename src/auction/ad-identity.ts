/** The 32 bytes of a campaign's and an ad's id as tokens carry them: made once per ad rather than once per bid. */

export type AdIdentity = Buffer & { readonly kind: 'AdIdentity' };

export function adIdentity(campaignId: string, adId: string): AdIdentity {
  return Buffer.from((campaignId + adId).replaceAll('-', ''), 'hex') as AdIdentity;
}
