import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { openProxy, type Proxy } from '../fixtures/toxiproxy.ts';
import { openScratchServer, throughProxy } from './fixtures/postgres-scratch.ts';
import { seekLeadership, type Leadership } from './postgres-leader.ts';
import { openPool, type Pool } from './postgres-pool.ts';

const SOON = { timeout: 30_000, interval: 5 };
const LOCK = 7;
const NODE = fileURLToPath(new URL('../../dist/database/postgres-leader.js', import.meta.url));

type OtherNode = ChildProcessByStdio<null, Readable, null>;

const server = openScratchServer();
let url: string;
let pool: Pool;
let nodes: Leadership[] = [];
let others: OtherNode[] = [];
let proxy: Proxy | null = null;
let troubles: string[] = [];

beforeAll(async () => {
  url = await server.createDatabase();
  pool = openPool(url, () => {});
});
afterEach(async () => {
  await proxy?.close();
  await Promise.all(nodes.map((node) => node.close()));
  for (const other of others) other.kill('SIGKILL');
  proxy = null;
  nodes = [];
  others = [];
  troubles = [];
});
afterAll(async () => {
  await pool.end();
  await server.close();
});

/** Resolves when the term is over. */
const untilOver = (term: AbortSignal): Promise<void> =>
  new Promise((resolve) => term.addEventListener('abort', () => resolve(), { once: true }));

function seek(
  onLead: (term: AbortSignal) => Promise<void> = untilOver,
  databaseUrl = url,
  lock = LOCK,
): Leadership {
  const onTrouble = (sentence: string): void => void troubles.push(sentence);
  const node = seekLeadership({ databaseUrl, lock, onLead, onTrouble });
  nodes.push(node);
  return node;
}

function leaders(): number {
  return nodes.filter(({ isLeader }) => isLeader).length;
}

/** Another process, which leads when this resolves. */
async function leadElsewhere(): Promise<OtherNode> {
  const program = `
    const { seekLeadership } = await import(${JSON.stringify(NODE)});
    const onLead = (term) => new Promise((resolve) => {
      console.log('leads');
      term.addEventListener('abort', () => { console.log('leads no more'); resolve(); });
    });
    seekLeadership({ databaseUrl: ${JSON.stringify(url)}, lock: ${String(LOCK)}, onLead, onTrouble() {} });
    setInterval(() => {}, 60_000);`;
  const other = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  others.push(other);
  await once(other.stdout, 'data');
  return other;
}

describe('of several nodes', () => {
  it('one leads, and another does as soon as it stops', async () => {
    for (let i = 0; i < 3; i++) seek();
    await vi.waitUntil(() => leaders() === 1, SOON);
    const first = nodes.find(({ isLeader }) => isLeader)!;
    await first.close();
    await vi.waitUntil(() => leaders() === 1, SOON);
    expect(first.isLeader).toBe(false);
    expect(troubles).toEqual([]);
  });

  it('never two lead, whoever loses its session', async () => {
    let leading = 0;
    let terms = 0;
    let most = 0;
    for (let i = 0; i < 3; i++) {
      seek(async (term) => {
        terms++;
        most = Math.max(most, ++leading);
        await untilOver(term);
        leading--;
      });
    }
    for (let wanted = 1; wanted <= 5; wanted++) {
      await vi.waitUntil(() => terms >= wanted, SOON);
      await pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = ${String(LOCK)}`,
      );
    }
    expect(most).toBe(1);
  });

  it('each leads where their locks are others', async () => {
    seek(untilOver, url, LOCK);
    seek(untilOver, url, LOCK + 1);
    await vi.waitUntil(() => leaders() === 2, SOON);
  });
});

describe('a leader', () => {
  it.each(['SIGKILL', 'SIGSTOP'] as const)('that gets %s is followed by another', async (signal) => {
    const other = await leadElsewhere();
    const node = seek();
    other.kill(signal);
    await vi.waitUntil(() => node.isLeader, SOON);
  });

  it('that wakes up after it was stopped for a while finds its term over', async () => {
    const other = await leadElsewhere();
    const node = seek();
    other.kill('SIGSTOP');
    await vi.waitUntil(() => node.isLeader, SOON);
    const told = once(other.stdout, 'data');
    other.kill('SIGCONT');
    expect(String((await told)[0])).toBe('leads no more\n');
    expect(node.isLeader).toBe(true);
  });

  it('whose line carries nothing stops before another begins, and leads again once it carries', async () => {
    const { hostname, port } = new URL(url);
    proxy = await openProxy({ host: hostname, port: Number(port) });
    const order: string[] = [];
    const cut = seek(
      async (term) => {
        await untilOver(term);
        order.push('the first stopped');
      },
      throughProxy(url, proxy),
    );
    await vi.waitUntil(() => cut.isLeader, SOON);
    const other = seek(async (term) => {
      order.push('the second began');
      await untilOver(term);
    });
    await proxy.blackHole();
    await vi.waitUntil(() => other.isLeader, SOON);
    expect(order).toEqual(['the first stopped', 'the second began']);
    await vi.waitUntil(() => troubles.length > 0, SOON);
    expect(troubles[0]).toMatch(/^this node can not lead: /);
    await proxy.heal();
    await other.close();
    await vi.waitUntil(() => cut.isLeader, SOON);
  });

  it('whose work fails says why, and leaves the lead to another', async () => {
    const failing = seek(() => Promise.reject(new Error('there is no disk')));
    await vi.waitUntil(() => troubles.length > 0, SOON);
    expect(troubles).toEqual(['this node can not lead: there is no disk']);
    const other = seek();
    await vi.waitUntil(() => other.isLeader, SOON);
    expect(failing.isLeader).toBe(false);
  });

  it('keeps its lead as long as it answers, silent as its work may be', async () => {
    let terms = 0;
    seek((term) => {
      terms++;
      return untilOver(term);
    });
    await vi.waitUntil(() => terms === 1, SOON);
    // Longer than the server lets a session be silent.
    const untilMs = performance.now() + 3_000;
    await vi.waitUntil(() => performance.now() > untilMs, SOON);
    expect([terms, leaders()]).toEqual([1, 1]);
  });
});

it('a node that can not reach Postgres says so, once, and closes at once', async () => {
  const node = seek(untilOver, 'postgres://nobody@127.0.0.1:1/none');
  await vi.waitUntil(() => troubles.length > 0, SOON);
  expect(troubles[0]).toContain('ECONNREFUSED');
  await node.close();
  expect(troubles).toHaveLength(1);
});
