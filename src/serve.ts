/**
 * `serve`: the rooms, opened in the order in which they need each other, and closed in the reverse one.
 *
 *   services → storage → secrets → market (ledger, index, workers) → event path (spool, consumer) → routes → listen … SIGTERM → not ready → drain → close
 */
import { createTokenSigner, type SigningKey } from './auction/crypto-token.ts';
import { DEMO_AD_ID, seedDemo } from './campaigns/demo.ts';
import type { Config } from './config.ts';
import { openEventPath } from './event-path.ts';
import { openMarket } from './market.ts';
import { createSite } from './routes.ts';
import { loadAdminKey } from './server/admin-key.ts';
import type { HttpServer, Log } from './server/http.ts';
import { checkPort } from './server/port.ts';
import { createServer } from './server/uws-server.ts';
import { watchServices } from './services.ts';
import { openStorage, type Storage } from './storage.ts';
import { printWelcome } from './welcome.ts';

/** From the signal on; service managers and `docker stop` kill after 10 s. The drain takes 8 of it at most. */
const STOP_LIMIT_MS = 9_000;
const REPEAT_MS = 500;
/** What hangs in spite of all limits, or in a start under way, ends here; the watchdog sees to PostgreSQL. */
const EXIT_LIMIT_MS = 9_700;
/** All is closed: for what only a socket to a Postgres that hangs keeps. */
const LINGER_MS = 100;
/** The key of GAVEL_SIGNING_KEY; those of the database begin at 1. */
const CONFIGURED_KEY_NUMBER = 0;

/** Resolves once the server has stopped. Rejects when it can't start, with one sentence that says why. */
export async function serve(config: Config, log: Log): Promise<void> {
  const stopped = untilSignal();
  await checkPort(config.host, config.port);
  const services = await watchServices(config, log);
  const storage = await openStorage(config, log);
  services.publishChanges(storage.databaseUrl);
  const isSeeded = await loadDemo(config, storage, log);
  const { secrets, databaseName } = storage;
  const adminKey = loadAdminKey(config.adminKey, storage.dataDir);
  const publicUrl = config.publicUrl ?? `http://localhost:${String(config.port)}`;
  const market = await openMarket(
    config,
    storage,
    { publicUrl, redis: services.shareRedis(databaseName) },
    log,
  );
  if (!market.policy.secureUrl) {
    log.warn({ publicUrl }, 'GAVEL_PUBLIC_URL is not https: imps that ask for secure markup get no bid');
  }
  const eventPath = await openEventPath({ config, storage, shipper: services.shipper(), log });
  let isReady = true;
  const site = createSite({
    config,
    storage,
    market,
    services,
    eventPath,
    signer: createTokenSigner(signingKeys(config, secrets.signingKeys), secrets.userSalt),
    publicUrl,
    adminKey: adminKey.key,
    log,
    isReady: () => isReady,
    inFlight: () => server.inFlight,
  });
  const server: HttpServer = createServer({
    ...site,
    gzipBids: config.gzipBids,
    proxies: config.proxies,
    log,
    observe: (route, status, elapsedMs) => site.metrics.observeRequest(route, status, elapsedMs),
    countFailure: () => site.metrics.countFailure(),
  });
  const port = await server.listen(config.host, config.port);
  const { campaignCount } = market.holder.current;
  const hasDemo = market.holder.current.adOrdinal(DEMO_AD_ID) >= 0;
  log.info({ port, publicUrl, workers: config.workers, campaigns: campaignCount }, 'listening');
  printWelcome({ port, publicUrl, adminKey, isSeeded, campaignCount, hasDemo });

  // Rejects with what is wrong with a Postgres that comes later, as a start with it would.
  const signal = await Promise.race([stopped, storage.arrival.whenHere.then(() => stopped)]);
  const deadlineMs = performance.now() + STOP_LIMIT_MS;
  log.info({ signal }, 'stopping: requests in flight are answered first');
  isReady = false;
  await server.close();
  await site.close();
  await eventPath.close(deadlineMs - performance.now());
  await Promise.all([market.close(), services.close()]);
  await storage.close(deadlineMs - performance.now());
  site.metrics.close();
  log.info({}, 'stopped');
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** Only into an embedded database that nothing was ever put into; the demo's mark is that first change. */
async function loadDemo(config: Config, storage: Storage, log: Log): Promise<boolean> {
  if (!storage.isEmbedded) return false;
  if (!config.demo) {
    // A first change that holds nothing: a later start without GAVEL_DEMO=0 finds a folder that is not new.
    await storage.store.insertFirst([]);
    return false;
  }
  const campaigns = await seedDemo(storage.store, Date.now());
  if (campaigns > 0) log.info({ campaigns }, 'demo campaigns loaded');
  return campaigns > 0;
}

function signingKeys(config: Config, stored: readonly SigningKey[]): readonly SigningKey[] {
  if (config.signingKey === null) return stored;
  return [{ number: CONFIGURED_KEY_NUMBER, key: Buffer.from(config.signingKey) }, ...stored];
}

/**
 * The first signal stops the server, a later one ends it at once. One Ctrl-C can come twice, from the terminal and from
 * npm: what follows within REPEAT_MS is the same.
 */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstMs: number | null = null;
    const onSignal = (signal: NodeJS.Signals): void => {
      const nowMs = performance.now();
      if (firstMs === null) {
        firstMs = nowMs;
        resolve(signal);
        setTimeout(() => process.exit(1), EXIT_LIMIT_MS).unref();
      } else if (nowMs - firstMs > REPEAT_MS) {
        process.exit(1);
      }
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
