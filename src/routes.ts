/** Every route with what it needs of the other rooms. */
import { createDelivery } from './auction/delivery.ts';
import type { TokenSigner } from './auction/crypto-token.ts';
import type { Config } from './config.ts';
import { openEventDoor } from './event-door.ts';
import type { EventPath } from './event-path.ts';
import { openManagement } from './management.ts';
import type { Market } from './market.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { bidRoute } from './server/bidding.ts';
import { clickRoutes } from './server/clicks.ts';
import { deliveryRoutes } from './server/delivery.ts';
import { documentationRoutes } from './server/documentation.ts';
import { healthRoutes, type CheckResult, type HealthChecks } from './server/health.ts';
import type { BidRoute, Log, Route } from './server/http.ts';
import { createKeeper } from './server/keeper.ts';
import { meterHolds } from './server/metered-holds.ts';
import { noticeRoutes } from './server/notices.ts';
import { pixelRoutes } from './server/pixels.ts';
import { reportRoutes } from './server/reports.ts';
import { createSeller, type SellerEdges } from './server/selling.ts';
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
  /** Once nothing is served any more, and before the spool closes. */
  close(): Promise<void>;
}

export interface SiteParts {
  readonly config: Config;
  readonly storage: Storage;
  readonly market: Market;
  readonly services: Services;
  readonly eventPath: EventPath;
  readonly signer: TokenSigner;
  readonly publicUrl: string;
  readonly adminKey: string;
  readonly log: Log;
  readonly isReady: () => boolean;
  readonly inFlight: () => number;
}

export function createSite(parts: SiteParts): Site {
  const { config, market, signer, publicUrl, log } = parts;
  const { ledger, caps, holder, catalogOf, landingPages } = market;
  const clock = Date.now;
  const checks = healthChecksOf(parts);
  const door = openEventDoor(parts.eventPath, () => metrics);
  const { events, auctions } = door;
  const onSpent: SellerEdges['onSpent'] = (index, campaign) => {
    market.spent.put(index, campaign);
    metrics.countUnreserved();
  };
  const seller = createSeller({ publicUrl, signer, ledger, caps: meterHolds(caps, () => metrics), onSpent });
  const catalog = (): ReturnType<typeof catalogOf> => catalogOf(holder.current);
  const auction = createSimpleAuction({ ...market, seller });
  const management = openManagement(parts);
  const bids = bidRoute({
    ...market,
    seller,
    hashUser: (userId) => signer.hashUser(userId),
    findReader: management.findReader,
    clock,
    auctions,
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
    ...simpleFormRoutes({ auction, seller, ledger, caps, events, auctions, signer, clock, publicUrl }),
    ...deliveryRoutes({ delivery: createDelivery(market.policy), ledger, auctions, catalog, clock }),
    ...trackingRoutes({
      signer,
      ledger,
      caps,
      keeper: createKeeper(ledger, events),
      events,
      landingPages,
      clock,
      count: (type, outcome) => metrics.countNotice(type, outcome),
    }),
    ...management.routes,
    ...documentationRoutes(publicUrl),
    ...healthRoutes({
      checks,
      isMoving: () => isMoving(parts),
      reportIndex: market.reportIndex,
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
    relay: () => parts.services.relay(),
    changes: market.changeFigures,
    ...parts.eventPath.figures,
  });
  return { routes, bidRoute: bids, metrics, close: () => door.close() };
}

function trackingRoutes(edges: TrackingEdges): readonly Route[] {
  return [noticeRoutes, pixelRoutes, clickRoutes, reportRoutes].flatMap((routesOf) => routesOf(edges));
}

function isMoving({ eventPath, services, market }: SiteParts): boolean {
  const { spool, consumer, shipping } = eventPath.figures;
  if (!market.isKeeping()) return false;
  return spool().isSound && consumer().isUp && shipping().isUp && services.relay().state !== 'stuck';
}

function healthChecksOf(parts: SiteParts): HealthChecks {
  return {
    redis: () => parts.services.redis(),
    kafka: () => parts.services.kafka(),
    postgres: () => checkPostgres(parts),
    caps: () => parts.market.caps.state,
    breaker: () => parts.services.breaker(),
  };
}

function checkPostgres({ market, storage }: SiteParts): CheckResult {
  if (!storage.arrival.isHere || !market.isFed()) return 'down';
  return storage.isEmbedded ? 'embedded' : 'up';
}
