/** POST /campaigns, and what changes a campaign as a whole: PUT, PATCH, DELETE, pause, resume. */
import type { Verdict } from '../campaigns/desk.ts';
import type { Campaign, CampaignStatus } from '../campaigns/model.ts';
import { patchCampaign } from '../campaigns/revision.ts';
import { validateCampaign, validateReplacement, type Validation } from '../campaigns/validation.ts';
import { campaignAnswer, invalid } from './campaign-answers.ts';
import { bodyObject, noObject } from './fields.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import {
  changing,
  changingCampaign,
  checkAdvertiser,
  checkOpen,
  refuse,
  type Handle,
  type ManagingEdges,
} from './managing.ts';

const CAMPAIGN = '/campaigns/{id}';

export function campaignChangeRoutes(edges: ManagingEdges): readonly Route[] {
  return [
    { method: 'POST', pattern: '/campaigns', name: 'campaign_create', handle: creating(edges) },
    {
      method: 'PUT',
      pattern: CAMPAIGN,
      name: 'campaign_replace',
      handle: revising(edges, 'replace', (body, current) => validateReplacement(body, current, edges.newId)),
    },
    {
      method: 'PATCH',
      pattern: CAMPAIGN,
      name: 'campaign_patch',
      handle: revising(edges, 'patch', (body, current) => patchCampaign(current, body, edges.newId)),
    },
    { method: 'DELETE', pattern: CAMPAIGN, name: 'campaign_end', handle: ending(edges) },
    {
      method: 'POST',
      pattern: `${CAMPAIGN}/pause`,
      name: 'campaign_pause',
      handle: switching(edges, 'pause', 'paused'),
    },
    {
      method: 'POST',
      pattern: `${CAMPAIGN}/resume`,
      name: 'campaign_resume',
      handle: switching(edges, 'resume', 'active'),
    },
  ];
}

function creating(edges: ManagingEdges): Handle {
  const { desk, newId, clock, publicUrl } = edges;
  return changing(edges, async (request, holder, order) => {
    const body = bodyObject(request.body);
    if (body === null) return refused(noObject(request));
    const read = validateCampaign(body, { nowMs: clock(), newId });
    if (!read.ok) return refused(invalid(request, read));
    const refusal = checkAdvertiser(request, read.campaign, holder);
    if (refusal !== null) return refused(refusal);
    return desk.create(read.campaign, order, (written) =>
      campaignAnswer(written, spendOf(edges, written), 201, {
        location: `${publicUrl}/campaigns/${written.id}`,
      }),
    );
  });
}

function revising(
  edges: ManagingEdges,
  action: string,
  revise: (body: Readonly<Record<string, unknown>>, current: Campaign) => Validation,
): Handle {
  return changingCampaign(edges, (request, current, holder) => {
    const body = bodyObject(request.body);
    if (body === null) return refuse(noObject(request));
    const ended = checkOpen(request, current);
    if (ended !== null) return refuse(ended);
    const read = revise(body, current);
    if (!read.ok) return refuse(invalid(request, read));
    const refusal = checkAdvertiser(request, read.campaign, holder);
    return refusal === null ? write(edges, read.campaign, action) : refuse(refusal);
  });
}

function switching(edges: ManagingEdges, action: string, status: CampaignStatus): Handle {
  return changingCampaign(edges, (request, current) => {
    const refusal = checkOpen(request, current);
    return refusal === null ? write(edges, { ...current, status }, action) : refuse(refusal);
  });
}

/** Twice is as good as once. */
function ending(edges: ManagingEdges): Handle {
  return changingCampaign(edges, (_request: HttpRequest, current) => ({
    kind: 'write',
    campaign: { ...current, status: 'ended' },
    action: 'end',
    answer: () => ({ status: 204, headers: {}, body: '' }),
  }));
}

function write(edges: ManagingEdges, campaign: Campaign, action: string): Verdict<HttpAnswer> {
  return {
    kind: 'write',
    campaign,
    action,
    answer: (written) => campaignAnswer(written, spendOf(edges, written)),
  };
}

function spendOf({ ledger, clock }: ManagingEdges, { id }: Campaign) {
  return ledger.spend(id, clock());
}

function refused(refusal: HttpAnswer) {
  return { kind: 'refused', refusal } as const;
}
