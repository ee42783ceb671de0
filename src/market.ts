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
  type ChangeEdges,
  type ChangeFigures,
  type ChangeSource,
  type SharedRedis,
} from './change-source.ts';
import type { Config } from './config.ts';
import { keepIndex } from './index-keeping.ts';
import { keepJournals, type Journals } from './journal-keeping.ts';
import { refreshRanks } from './rank-refresh.ts';
import { createAccountOpening } from './account-opening.ts';
import type { WatchedCaps } from './ledger/caps.ts';
import { openLedger } from './ledger/embedded.ts';
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
import { openFrequencyCaps } from './shared-caps.ts';
import { openSharedLedger, type OpenLedger } from './shared-ledger.ts';
import { locateThread } from './thread-file.ts';

export interface Market {
  readonly ledger: CountedLedger;
  readonly caps: WatchedCaps;
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
  /** The disk takes what the ledger and the caps keep. */
  readonly isKeeping: () => boolean;
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
/** A start waits so long for the books of its campaigns; the others are opened while it serves. */
const OPENING_LIMIT_MS = 2_000;
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
  const journals = keepJournals(storage.dataDir, log);
  const { ledger, ...books } = await openBooks(config, storage, outside.redis, journals, log);
  const priors = { ctr: config.priorCtr, cvr: config.priorCvr };
  const accounts = createAccountOpening(ledger, outside.redis !== null);
  const keeping = await keepIndex(storage, priors, log);
  const { compiler, first } = keeping;
  const { store, databaseUrl } = storage;
  const feedEdges: FeedEdges = { store, compiler, databaseUrl, priors, clock: Date.now, log };
  const holder = new IndexHolder(first.writer.index, startTimer);
  const catalogOf = createCatalogs(ledger);
  const current = (): Catalog => catalogOf(holder.current);
  const capsParts = { redis: outside.redis, owed: books.owed, pool: storage.pool, journals, current };
  const { caps, close: closeCaps } = await openFrequencyCaps(capsParts, log);
  const spent = createSpentCampaigns(ledger, () => holder, catalogOf);
  const landingPages = openLandingPages(current, storage, log);
  const feed = followCampaigns(feedEdges, first, holder, ({ index, fresh, changed }) => {
    landingPages.keepDeparting(current(), index, changed);
    spent.carryOver(index, fresh, Date.now());
    accounts.note(catalogOf(index), changed);
    keeping.noteChange();
  });
  const changeEdges = { feed, distrust: () => first.writer.distrust(), store, databaseUrl, log };
  const changes = await followChanges(changeEdges, outside.redis);
  await keeping.confirm(() => feed.catchUp());
  await accounts.openAll(current(), OPENING_LIMIT_MS);
  books.begin();
  const everyMs = config.ratesSec * 1_000;
  const ranks = refreshRanks({ meter: compiler, holder, feed, databaseUrl, priors, everyMs, log });
  const decider = createDecider(policy);
  const pool = config.workers === 0 ? null : await openWorkers(config.workers, policy, decider, holder, log);
  const handover =
    pool ?? createInlineHandover(decider, (fault) => log.error({ fault }, 'a decision failed'));
  const ticker = setInterval(() => tick({ ledger, caps, spent, journals }, Date.now()), TICK_MS);

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
    isKeeping: () => books.isKeeping() && journals.isKeeping,
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
      await closeCaps().then(() => books.close());
    },
  };
}

function openLandingPages(current: () => Catalog, { store }: Storage, log: Log): LandingPages {
  return createLandingPages(current, store, (error) =>
    log.warn({ err: error }, 'the landing page of a past ad can not be looked up'),
  );
}

type Ticking = Pick<Market, 'ledger' | 'caps' | 'spent'> & { readonly journals: Journals };

function tick({ ledger, caps, spent, journals }: Ticking, nowMs: number): void {
  spent.reopen(ledger.tick(nowMs));
  caps.tick(nowMs);
  journals.look();
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
  journals: Journals,
  log: Log,
): Promise<OpenLedger> {
  if (redis !== null) return openSharedLedger(config, storage, redis, log);
  const ledger = openLedger({ journal: journals.open('ledger'), nowMs: Date.now() });
  return { ledger, isKeeping: () => true, owed: null, begin: () => undefined, close: () => ledger.close() };
}

async function followChanges(edges: ChangeEdges, redis: SharedRedis | null): Promise<ChangeSource> {
  return redis === null ? listenForChanges(edges) : followChangeStream(edges, redis);
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
