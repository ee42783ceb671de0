/** The door that events leave by, and the timer behind the counts of bids and no-bids. */
import { createAuctionTallies } from './events/auction-tallies.ts';
import type { AuctionCounts, Events } from './events/door.ts';
import { countPending, type PendingBook } from './events/pending.ts';
import type { Spool } from './events/spool.ts';
import { createSpoolingEvents } from './events/spooling.ts';
import type { Metrics } from './metrics.ts';
import { newEventId } from './server/tracking.ts';

export interface EventDoor {
  readonly events: Events;
  readonly auctions: AuctionCounts;
  /** Resolves once all that was counted is told; before the spool closes. */
  close(): Promise<void>;
}

interface DoorEdges {
  readonly spool: Pick<Spool, 'append'>;
  readonly pending: PendingBook;
}

const FLUSH_MS = 1_000;

export function openEventDoor(
  { spool, pending }: DoorEdges,
  metrics: () => Pick<Metrics, 'countEvent' | 'countTold'>,
): EventDoor {
  const auctions = createAuctionTallies({
    spool,
    newId: newEventId,
    later: setImmediate,
    count: (outcome, count) => metrics().countTold(outcome, count),
  });
  const ticker = setInterval(() => auctions.flush(Date.now()), FLUSH_MS).unref();
  const spooling = createSpoolingEvents(spool, (type, origin, outcome) =>
    metrics().countEvent(type, origin, outcome),
  );
  return {
    events: countPending(spooling, pending),
    auctions,
    close() {
      clearInterval(ticker);
      return auctions.drain(Date.now());
    },
  };
}
