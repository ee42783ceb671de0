import { expect, test, vi } from 'vitest';
import { compileFirst, followCampaigns, type FeedEdges } from './campaign-feed.ts';
import type { UnsoundCampaign } from './campaigns/soundness.ts';
import { compileIndex } from './targeting/compile.ts';
import type { CompiledSnapshot } from './targeting/piscina-compiler.ts';
import { SnapshotHolder } from './targeting/snapshot-holder.ts';
import { openSnapshot } from './targeting/snapshot-view.ts';

function compiled(version: number, unsound: readonly UnsoundCampaign[] = []): CompiledSnapshot {
  const { buffer } = compileIndex([], { nowMs: 0, epoch: version, priors: { ctr: 0.001, cvr: 0.00001 } });
  return { snapshot: openSnapshot(buffer), version, compileMs: 1, unsound };
}

/** A promise that the test settles. */
function later<T>(): {
  readonly promise: Promise<T>;
  settle: (value: T) => void;
  fail: (error: Error) => void;
} {
  let settle: (value: T) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const promise = new Promise<T>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  return { promise, settle: (value) => settle(value), fail: (error) => fail(error) };
}

/** A feed at version 1 that has seen version 2 and compiles it. */
async function compilingFeed() {
  const compiling = later<CompiledSnapshot>();
  const compile = vi.fn(() => compiling.promise);
  const logged: string[] = [];
  const hear = (_: object, message: string): void => void logged.push(message);
  const edges: FeedEdges = {
    store: { version: () => Promise.resolve(2) },
    compiler: { compile, close: () => Promise.resolve() },
    databaseUrl: '',
    priors: { ctr: 0.001, cvr: 0.00001 },
    clock: () => 0,
    log: { debug: hear, info: hear, warn: hear, error: hear, fatal: hear },
  };
  const first = compiled(1);
  const holder = new SnapshotHolder(first.snapshot, () => () => {});
  const prepared: number[] = [];
  const feed = followCampaigns(edges, first, holder, ({ epoch }) => prepared.push(epoch));
  await vi.waitUntil(() => compile.mock.calls.length > 0);
  return { feed, holder, compiling, prepared, logged };
}

test('a change is prepared, then published', async () => {
  const { feed, holder, compiling, prepared } = await compilingFeed();
  compiling.settle(compiled(2));
  await vi.waitUntil(() => holder.current.epoch === 2);
  expect(prepared).toEqual([2]);
  feed.stop();
});

test('campaigns that are left out are named, those that were named before are not named again', async () => {
  const named: object[] = [];
  const ignore = (): void => {};
  const warn = (facts: object): void => void named.push(facts);
  const log = { debug: ignore, info: ignore, warn, error: ignore, fatal: ignore };
  const lost = { id: 'a', reason: 'no time zone is named Mars/Base' };
  const other = { id: 'b', reason: 'no dimension is named weather' };
  const answers = [compiled(1, [lost]), compiled(2, [lost, other])];
  const edges: FeedEdges = {
    store: { version: () => Promise.resolve(2) },
    compiler: { compile: () => Promise.resolve(answers.shift()!), close: () => Promise.resolve() },
    databaseUrl: '',
    priors: { ctr: 0.001, cvr: 0.00001 },
    clock: () => 0,
    log,
  };
  const first = await compileFirst(edges);
  expect(named).toEqual([{ campaignId: 'a', reason: lost.reason }]);
  const holder = new SnapshotHolder(first.snapshot, () => () => {});
  const feed = followCampaigns(edges, first, holder, () => {});
  await vi.waitUntil(() => holder.current.epoch === 2);
  feed.stop();
  expect(named.slice(1)).toEqual([{ campaignId: 'b', reason: other.reason }]);
});

test('who asks to be caught up while a look is under way waits for the one after it, in which the change is', async () => {
  let version = 2;
  const compiling = [later<CompiledSnapshot>(), later<CompiledSnapshot>()];
  const compile = vi.fn(() => compiling[compile.mock.calls.length - 1]!.promise);
  const ignore = (): void => {};
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore, fatal: ignore };
  const edges: FeedEdges = {
    store: { version: () => (version > 0 ? Promise.resolve(version) : Promise.reject(new Error('away'))) },
    compiler: { compile, close: () => Promise.resolve() },
    databaseUrl: '',
    priors: { ctr: 0.001, cvr: 0.00001 },
    clock: () => 0,
    log,
  };
  const first = compiled(1);
  const holder = new SnapshotHolder(first.snapshot, () => () => {});
  const feed = followCampaigns(edges, first, holder, ignore);
  await vi.waitUntil(() => compile.mock.calls.length === 1);
  version = 3;
  const served = [feed.catchUp(), feed.catchUp()].map((caughtUp) =>
    caughtUp.then(() => holder.current.epoch),
  );
  compiling[0]!.settle(compiled(2));
  await vi.waitUntil(() => compile.mock.calls.length === 2);
  compiling[1]!.settle(compiled(3));
  expect(await Promise.all(served)).toEqual([3, 3]);
  version = 0;
  await expect(feed.catchUp()).rejects.toThrow('can not be asked');
  expect(feed.isConnected).toBe(false);
  version = 3;
  await feed.catchUp();
  expect([feed.isConnected, compile.mock.calls.length]).toEqual([true, 2]);
  feed.stop();
});

test('a feed that was stopped publishes nothing of what it still reads', async () => {
  const { feed, holder, compiling, prepared } = await compilingFeed();
  feed.stop();
  compiling.settle(compiled(2));
  await new Promise(setImmediate);
  expect(prepared).toEqual([]);
  expect(holder.current.epoch).toBe(1);
});

test('a feed that was stopped does not tell that Postgres is away', async () => {
  const { feed, compiling, logged } = await compilingFeed();
  feed.stop();
  compiling.fail(new Error('the thread was ended'));
  await new Promise(setImmediate);
  expect(logged).toEqual([]);
  expect(feed.isConnected).toBe(true);
});
