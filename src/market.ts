/** What decides and what pays: the ledger, the index and its feed, the decider and the hand-over to its workers. */
import type { DeciderPolicy } from './auction/admit.ts';
import { DEFAULT_LAYOUT } from './auction/batch.ts';
import { createRates, type Rates } from './auction/currency.ts';
import { createDecider, type Decider } from './auction/decide.ts';
import { watchRates, type RatesFile } from './auction/disk-rates.ts';
import type { Handover } from './auction/handover.ts';
import { createInlineHandover } from './auction/inline-handover.ts';
import { openPool, type Pool } from './auction/piscina-pool.ts';
import { NOTHING_YET } from './auction/pool-report.ts';
import { followCampaigns, type FeedEdges } from './campaign-feed.ts';
import {
  followChangeStream,
  listenForChanges,
  type ChangeFigures,
  type SharedRedis,
} from './change-source.ts';
import type { Config } from './config.ts';
import { keepIndex } from './index-keeping.ts';
import { refreshRanks } from './rank-refresh.ts';
import { createAccountOpening } from './account-opening.ts';
import type { Caps } from './ledger/caps.ts';
import { openDiskJournal } from './ledger/disk-journal.ts';
import { openCaps } from './ledger/embedded-caps.ts';
import { openLedger } from './ledger/embedded.ts';
import type { Journal } from './ledger/journal.ts';
import type { CountedLedger } from './ledger/ledger.ts';
import { loadCountries } from './openrtb/geo-database.ts';
import type { WorkerFigures } from './metric-sources.ts';
import { createCatalogs, type Catalog } from './server/catalog.ts';
import type { IndexReport } from './server/health.ts';
import type { Log } from './server/http.ts';
import { createLandingPages, type LandingPages } from './server/landing-pages.ts';
import { createSpentCampaigns, type SpentCampaigns } from './server/spent-campaigns.ts';
import type { Storage } from './storage.ts';
import { IndexHolder } from './targeting/index-holder.ts';
import type { Index } from './targeting/tiers.ts';
import { openSharedLedger, type OpenLedger } from './shared-ledger.ts';
import { locateThread } from './thread-file.ts';

export interface Market {
  readonly ledger: CountedLedger;
  readonly caps: Caps;
  readonly holder: IndexHolder;
  readonly spent: SpentCampaigns;
  readonly policy: DeciderPolicy;
  readonly decider: Decider;
  readonly handover: Handover;
  readonly catalogOf: (index: Index) => Catalog;
  readonly landingPages: LandingPages;
  readonly workerFigures: () => WorkerFigures;
  readonly changeFigures: () => ChangeFigures;
  /** Postgres answered when it was last asked. */
  readonly isFed: () => boolean;
  /** Resolves once the index holds every change committed before the call; rejects where it can't be brought to it. */
  readonly catchUp: () => Promise<void>;
  /** Where the index came from. */
  readonly reportIndex: () => IndexReport;
  close(): Promise<void>;
}

/** What a market knows of what lies beyond its process. */
interface Outside {
  readonly publicUrl: string;
  /** null: no other server has the same campaigns, or each asks Postgres for itself. */
  readonly redis: SharedRedis | null;
}

const TICK_MS = 1_000;
const INLINE_FIGURES: WorkerFigures = { ...NOTHING_YET, waitingRequests: 0, busyRegions: 0, threads: 0 };

/** Resolves once the index is loaded and every worker has started. */
export async function openMarket(
  config: Config,
  storage: Storage,
  outside: Outside,
  log: Log,
): Promise<Market> {
  const rates = createRates();
  const ratesFile = config.fxFile === null ? null : followRates(config.fxFile, rates, log);
  const policy = policyOf(config, rates, outside.publicUrl, log);
  const { ledger, close: closeBooks } = await openBooks(config, storage, outside.redis, log);
  const caps = await openFrequencyCaps(storage, outside.redis, log);
  const priors = { ctr: config.priorCtr, cvr: config.priorCvr };
  const accounts = createAccountOpening(ledger);
  const keeping = await keepIndex(storage, priors, log);
  const { compiler, first } = keeping;
  const { store, databaseUrl } = storage;
  const feedEdges: FeedEdges = { store, compiler, databaseUrl, priors, clock: Date.now, log };
  const holder = new IndexHolder(first.writer.index, startTimer);
  const catalogOf = createCatalogs(ledger);
  const spent = createSpentCampaigns(ledger, () => holder, catalogOf);
  const landingPages = openLandingPages(() => catalogOf(holder.current), storage, log);
  const feed = followCampaigns(feedEdges, first, holder, ({ index, fresh, changed }) => {
    landingPages.keepDeparting(catalogOf(holder.current), index, changed);
    spent.carryOver(index, fresh, Date.now());
    accounts.note(catalogOf(index), changed);
    keeping.noteChange();
  });
  const distrust = (): void => first.writer.distrust();
  const changeEdges = { feed, distrust, store, databaseUrl, log };
  const changes =
    outside.redis === null
      ? listenForChanges(changeEdges)
      : await followChangeStream(changeEdges, outside.redis);
  await keeping.confirm(() => feed.catchUp());
  const everyMs = config.ratesSec * 1_000;
  const ranks = refreshRanks({ meter: compiler, holder, feed, databaseUrl, priors, everyMs, log });
  const decider = createDecider(policy);
  const pool = config.workers === 0 ? null : await openWorkers(config.workers, policy, decider, holder, log);
  const handover =
    pool ?? createInlineHandover(decider, (fault) => log.error({ fault }, 'a decision failed'));
  const ticker = setInterval(() => tick({ ledger, caps, spent }, Date.now()), TICK_MS);

  return {
    ledger,
    caps,
    holder,
    spent,
    policy,
    decider,
    handover,
    catalogOf,
    landingPages,
    workerFigures: () => pool?.stats() ?? INLINE_FIGURES,
    changeFigures: () => changes.figures(),
    isFed: () => feed.isConnected,
    catchUp: () => feed.catchUp().then(() => accounts.open()),
    reportIndex: () => keeping.report(),
    async close() {
      clearInterval(ticker);
      ratesFile?.close();
      await handover.close();
      ranks.stop();
      feed.stop();
      await changes.close();
      await keeping.close();
      await Promise.all([closeBooks(), caps.close()]);
    },
  };
}

function openLandingPages(current: () => Catalog, { store }: Storage, log: Log): LandingPages {
  return createLandingPages(current, store, (error) =>
    log.warn({ err: error }, 'the landing page of a past ad can not be looked up'),
  );
}

function tick({ ledger, caps, spent }: Pick<Market, 'ledger' | 'caps' | 'spent'>, nowMs: number): void {
  spent.reopen(ledger.tick(nowMs));
  caps.tick(nowMs);
}

function policyOf(config: Config, rates: Rates, publicUrl: string, log: Log): DeciderPolicy {
  const { database: countries, builtAt } = loadCountries(config.geoFile);
  log.info({ builtAt }, 'countries by address');
  return {
    rates,
    countries,
    vendorId: config.tcfVendorId,
    secureUrl: publicUrl.startsWith('https:'),
    blockedSellers: config.blockedSellers,
    tmaxMarginMs: config.tmaxMarginMs,
  };
}

function followRates(file: string, rates: Rates, log: Log): RatesFile {
  return watchRates(file, rates, (outcome) => {
    if ('error' in outcome) log.warn(outcome, 'exchange rates: the file is wrong, the last ones stay');
    else log.info(outcome, 'exchange rates');
  });
}

async function openBooks(
  config: Config,
  storage: Storage,
  redis: SharedRedis | null,
  log: Log,
): Promise<OpenLedger> {
  if (redis !== null) return openSharedLedger(config, storage, redis, log);
  const ledger = openLedger({ journal: openJournal(storage, 'ledger', log), nowMs: Date.now() });
  return { ledger, close: () => ledger.close() };
}

async function openFrequencyCaps(storage: Storage, redis: SharedRedis | null, log: Log): Promise<Caps> {
  if (redis === null) return openCaps(openJournal(storage, 'caps', log));
  const { openRedisCaps } = await import('./ledger/redis-caps.ts');
  const onFault = (fault: string): void => log.error({ fault }, 'frequency caps could not be asked');
  return openRedisCaps({ redis: redis.connection, onFault });
}

function openJournal(storage: Storage, folder: 'ledger' | 'caps', log: Log): Journal {
  return openDiskJournal(`${storage.dataDir}/${folder}`, {
    onTorn: (torn) =>
      log.warn(torn, 'the journal ended in the middle of a record, which was cut off and kept'),
  });
}

function openWorkers(
  workers: number,
  policy: DeciderPolicy,
  decider: Decider,
  holder: IndexHolder,
  log: Log,
): Promise<Pool> {
  return openPool({
    workers,
    policy,
    workerFile: locateThread('./auction/piscina-worker'),
    layout: DEFAULT_LAYOUT,
    indexes: holder,
    decideInline: ({ pinned, body, nowMs, resume }) => decider.decide(pinned.index, body, nowMs, resume),
    hooks: {
      onBatch: () => undefined,
      onWorkerExit: (exitCode) => log.warn({ exitCode }, 'a worker ended and is replaced'),
      onFault: (fault) => log.error({ fault }, 'a worker failed'),
    },
  });
}

function startTimer(afterMs: number, action: () => void): () => void {
  const timer = setTimeout(action, afterMs);
  return () => {
    clearTimeout(timer);
  };
}
