/**
 * Two servers on one Postgres and one Redis spend one budget: under load, when one is killed in the middle of it, when Redis
 * is away.
 */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, it, vi, type TestContext } from 'vitest';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { loadSecrets, nameDatabase } from './database/postgres-secrets.ts';
import {
  ADMIN_KEY,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';
import { serviceUrl } from './fixtures/services.ts';
import { openProxy, type Proxy } from './fixtures/toxiproxy.ts';

const WAIT = { timeout: 120_000, interval: 50 };
const PRICE_USD = 5;
const IMPRESSION_NANOS = 5_000_000;
/** Of a bid; then its money comes back, and that of a lease a minute later, as a win would have kept it. */
const VALID_SEC = 5;
/** A round of requests at once. */
const AT_ONCE = 25;

const server = openScratchServer();
afterAll(() => server.close());

/** A database of one test's own, and what it started. */
interface World {
  readonly pool: Pool;
  /** Resolves once the server and its Redis are up. */
  start(folder?: string, redisUrl?: string): Promise<GavelProcess>;
}

/** Of tests that run at once, each must say what it is that has finished. */
type Ending = Pick<TestContext, 'onTestFinished'>;

async function openWorld({ onTestFinished }: Ending): Promise<World> {
  const database = await server.createDatabase();
  await migrate(database);
  const pool = openPool(database, () => {});
  const running: GavelProcess[] = [];
  const folders = new Set<string>();
  onTestFinished(async () => {
    await Promise.all(running.map((gavel) => gavel.kill()));
    folders.forEach(removeDataDir);
    await removeKeys(nameDatabase(await loadSecrets(pool)));
    await pool.end();
  });
  return {
    pool,
    async start(folder = newDataDir(), redisUrl = serviceUrl('REDIS_URL')) {
      folders.add(folder);
      const environment = { DATABASE_URL: database, REDIS_URL: redisUrl, GAVEL_WORKERS: '0' };
      const gavel = await startGavel(folder, environment);
      running.push(gavel);
      await vi.waitUntil(async () => (await healthOf(gavel)) === 'up', WAIT);
      return gavel;
    },
  };
}

async function removeKeys(databaseName: string): Promise<void> {
  const redis = new Redis(serviceUrl('REDIS_URL'));
  for await (const keys of redis.scanStream({ match: `gavel:*${databaseName}*`, count: 1000 })) {
    for (const key of keys as string[]) await redis.del(key);
  }
  await redis.quit();
}

async function openRedisProxy({
  onTestFinished,
}: Ending): Promise<{ readonly proxy: Proxy; readonly url: string }> {
  const url = new URL(serviceUrl('REDIS_URL'));
  const proxy = await openProxy({ host: url.hostname, port: Number(url.port) });
  onTestFinished(() => proxy.close());
  url.host = `${proxy.host}:${String(proxy.port)}`;
  return { proxy, url: url.href };
}

async function healthOf({ url }: GavelProcess): Promise<string> {
  const { checks } = (await (await fetch(`${url}/health`)).json()) as { checks: { redis: string } };
  return checks.redis;
}

/** A size is one campaign's. */
const OPEN = { w: 999, h: 111 };
const CAPPED = { w: 999, h: 222 };

async function createCampaign(
  { url }: GavelProcess,
  impressions: number,
  { w, h } = OPEN,
  frequencyCaps: readonly object[] = [],
): Promise<string> {
  const response = await fetch(`${url}/campaigns`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'shared',
      advertiserId: randomUUID(),
      bid: { model: 'cpm', amount: PRICE_USD },
      dailyBudget: (impressions * IMPRESSION_NANOS) / 1e9,
      pacing: 'asap',
      frequencyCaps,
      ads: [
        {
          title: 'shared',
          imageUrl: 'https://cdn.brand.example/a.png',
          redirectUrl: 'https://www.brand.example/',
          width: w,
          height: h,
        },
      ],
    }),
  });
  const { id } = (await response.json()) as { id: string };
  expect(response.status).toBe(201);
  return id;
}

/** The billing notice of the bid; null: no bid. */
async function bid({ url }: GavelProcess, { w, h } = OPEN): Promise<string | null> {
  const response = await fetch(`${url}/openrtb2/bid`, {
    method: 'POST',
    body: JSON.stringify({
      id: randomUUID(),
      imp: [{ id: '1', exp: VALID_SEC, banner: { w, h } }],
      site: { domain: 'news.example' },
      user: { id: randomUUID() },
    }),
  });
  if (response.status !== 200) return null;
  const { seatbid } = (await response.json()) as { seatbid: { bid: { burl: string }[] }[] };
  return seatbid[0]?.bid[0]?.burl ?? null;
}

async function bidAtOnce(gavels: readonly GavelProcess[], size = OPEN): Promise<string[]> {
  const asked = Array.from({ length: AT_ONCE }, (_, at) => bid(gavels[at % gavels.length]!, size));
  return (await Promise.all(asked)).filter((burl) => burl !== null);
}

/** Told to any server, at the price that was bid. */
async function bill(gavel: GavelProcess, burl: string): Promise<number> {
  const { pathname, search } = new URL(burl.replace('${AUCTION_PRICE}', String(PRICE_USD)));
  return (await fetch(`${gavel.url}${pathname}${search}`)).status;
}

async function spentNanos({ url }: GavelProcess, id: string): Promise<number> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const campaign = (await (await fetch(`${url}/campaigns/${id}`, { headers })).json()) as {
    spentToday: number;
  };
  return Math.round(campaign.spentToday * 1e9);
}

async function countedNanos({ pool }: World): Promise<number> {
  const { rows } = await pool.query<{ sum: string }>(
    'SELECT coalesce(sum(spend_nanos), 0)::text AS sum FROM daily_metrics',
  );
  return Number(rows[0]?.sum);
}

/** Exchanges that bid at either server until nothing is bid any more; what a server does not answer, the other one gets. */
class Exchanges {
  /** What the server that lives has heard. */
  readonly billed = new Set<string>();
  /** Since the other one was killed. */
  bidsOfLiving = 0;
  readonly #dying: GavelProcess;
  readonly #living: GavelProcess;
  #isKilled = false;

  constructor(dying: GavelProcess, living: GavelProcess) {
    this.#dying = dying;
    this.#living = living;
  }

  /** Kills one server once so many are billed. */
  async run(killAfter: number): Promise<void> {
    const exchanges = Array.from({ length: AT_ONCE }, (_, at) => this.#deal(at % 2 === 0));
    const killed = vi
      .waitUntil(() => this.billed.size >= killAfter, WAIT)
      .then(() => {
        this.#isKilled = true;
        return this.#dying.kill();
      });
    await Promise.all([...exchanges, killed]);
  }

  /** An exchange is one bill behind its bids, and loses each fourth of them without a word. */
  async #deal(isAtDying: boolean): Promise<void> {
    let due: string | null = null;
    for (let bids = 0, idle = 0; idle < AT_ONCE;) {
      const isToDying = isAtDying && !this.#isKilled;
      const burl = await bid(isToDying ? this.#dying : this.#living).catch(() => null);
      if (due !== null) await this.tell(due);
      due = burl !== null && bids++ % 4 < 3 ? burl : null;
      // Before the kill a round without a bid is one of a machine under load.
      idle = burl === null && this.#isKilled ? idle + 1 : 0;
      if (burl !== null && this.#isKilled && !isToDying) this.bidsOfLiving++;
    }
    if (due !== null) await this.tell(due);
  }

  /** To both servers, as far as there are two. */
  async tell(burl: string): Promise<void> {
    if (!this.#isKilled) await bill(this.#dying, burl).catch(() => 0);
    expect(await bill(this.#living, burl)).toBe(204);
    this.billed.add(burl);
  }
}

// Most of the second one's time is spent waiting for a lease to run out.
describe.concurrent('a budget that two servers share', () => {
  it('is spent to its last unit and not beyond it, and every post is counted once', async (context) => {
    const world = await openWorld(context);
    const gavels = await Promise.all([world.start(), world.start()]);
    const impressions = 100;
    const id = await createCampaign(gavels[0], impressions);
    let billed = 0;
    await vi.waitUntil(async () => {
      const burls = await bidAtOnce(gavels);
      billed += burls.length;
      // Each is told to the server that did not bid, too, and twice.
      const told = burls.flatMap((burl) => gavels.map((gavel) => bill(gavel, burl)));
      expect((await Promise.all(told)).every((status) => status === 204)).toBe(true);
      return billed >= impressions;
    }, WAIT);
    for (let round = 0; round < 5; round++) expect(await bidAtOnce(gavels)).toEqual([]);
    expect(billed).toBe(impressions);
    for (const gavel of gavels) expect(await spentNanos(gavel, id)).toBe(impressions * IMPRESSION_NANOS);
    await context.expect.poll(() => countedNanos(world), WAIT).toBe(impressions * IMPRESSION_NANOS);
  });

  it('is neither lost nor doubled when one is killed at full load: the other goes on, and spends what that one held', async (context) => {
    const world = await openWorld(context);
    const folder = newDataDir();
    const [dying, living] = await Promise.all([world.start(folder), world.start()]);
    const impressions = 1_500;
    const id = await createCampaign(dying, impressions);
    const exchanges = new Exchanges(dying, living);
    await exchanges.run(impressions / 4);
    expect(exchanges.bidsOfLiving).toBeGreaterThan(0);
    await vi.waitUntil(async () => {
      await Promise.all((await bidAtOnce([living])).map((burl) => exchanges.tell(burl)));
      return exchanges.billed.size >= impressions;
    }, WAIT);
    for (let round = 0; round < 5; round++) expect(await bidAtOnce([living])).toEqual([]);
    expect(exchanges.billed.size).toBe(impressions);
    expect(await spentNanos(living, id)).toBe(impressions * IMPRESSION_NANOS);
    // What the killed one had accepted, and told nobody of, is in its folder.
    const again = await world.start(folder);
    await context.expect.poll(() => countedNanos(world), WAIT).toBe(impressions * IMPRESSION_NANOS);
    expect(await bidAtOnce([again])).toEqual([]);
  });

  it('is bid on with what a server holds while Redis is away, then no more; notices are kept, and posted', async (context) => {
    const world = await openWorld(context);
    const { proxy, url } = await openRedisProxy(context);
    const gavel = await world.start(newDataDir(), url);
    const id = await createCampaign(gavel, 10_000);
    await createCampaign(gavel, 10_000, CAPPED, [{ limit: 3, window: 'day' }]);
    const burls: string[] = [];
    await vi.waitUntil(async () => (await bidAtOnce([gavel], CAPPED)).length > 0, WAIT);
    await vi.waitUntil(async () => {
      burls.push(...(await bidAtOnce([gavel])));
      return burls.length > 4 * AT_ONCE;
    }, WAIT);
    await proxy.cut();
    const [held, capped] = await Promise.all([bidAtOnce([gavel]), bidAtOnce([gavel], CAPPED)]);
    expect(held).not.toEqual([]);
    expect(capped).toEqual([]);
    burls.push(...held);
    for (const burl of burls) expect(await bill(gavel, burl)).toBe(204);
    await vi.waitUntil(async () => (await healthOf(gavel)) === 'down', WAIT);
    await vi.waitUntil(async () => {
      const more = await bidAtOnce([gavel]);
      burls.push(...more);
      for (const burl of more) expect(await bill(gavel, burl)).toBe(204);
      return more.length === 0;
    }, WAIT);
    await proxy.heal();
    await context.expect.poll(() => spentNanos(gavel, id), WAIT).toBe(burls.length * IMPRESSION_NANOS);
    for (const size of [OPEN, CAPPED]) {
      await context.expect.poll(async () => (await bidAtOnce([gavel], size)).length, WAIT).toBeGreaterThan(0);
    }
    await context.expect.poll(() => countedNanos(world), WAIT).toBe(burls.length * IMPRESSION_NANOS);
  });
});
