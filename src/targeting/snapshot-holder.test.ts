import { describe, expect, test } from 'vitest';
import { SnapshotHolder } from './snapshot-holder.ts';
import type { Snapshot } from './snapshot.ts';

function snapshot(epoch: number): Snapshot {
  return { buffer: new SharedArrayBuffer(8), epoch } as Snapshot;
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

function holderOf(first: Snapshot) {
  const timers = manualTimers();
  return { holder: new SnapshotHolder(first, timers.start), timers };
}

describe('the holder of snapshots', () => {
  test('serves the snapshot that was published last, and pins that one', () => {
    const { holder } = holderOf(snapshot(1));
    const second = snapshot(2);
    holder.publish(second);
    expect(holder.current).toBe(second);
    expect(holder.pin().snapshot).toBe(second);
  });

  test('has no spare buffer before anything was replaced', async () => {
    const { holder } = holderOf(snapshot(1));
    expect(await holder.spareBuffer(100)).toBeUndefined();
  });

  test('gives the buffer of an unpinned previous snapshot away at once, and only once', async () => {
    const first = snapshot(1);
    const { holder } = holderOf(first);
    holder.unpin(holder.pin());
    holder.publish(snapshot(2));
    expect(await holder.spareBuffer(100)).toBe(first.buffer);
    expect(await holder.spareBuffer(100)).toBeUndefined();
  });

  test('gives a pinned buffer away when its last pin goes, not before', async () => {
    const first = snapshot(1);
    const { holder, timers } = holderOf(first);
    const pinned = holder.pin();
    holder.pin(pinned);
    holder.publish(snapshot(2));
    let given: SharedArrayBuffer | undefined | null = null;
    const spare = holder.spareBuffer(100).then((buffer) => (given = buffer));
    holder.unpin(pinned);
    await Promise.resolve();
    expect(given).toBeNull();
    expect(timers.pendingMs()).toEqual([100]);
    holder.unpin(pinned);
    await spare;
    expect(given).toBe(first.buffer);
    expect(timers.pendingMs()).toEqual([]);
  });

  test('lets the writer go on without it when the wait is over, and has it later', async () => {
    const first = snapshot(1);
    const { holder, timers } = holderOf(first);
    const pinned = holder.pin();
    holder.publish(snapshot(2));
    const spare = holder.spareBuffer(100);
    timers.runOut();
    expect(await spare).toBeUndefined();
    holder.unpin(pinned);
    expect(await holder.spareBuffer(100)).toBe(first.buffer);
  });

  test('never gives away a buffer that is pinned again while the writer wakes up', async () => {
    const { holder } = holderOf(snapshot(1));
    const pinned = holder.pin();
    holder.publish(snapshot(2));
    const spare = holder.spareBuffer(100);
    holder.unpin(pinned);
    expect(() => holder.pin(pinned)).toThrow('after it was given up');
    expect(await spare).toBe(pinned.snapshot.buffer);
  });

  test('forgets a buffer that was still pinned when the one after it was replaced', async () => {
    const { holder } = holderOf(snapshot(1));
    const oldest = holder.pin();
    const second = snapshot(2);
    holder.publish(second);
    holder.publish(snapshot(3));
    expect(await holder.spareBuffer(100)).toBe(second.buffer);
    holder.unpin(oldest);
    expect(await holder.spareBuffer(100)).toBeUndefined();
  });

  test('refuses mistakes: one unpin too many, an epoch that does not grow, a buffer written while it is served', () => {
    const first = snapshot(5);
    const { holder } = holderOf(first);
    const pinned = holder.pin();
    holder.unpin(pinned);
    expect(() => holder.unpin(pinned)).toThrow('more often');
    expect(() => holder.publish(snapshot(5))).toThrow('greater epoch');
    expect(() => holder.publish({ buffer: first.buffer, epoch: 6 } as Snapshot)).toThrow('being served');
  });

  test('refuses a second writer', async () => {
    const { holder, timers } = holderOf(snapshot(1));
    holder.pin();
    holder.publish(snapshot(2));
    const spare = holder.spareBuffer(100);
    await expect(holder.spareBuffer(100)).rejects.toThrow('two writers');
    timers.runOut();
    await spare;
  });
});
