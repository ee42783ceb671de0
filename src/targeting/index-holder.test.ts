import { describe, expect, test } from 'vitest';
import { IndexHolder } from './index-holder.ts';
import type { Index } from './tiers.ts';

/** With a base of its own, unless it is told another's. */
function index(epoch: number, base = { snapshot: { buffer: new SharedArrayBuffer(8) } }): Index {
  return { epoch, base } as unknown as Index;
}

function bufferOf({ base }: Index): SharedArrayBuffer {
  return base.snapshot.buffer;
}

/** Timers that run out when told to. */
function manualTimers() {
  const started = new Map<() => void, number>();
  return {
    start: (afterMs: number, action: () => void) => {
      started.set(action, afterMs);
      return () => void started.delete(action);
    },
    runOut: () => {
      for (const action of [...started.keys()]) action();
    },
    pendingMs: () => [...started.values()],
  };
}

function holderOf(first: Index) {
  const timers = manualTimers();
  return { holder: new IndexHolder(first, timers.start), timers };
}

describe('the holder of the index', () => {
  test('serves the index that was published last, and pins that one', () => {
    const { holder } = holderOf(index(1));
    const second = index(2);
    holder.publish(second);
    expect(holder.current).toBe(second);
    expect(holder.pin().index).toBe(second);
  });

  test('has no spare buffer before anything was replaced', async () => {
    const { holder } = holderOf(index(1));
    expect(await holder.spareBuffer(100)).toBeUndefined();
  });

  test('gives the buffer of an unpinned previous base away at once, and only once', async () => {
    const first = index(1);
    const { holder } = holderOf(first);
    holder.unpin(holder.pin());
    holder.publish(index(2));
    expect(await holder.spareBuffer(100)).toBe(bufferOf(first));
    expect(await holder.spareBuffer(100)).toBeUndefined();
  });

  test('gives a pinned buffer away when its last pin goes, not before', async () => {
    const first = index(1);
    const { holder, timers } = holderOf(first);
    const pinned = holder.pin();
    holder.pin(pinned);
    holder.publish(index(2));
    let given: SharedArrayBuffer | undefined | null = null;
    const spare = holder.spareBuffer(100).then((buffer) => (given = buffer));
    holder.unpin(pinned);
    await Promise.resolve();
    expect(given).toBeNull();
    expect(timers.pendingMs()).toEqual([100]);
    holder.unpin(pinned);
    await spare;
    expect(given).toBe(bufferOf(first));
    expect(timers.pendingMs()).toEqual([]);
  });

  test('lets the writer go on without it when the wait is over, and has it later', async () => {
    const first = index(1);
    const { holder, timers } = holderOf(first);
    const pinned = holder.pin();
    holder.publish(index(2));
    const spare = holder.spareBuffer(100);
    timers.runOut();
    expect(await spare).toBeUndefined();
    holder.unpin(pinned);
    expect(await holder.spareBuffer(100)).toBe(bufferOf(first));
  });

  test('never gives away a buffer that is pinned again while the writer wakes up', async () => {
    const { holder } = holderOf(index(1));
    const pinned = holder.pin();
    holder.publish(index(2));
    const spare = holder.spareBuffer(100);
    holder.unpin(pinned);
    expect(() => holder.pin(pinned)).toThrow('after it was given up');
    expect(await spare).toBe(bufferOf(pinned.index));
  });

  test('forgets a buffer that was still pinned when the one after it was replaced', async () => {
    const { holder } = holderOf(index(1));
    const oldest = holder.pin();
    const second = index(2);
    holder.publish(second);
    holder.publish(index(3));
    expect(await holder.spareBuffer(100)).toBe(bufferOf(second));
    holder.unpin(oldest);
    expect(await holder.spareBuffer(100)).toBeUndefined();
  });

  test('keeps the buffer of a base while any index of it is pinned', async () => {
    const first = index(1);
    const { holder } = holderOf(first);
    const oldest = holder.pin();
    const changed = index(2, first.base);
    holder.publish(changed);
    const newer = holder.pin();
    expect(await holder.spareBuffer(100)).toBeUndefined();
    holder.publish(index(3));
    let given: SharedArrayBuffer | undefined | null = null;
    const spare = holder.spareBuffer(100).then((buffer) => (given = buffer));
    holder.unpin(oldest);
    await Promise.resolve();
    expect(given).toBeNull();
    holder.unpin(newer);
    await spare;
    expect(given).toBe(bufferOf(first));
  });

  test('refuses mistakes: one unpin too many, an epoch that does not grow, a buffer written while it is served', () => {
    const first = index(5);
    const { holder } = holderOf(first);
    const pinned = holder.pin();
    holder.unpin(pinned);
    expect(() => holder.unpin(pinned)).toThrow('more often');
    expect(() => holder.publish(index(5))).toThrow('greater epoch');
    expect(() => holder.publish(index(6, { snapshot: { buffer: bufferOf(first) } }))).toThrow('being served');
  });

  test('refuses a second writer', async () => {
    const { holder, timers } = holderOf(index(1));
    holder.pin();
    holder.publish(index(2));
    const spare = holder.spareBuffer(100);
    await expect(holder.spareBuffer(100)).rejects.toThrow('two writers');
    timers.runOut();
    await spare;
  });
});
