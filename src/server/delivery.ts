/** POST and GET /v1/delivery: every campaign that applies to an app, an os and a country. It lists; nothing is charged. */
import type { Delivery } from '../auction/delivery.ts';
import type { AuctionCounts } from '../events/door.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { NBR, type Nbr } from '../openrtb/codes.ts';
import type { Catalog } from './catalog.ts';
import { bodyFields, mistakes, noObject, queryFields, type Fields } from './fields.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import { readDelivery } from './simple-fields.ts';

export interface DeliveryEdges {
  readonly delivery: Delivery;
  readonly ledger: Ledger;
  readonly auctions: AuctionCounts;
  readonly catalog: () => Catalog;
  readonly clock: () => number;
}

const PATTERN = '/v1/delivery';

export function deliveryRoutes(edges: DeliveryEdges): readonly Route[] {
  return [
    {
      method: 'POST',
      pattern: PATTERN,
      name: 'delivery',
      browser: true,
      handle(request) {
        const fields = bodyFields(request.body);
        return fields === null ? noObject(request) : answer(edges, request, fields);
      },
    },
    {
      method: 'GET',
      pattern: PATTERN,
      name: 'delivery',
      browser: true,
      handle: (request) => answer(edges, request, queryFields(request.query)),
    },
  ];
}

function answer(edges: DeliveryEdges, request: HttpRequest, fields: Fields): HttpAnswer {
  const form = readDelivery(fields, request);
  if (fields.errors.length > 0) return mistakes(fields, request);
  const nowMs = edges.clock();
  const catalog = edges.catalog();
  const listed = edges.delivery.list(catalog.index, form, nowMs);
  if (typeof listed === 'number') return nothing(edges, listed, nowMs);
  const items = [];
  for (const { campaign, ad } of listed) {
    if (!edges.ledger.canReserve(catalog.account(campaign), nowMs)) continue;
    const { text, campaignId } = catalog.creative(ad);
    items.push({ cid: campaignId, img: text.imageUrl, cta: text.callToAction ?? text.title });
  }
  if (items.length === 0) return nothing(edges, NBR.budgetOrPacing, nowMs);
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(items) };
}

function nothing({ auctions }: DeliveryEdges, nbr: Nbr, nowMs: number): HttpAnswer {
  auctions.countNoBid(nbr, nowMs);
  return { status: 204 };
}
