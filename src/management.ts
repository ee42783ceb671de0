/** Management and reports with what they need of the other rooms: the desk, the keys, the ledger, the feed, the totals. */
import { createTotalsReader } from './analytics/postgres-totals.ts';
import { openHighWater } from './analytics/redis-high-water.ts';
import { createTotals } from './analytics/totals.ts';
import { EXPLAINED_CANDIDATES } from './auction/explanation.ts';
import { createCampaignDesk } from './campaigns/postgres-desk.ts';
import { findKey } from './database/postgres-keys.ts';
import type { Pool } from './database/postgres-pool.ts';
import { isAway } from './database/postgres-refusals.ts';
import type { Pending } from './events/pending.ts';
import type { Market } from './market.ts';
import { adRoutes } from './server/ad-changes.ts';
import { createKeyCheck } from './server/admin-key.ts';
import { analyticsRoutes } from './server/analytics.ts';
import { campaignChangeRoutes } from './server/campaign-changes.ts';
import { campaignListRoutes } from './server/campaign-lists.ts';
import type { ExplainReader } from './server/explaining.ts';
import { createGatekeeper, identifyHolder, type GatekeeperEdges, type Holder } from './server/gatekeeper.ts';
import type { Log, Route } from './server/http.ts';
import type { ManagingEdges } from './server/managing.ts';
import { rememberHolders } from './server/remembered-holders.ts';
import type { Services } from './services.ts';
import type { Storage } from './storage.ts';

export interface ManagementParts {
  readonly market: Pick<Market, 'ledger' | 'catchUp'>;
  readonly storage: Pick<Storage, 'pool' | 'reads' | 'databaseName'>;
  readonly services: Pick<Services, 'shareRedis'>;
  readonly eventPath: { readonly pending: Pending };
  readonly config: { readonly retentionEventDays: number };
  readonly publicUrl: string;
  readonly adminKey: string;
  readonly log: Log;
}

export interface Management {
  readonly routes: readonly Route[];
  /** Who may be told why campaigns bid, and of which. */
  readonly findReader: (authorization: string) => Promise<ExplainReader | null>;
}

export function openManagement(parts: ManagementParts): Management {
  const { market, storage, publicUrl, adminKey, log } = parts;
  const keys: GatekeeperEdges = {
    isAdmin: createKeyCheck(adminKey),
    findHolder: (key) => findHolder(storage.pool, key),
  };
  const edges: ManagingEdges = {
    desk: createCampaignDesk(storage.pool),
    gatekeeper: createGatekeeper(keys),
    ledger: market.ledger,
    catchUp: market.catchUp,
    clock: Date.now,
    newId: () => crypto.randomUUID(),
    publicUrl,
    onBehind: (error) => log.warn({ err: error }, 'a change is committed and not yet served here'),
  };
  return {
    routes: [
      ...campaignListRoutes(edges),
      ...campaignChangeRoutes(edges),
      ...adRoutes(edges),
      ...reportingRoutes(parts, keys),
    ],
    findReader: async (authorization) => {
      const holder = await identifyHolder(keys, authorization);
      if (holder === null || holder === 'unavailable') return null;
      const { advertiserId } = holder;
      if (advertiserId === null) return { own: null };
      const page = await edges.desk.list({ status: 'active', advertiserId }, null, EXPLAINED_CANDIDATES);
      if (page === 'unavailable') return null;
      return { own: { ids: page.items.map(({ id }) => id), isCut: page.next !== null } };
    },
  };
}

function reportingRoutes(
  { storage, services, eventPath, config }: ManagementParts,
  keys: GatekeeperEdges,
): readonly Route[] {
  const redis = services.shareRedis(storage.databaseName);
  const clock = Date.now;
  return analyticsRoutes({
    gatekeeper: createGatekeeper({ ...keys, findHolder: rememberHolders(keys.findHolder) }),
    totals: createTotals({
      read: createTotalsReader(storage.reads),
      highWater: redis === null ? null : openHighWater(redis.connection, redis.databaseId),
      clock,
    }),
    pending: eventPath.pending,
    clock,
    keptDays: config.retentionEventDays,
  });
}

async function findHolder(pool: Pool, key: string): Promise<Holder | null | 'unavailable'> {
  try {
    const found = await findKey(pool, key);
    if (found === null) return null;
    const { name, role, advertiserId } = found;
    return { actor: `key:${name}`, mayChange: role === 'manage', advertiserId };
  } catch (error) {
    if (isAway(error)) return 'unavailable';
    throw error;
  }
}
