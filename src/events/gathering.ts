/**
 * Gathers what comes one by one, so that it is done together: what waits when the work before it ends, or when its turn
 * comes, is the next piece of work.
 */

export interface GatheringOrder<Item, Done> {
  /** Never under way twice; as many results as items, in their order. */
  readonly work: (items: readonly Item[]) => Promise<readonly Done[]>;
  readonly sizeOf: (item: Item) => number;
  /** A piece of work is complete once it has this size; its last item may make it larger. */
  readonly fullSize: number;
  /** Resolves when what comes at the same time has come. */
  readonly nextTurn: () => Promise<unknown>;
}

interface Waiting<Item, Done> {
  readonly item: Item;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: unknown) => void;
}

/** Settles as the work does that the item is part of. */
export function gather<Item, Done>(order: GatheringOrder<Item, Done>): (item: Item) => Promise<Done> {
  const waiting: Waiting<Item, Done>[] = [];
  let isWorking = false;

  function takeNext(): readonly Waiting<Item, Done>[] {
    let size = 0;
    let count = 0;
    for (const { item } of waiting) {
      if (size >= order.fullSize) break;
      size += order.sizeOf(item);
      count += 1;
    }
    return waiting.splice(0, count);
  }

  async function workOn(): Promise<void> {
    isWorking = true;
    await order.nextTurn();
    while (waiting.length > 0) {
      const taken = takeNext();
      try {
        const done = await order.work(taken.map(({ item }) => item));
        taken.forEach(({ resolve }, i) => resolve(done[i] as Done));
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    isWorking = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!isWorking) void workOn();
    });
}
