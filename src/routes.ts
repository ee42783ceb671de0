/** Every route with what it needs of the other rooms. */
import { createDelivery } from './auction/delivery.ts';
import type { TokenSigner } from './auction/crypto-token.ts';
import type { Config } from './config.ts';
import { createCountingEvents } from './events/counting.ts';
import { managementRoutes } from './management.ts';
import type { Market } from './market.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createKeyCheck } from './server/admin-key.ts';
import { bidRoute } from './server/bidding.ts';
import { clickRoutes } from './server/clicks.ts';
import { deliveryRoutes } from './server/delivery.ts';
import { healthRoutes, type CheckResult, type HealthChecks } from './server/health.ts';
import type { BidRoute, Log, Route } from './server/http.ts';
import { createKeeper } from './server/keeper.ts';
import { noticeRoutes } from './server/notices.ts';
import { pixelRoutes } from './server/pixels.ts';
import { createSeller } from './server/selling.ts';
import { createSimpleAuction } from './server/simple-auction.ts';
import { simpleFormRoutes } from './server/simple-forms.ts';
import type { TrackingEdges } from './server/tracking.ts';
import { routeNames } from './server/uws-server.ts';
import type { Services } from './services.ts';
import type { Storage } from './storage.ts';

export interface Site {
  readonly routes: readonly Route[];
  readonly bidRoute: BidRoute;
  readonly metrics: Metrics;
}

export interface SiteParts {
  readonly config: Config;
  readonly storage: Storage;
  readonly market: Market;
  readonly services: Services;
  readonly signer: TokenSigner;
  readonly publicUrl: string;
  readonly adminKey: string;
  readonly log: Log;
  readonly isReady: () => boolean;
  readonly inFlight: () => number;
}

export function createSite(parts: SiteParts): Site {
  const { config, market, signer, publicUrl, log } = parts;
  const { ledger, holder, catalogOf, landingPages } = market;
  const clock = Date.now;
  const checks: HealthChecks = {
    redis: () => parts.services.redis(),
    kafka: () => parts.services.kafka(),
    postgres: () => checkPostgres(parts),
  };
  const events = createCountingEvents((type, origin) => {
    metrics.countEvent(type, origin);
  });
  const seller = createSeller(publicUrl, signer, ledger, (index, campaign) => {
    market.spent.put(index, campaign);
    metrics.countUnreserved();
  });
  const catalog = (): ReturnType<typeof catalogOf> => catalogOf(holder.current);
  const auction = createSimpleAuction(market.decider, seller, ledger, catalog);
  const tracking: TrackingEdges = {
    signer,
    ledger,
    keeper: createKeeper(ledger),
    events,
    clock,
    count: (type, outcome) => metrics.countNotice(type, outcome),
  };
  const bids = bidRoute({
    ...market,
    seller,
    isManager: createKeyCheck(parts.adminKey),
    clock,
    tmaxCapMs: config.tmaxCapMs,
    tmaxMarginMs: config.tmaxMarginMs,
    meter: {
      countAnswer: (nbr) => metrics.countAnswer(nbr),
      countResumed: () => metrics.countResumed(),
      observeStage: (stage, startMs, endMs) => metrics.observeStage(stage, startMs, endMs),
    },
    onFault: (error, { requestId, traceId }) =>
      log.error({ err: error, requestId, traceId }, 'a bid request failed'),
  });
  const routes: readonly Route[] = [
    ...simpleFormRoutes({ auction, seller, ledger, events, clock, publicUrl }),
    ...deliveryRoutes({ delivery: createDelivery(market.policy), ledger, catalog, clock }),
    ...noticeRoutes(tracking),
    ...pixelRoutes({ ...tracking, landingPages }),
    ...clickRoutes({ ...tracking, landingPages }),
    ...managementRoutes(parts),
    ...healthRoutes({
      checks,
      isReady: parts.isReady,
      renderMetrics: () => metrics.render(),
    }),
  ];
  const metrics = createMetrics(routeNames({ routes, bidRoute: bids }), {
    clock,
    index: () => holder.current,
    workers: market.workerFigures,
    ledger: () => ({ ...ledger.totals(), pendingNanos: ledger.pendingNanos() }),
    inFlight: parts.inFlight,
    checks,
  });
  return { routes, bidRoute: bids, metrics };
}

function checkPostgres({ market, storage }: SiteParts): CheckResult {
  if (!market.isFed()) return 'down';
  return storage.isEmbedded ? 'embedded' : 'up';
}
