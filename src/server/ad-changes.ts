/** The ads of a campaign, one by one: POST /campaigns/{id}/ads, and GET, PATCH, DELETE of one. */
import type { Verdict } from '../campaigns/desk.ts';
import type { Ad, Campaign } from '../campaigns/model.ts';
import { addAd, patchAd, removeAd, type AdRevision } from '../campaigns/revision.ts';
import { adAnswer, invalid, NO_AD, NO_CAMPAIGN } from './campaign-answers.ts';
import { fail } from './errors.ts';
import { bodyObject, noObject } from './fields.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import {
  campaignIdOf,
  changingCampaign,
  checkOpen,
  reading,
  refuse,
  type Handle,
  type ManagingEdges,
} from './managing.ts';

const ADS = '/campaigns/{id}/ads';
const AD = `${ADS}/{adId}`;

export function adRoutes(edges: ManagingEdges): readonly Route[] {
  return [
    { method: 'POST', pattern: ADS, name: 'ad_add', handle: adding(edges) },
    { method: 'GET', pattern: AD, name: 'ad_read', handle: readingAd(edges) },
    { method: 'PATCH', pattern: AD, name: 'ad_patch', handle: patching(edges) },
    { method: 'DELETE', pattern: AD, name: 'ad_end', handle: removing(edges) },
  ];
}

function adding(edges: ManagingEdges): Handle {
  return changingCampaign(edges, (request, current) => {
    const body = bodyObject(request.body);
    if (body === null) return refuse(noObject(request));
    const ended = checkOpen(request, current);
    if (ended !== null) return refuse(ended);
    return write(request, addAd(current, body, edges.newId), 'add ad', (written, ad) =>
      adAnswer(written, ad, 201, {
        location: `${edges.publicUrl}/campaigns/${written.id}/ads/${ad.id}`,
      }),
    );
  });
}

function readingAd(edges: ManagingEdges): Handle {
  return reading(edges, async (request, { advertiserId }) => {
    const id = campaignIdOf(request);
    const campaign = id === null ? null : await edges.desk.find(id, advertiserId);
    if (campaign === 'unavailable') return campaign;
    if (campaign === null) return fail(request, 'NOT_FOUND', NO_CAMPAIGN);
    const ad = adOf(request, campaign);
    return ad === null ? fail(request, 'NOT_FOUND', NO_AD) : adAnswer(campaign, ad);
  });
}

function patching(edges: ManagingEdges): Handle {
  return changingAd(edges, (request, current, ad) => {
    const body = bodyObject(request.body);
    if (body === null) return refuse(noObject(request));
    return write(request, patchAd(current, ad, body), 'patch ad', adAnswer);
  });
}

function removing(edges: ManagingEdges): Handle {
  return changingAd(edges, (request, current, ad) => {
    const campaign = removeAd(current, ad);
    if (campaign === null) {
      return refuse(
        fail(request, 'UNPROCESSABLE', 'ads: a campaign has one ad or more, and this is its last'),
      );
    }
    return {
      kind: 'write',
      campaign,
      action: 'end ad',
      answer: () => ({ status: 204, headers: {}, body: '' }),
    };
  });
}

function changingAd(
  edges: ManagingEdges,
  decide: (request: HttpRequest, current: Campaign, ad: Ad) => Verdict<HttpAnswer>,
): Handle {
  return changingCampaign(edges, (request, current) => {
    const ad = adOf(request, current);
    if (ad === null) return refuse(fail(request, 'NOT_FOUND', NO_AD));
    const ended = checkOpen(request, current);
    return ended === null ? decide(request, current, ad) : refuse(ended);
  });
}

function write(
  request: HttpRequest,
  revision: AdRevision,
  action: string,
  answer: (written: Campaign, ad: Ad) => ReturnType<typeof adAnswer>,
): Verdict<HttpAnswer> {
  if (!revision.ok) return refuse(invalid(request, revision));
  const { campaign, ad } = revision;
  return { kind: 'write', campaign, action, answer: (written) => answer(written, ad) };
}

function adOf(request: HttpRequest, { ads }: Campaign): Ad | null {
  const id = (request.params.adId ?? '').toLowerCase();
  return ads.find((ad) => ad.id === id) ?? null;
}
