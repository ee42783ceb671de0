/**
 * From the last unit of a budget to the last bid, over two servers. A budget that pays for clicks is spent by a click, and
 * the other server must be told: that takes time, which is measured from the sending of the click, so it is rather too
 * long. A budget that pays for impressions is reserved at the bid: behind its last unit there must be no bid at all.
 */
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Campaign } from '../src/campaigns/model.ts';
import { costNanos, costOfAction } from '../src/money.ts';
import type { LedgerNode } from './bench-ledger-node.ts';
import { toProbe, type Probe } from './bench-ledger-world.ts';
import { quantile } from './bench-matching.ts';

export interface SpentProbes {
  readonly clicks: readonly Probe[];
  readonly impressions: readonly Probe[];
}

export interface SpentRow {
  readonly name: string;
  readonly budgets: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface ReservedFigures {
  readonly budgets: number;
  /** Of one budget. */
  readonly units: number;
  /** Over all of them. */
  readonly bids: number;
}

type Nodes = readonly LedgerNode[];

interface Bid {
  readonly answeredMs: number;
  /** Its click's, without the server. */
  readonly clickPath: string;
}

const CLICK_MICROS = 500_000;
const CLICKS = 3;
const IMPRESSION_MICROS = 5_000_000;
const IMPRESSIONS = 200;
/** Of one server; each asks for the next bid as soon as it has its answer. */
const ASKERS_OF_IMPRESSIONS = 8;
/** Between two questions of one asker: what asks without a pause takes from the servers what it measures. */
const ASK_PAUSE_MS = 1;
/** No bid for so long: it was the last. */
const QUIET_MS = 250;
/** Less than a bid is valid: none comes back meanwhile. */
const ROUND_LIMIT_MS = 8_000;

export function spentProbes(spare: readonly Campaign[], clicks: number): SpentProbes {
  const probes = spare.map((campaign, i) =>
    toProbe(
      campaign,
      i,
      i < clicks
        ? budgetOf('cpc', CLICK_MICROS, CLICKS * costOfAction(CLICK_MICROS))
        : budgetOf('cpm', IMPRESSION_MICROS, IMPRESSIONS * IMPRESSION_MICROS),
    ),
  );
  return { clicks: probes.slice(0, clicks), impressions: probes.slice(clicks) };
}

export async function measureSpent(name: string, nodes: Nodes, probes: readonly Probe[]): Promise<SpentRow> {
  const times: number[] = [];
  for (const probe of probes) times.push(await spendByClicks(nodes, probe));
  const [p50Ms, p99Ms, maxMs] = [quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1)];
  return { name, budgets: probes.length, p50Ms, p99Ms, maxMs };
}

/** Throws where a budget bears a bid too many, or not all that it should. */
export async function measureReserved(nodes: Nodes, probes: readonly Probe[]): Promise<ReservedFigures> {
  let bids = 0;
  for (const probe of probes) {
    const asking = startAsking(nodes, probe, ASKERS_OF_IMPRESSIONS, 0);
    await until(() => asking.bids.length >= IMPRESSIONS, 'the budget is not bid to its end');
    await sleep(QUIET_MS);
    await asking.stop();
    if (asking.bids.length > IMPRESSIONS) {
      throw new Error(`a budget of ${IMPRESSIONS} impressions has borne ${asking.bids.length} bids`);
    }
    bids += asking.bids.length;
  }
  return { budgets: probes.length, units: IMPRESSIONS, bids };
}

/** Resolves with how long bids went on. */
async function spendByClicks(nodes: Nodes, probe: Probe): Promise<number> {
  const asking = startAsking(nodes, probe, 1, ASK_PAUSE_MS);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await until(() => asking.bids.length >= CLICKS && asking.haveAllBid(), 'nobody bids for the click');
    const paths = asking.bids.slice(0, CLICKS).map(({ clickPath }) => clickPath);
    const origin = nodes[0]?.origin ?? '';
    let spentMs = 0;
    for (const path of paths) {
      spentMs = performance.now();
      const { status } = await call(agent, `${origin}${path}`, 'GET', '');
      if (status !== 302) throw new Error(`a click was answered ${status}`);
    }
    const last = (): number => asking.bids.at(-1)?.answeredMs ?? 0;
    await until(
      () => performance.now() - Math.max(spentMs, last()) > QUIET_MS,
      'a budget that is spent is bid on',
    );
    return Math.max(0, last() - spentMs);
  } finally {
    await asking.stop();
    agent.destroy();
  }
}

interface Asking {
  /** In the order of their answers. */
  readonly bids: readonly Bid[];
  haveAllBid(): boolean;
  stop(): Promise<void>;
}

function startAsking(nodes: Nodes, probe: Probe, askers: number, pauseMs: number): Asking {
  const bids: Bid[] = [];
  const bidders = new Set<LedgerNode>();
  let isOver = false;
  const ask = async (node: LedgerNode): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!isOver) {
      const answer = await call(agent, node.url, 'POST', probe.body);
      const answeredMs = performance.now();
      const clickPath = /\/click\?t=[\w.~%-]+/.exec(answer.body)?.[0];
      if (clickPath !== undefined) {
        bids.push({ answeredMs, clickPath });
        bidders.add(node);
      }
      if (pauseMs > 0) await sleep(pauseMs);
    }
    agent.destroy();
  };
  const asking = Promise.all(nodes.flatMap((node) => Array.from({ length: askers }, () => ask(node))));
  return {
    bids,
    haveAllBid: () => bidders.size === nodes.length,
    async stop() {
      isOver = true;
      await asking;
    },
  };
}

async function until(isSo: () => boolean, otherwise: string): Promise<void> {
  const deadlineMs = performance.now() + ROUND_LIMIT_MS;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error(`${otherwise} within ${ROUND_LIMIT_MS / 1_000} s`);
    await sleep(ASK_PAUSE_MS);
  }
}

function budgetOf(model: 'cpc' | 'cpm', amountMicros: number, nanos: number): Partial<Campaign> {
  return { bid: { model, amountMicros }, dailyBudgetNanos: costNanos(nanos) };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function call(agent: Agent, url: string, method: string, body: string): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { agent, method, headers }, (response) => {
      const { statusCode: status = 0 } = response;
      text(response).then((read) => resolve({ status, body: read }), reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
