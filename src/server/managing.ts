/**
 * The way of every management request: the key, the campaign's id, the work, the answer. The answer to a change leaves
 * once this node serves by it.
 */
import type { CampaignDesk, Order, Outcome, Verdict } from '../campaigns/desk.ts';
import type { Campaign } from '../campaigns/model.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { checkMatch, NO_CAMPAIGN } from './campaign-answers.ts';
import { fail } from './errors.ts';
import type { Gatekeeper, Holder } from './gatekeeper.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';
import { readOnce } from './idempotency.ts';

export interface ManagingEdges {
  readonly desk: CampaignDesk;
  readonly gatekeeper: Gatekeeper;
  readonly ledger: Pick<Ledger, 'spend' | 'refresh'>;
  /** Resolves once this node serves by every change committed before the call. */
  readonly catchUp: () => Promise<void>;
  readonly clock: () => number;
  readonly newId: () => string;
  readonly publicUrl: string;
  /** A change is committed, and this node could not load it. */
  readonly onBehind: (error: unknown) => void;
}

export type Handle = (request: HttpRequest) => Promise<HttpAnswer>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const AWAY = 'campaigns can not be read: Postgres is away';

/** A request that only reads. */
export function reading(
  { gatekeeper }: ManagingEdges,
  read: (request: HttpRequest, holder: Holder) => Promise<HttpAnswer | 'unavailable'>,
): Handle {
  return async (request) => {
    const admission = await gatekeeper(request, false);
    if (admission.kind === 'refused') return admission.answer;
    const answer = await read(request, admission.holder);
    return answer === 'unavailable' ? fail(request, 'UNAVAILABLE', AWAY) : answer;
  };
}

/** A request that changes something; `work` may refuse by itself. */
export function changing(
  edges: ManagingEdges,
  work: (request: HttpRequest, holder: Holder, order: Order) => Promise<Outcome<HttpAnswer>>,
): Handle {
  return async (request) => {
    const admission = await edges.gatekeeper(request, true);
    if (admission.kind === 'refused') return admission.answer;
    const { holder } = admission;
    const once = request.method === 'POST' ? readOnce(request) : null;
    if (once === 'unsound') {
      return fail(request, 'INVALID_REQUEST', 'idempotency-key: must be 1 to 255 printable characters');
    }
    const order = { actor: holder.actor, advertiserId: holder.advertiserId, once };
    return answerOutcome(edges, request, await work(request, holder, order));
  };
}

/** A change of the campaign that the path names, which has not ended and is at the version of `If-Match`. */
export function changingCampaign(
  edges: ManagingEdges,
  decide: (request: HttpRequest, current: Campaign, holder: Holder) => Verdict<HttpAnswer>,
): Handle {
  return changing(edges, async (request, holder, order) => {
    const id = campaignIdOf(request);
    if (id === null) return { kind: 'unknown' };
    return edges.desk.change(id, order, (current) => {
      const refusal = checkMatch(request, current);
      return refusal === null ? decide(request, current, holder) : { kind: 'refuse', refusal };
    });
  });
}

/** null: no campaign can have it. */
export function campaignIdOf(request: HttpRequest): string | null {
  return uuidOf(request.params.id ?? '');
}

/** In lower case; null: it is none. */
export function uuidOf(text: string): string | null {
  const id = text.toLowerCase();
  return UUID.test(id) ? id : null;
}

export function refuse(refusal: HttpAnswer): Verdict<HttpAnswer> & { readonly kind: 'refuse' } {
  return { kind: 'refuse', refusal };
}

/** What has ended stays as it is. */
export function checkOpen(request: HttpRequest, { status }: Campaign): HttpAnswer | null {
  return status === 'ended' ? fail(request, 'CONFLICT', 'the campaign has ended, and stays as it is') : null;
}

/** The 403 for a key of one advertiser that names another. */
export function checkAdvertiser(
  request: HttpRequest,
  { advertiserId }: Campaign,
  holder: Holder,
): HttpAnswer | null {
  if (holder.advertiserId === null || holder.advertiserId === advertiserId) return null;
  return fail(request, 'FORBIDDEN', `advertiserId: this key is for ${holder.advertiserId} alone`);
}

async function answerOutcome(
  edges: ManagingEdges,
  request: HttpRequest,
  outcome: Outcome<HttpAnswer>,
): Promise<HttpAnswer> {
  switch (outcome.kind) {
    case 'done':
    case 'replayed': {
      const { status, headers, body } = outcome.answer;
      try {
        await edges.catchUp();
      } catch (error) {
        edges.onBehind(error);
        return fail(
          request,
          'UNAVAILABLE',
          'the change is made, but this node can not load it yet: it will by itself',
        );
      }
      return body === '' ? { status, headers } : { status, headers, body };
    }
    case 'refused':
      return outcome.refusal;
    case 'unknown':
      return fail(request, 'NOT_FOUND', NO_CAMPAIGN);
    case 'key_reused':
      return fail(request, 'UNPROCESSABLE', 'idempotency-key: was used before, for another request');
    case 'unavailable':
      return fail(request, 'UNAVAILABLE', 'nothing was changed: Postgres is away or busy');
    case 'uncertain':
      return fail(
        request,
        'UNAVAILABLE',
        'Postgres hangs, or went away during the commit: read the campaigns to see whether the change was made, or ' +
          'send it again with the same Idempotency-Key',
      );
  }
}
