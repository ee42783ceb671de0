import { describe, expect, it } from 'vitest';
import { gather } from './gathering.ts';

interface Piece {
  readonly items: readonly number[];
  end(): void;
  fail(): void;
}

/** Work that ends when it is told to; each item is doubled. */
function openWork(fullSize = 100): {
  readonly add: (item: number) => Promise<number>;
  readonly pieces: Piece[];
} {
  const pieces: Piece[] = [];
  const work = (items: readonly number[]): Promise<readonly number[]> =>
    new Promise((resolve, reject) => {
      pieces.push({
        items,
        end: () => resolve(items.map((item) => 2 * item)),
        fail: () => reject(new Error('the work failed')),
      });
    });
  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { add: gather({ work, sizeOf: (item: number) => item, fullSize, nextTurn }), pieces };
}

async function untilPieces(pieces: readonly Piece[], count: number): Promise<void> {
  await expect.poll(() => pieces.length).toBe(count);
}

describe('gathering', () => {
  it('does together what comes at the same time, and gives each its own result', async () => {
    const { add, pieces } = openWork();
    const all = Promise.all([add(1), add(2), add(3)]);
    await untilPieces(pieces, 1);
    expect(pieces[0]?.items).toEqual([1, 2, 3]);
    pieces[0]?.end();
    expect(await all).toEqual([2, 4, 6]);
  });

  it('keeps what comes meanwhile for the next piece, and never works on two', async () => {
    const { add, pieces } = openWork();
    const first = add(1);
    await untilPieces(pieces, 1);
    const later = Promise.all([add(2), add(3)]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(pieces).toHaveLength(1);
    pieces[0]?.end();
    expect(await first).toBe(2);
    await untilPieces(pieces, 2);
    expect(pieces[1]?.items).toEqual([2, 3]);
    pieces[1]?.end();
    expect(await later).toEqual([4, 6]);
  });

  it('ends a piece with the item that fills it', async () => {
    const { add, pieces } = openWork(10);
    const all = Promise.all([add(4), add(7), add(50), add(1)]);
    for (const [i, items] of [[4, 7], [50], [1]].entries()) {
      await untilPieces(pieces, i + 1);
      expect(pieces[i]?.items).toEqual(items);
      pieces[i]?.end();
    }
    expect(await all).toEqual([8, 14, 100, 2]);
  });

  it('fails all of a piece, and goes on with the next', async () => {
    const { add, pieces } = openWork();
    const failing = Promise.allSettled([add(1), add(2)]);
    await untilPieces(pieces, 1);
    const next = add(3);
    pieces[0]?.fail();
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await untilPieces(pieces, 2);
    pieces[1]?.end();
    expect(await next).toBe(6);
  });
});
