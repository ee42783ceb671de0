/** The shipping of events, as the front thread sees it: it tells the Kafka thread of the spool, and hears what came of it. */
import type { Transferable } from 'node:worker_threads';
import type { AdCounts } from './pending.ts';
import type { SpoolTicket } from './spool.ts';
import type { TopicTerms } from './topics.ts';

/** What the thread is told. */
export type ShippingOrder =
  | { readonly kind: 'ship'; readonly ship: ShipOrder }
  /** To end the shipping. */
  | { readonly kind: 'end' };

/** To ship the spool. */
export interface ShipOrder extends ShipTerms {
  readonly ticket: SpoolTicket;
  /** Of the spool as it was opened; null: another thread told of what was found there. */
  readonly lastSequence: number | null;
}

interface ShipTerms {
  readonly topics: TopicTerms;
  /** Whose consumers count what is shipped. */
  readonly databaseUrl: string;
}

export type ShippingState = 'stuck' | 'going';

/** What the thread tells. */
export type ShippingReport =
  /** Since the last report. */
  | { readonly kind: 'shipped'; readonly events: number }
  | { readonly kind: 'pending'; readonly change: PendingChange }
  | { readonly kind: 'shipping'; readonly state: ShippingState | 'ended'; readonly reason: string };

/** found: it was in the spool at the start · committed: it is among the rows by now. */
export interface PendingChange {
  readonly kind: 'found' | 'committed';
  readonly counts: readonly AdCounts[];
}

/** What is shipped, and where the thread gets a ticket of it whenever it begins. */
export interface ShippedSpool extends ShipTerms {
  readonly connect: () => SpoolTicket;
  readonly lastSequence: number;
  readonly onPending: (change: PendingChange) => void;
}

export interface ShippingFigures {
  readonly isUp: boolean;
  /** By this process; what was sent again counts again. */
  readonly shippedEvents: number;
}

export interface ShippingWatch {
  readonly figures: ShippingFigures;
  begin(spool: ShippedSpool): void;
  /** The thread was replaced. */
  resume(): void;
  hear(report: ShippingReport): void;
  end(withinMs: number): Promise<void>;
}

type Tell = (order: ShippingOrder, transferred: readonly Transferable[]) => void;

/** `tell`: to the thread that is there now. */
export function watchShipping(
  tell: Tell,
  onShipping: (state: ShippingState, reason: string) => void,
): ShippingWatch {
  let spool: ShippedSpool | null = null;
  let figures: ShippingFigures = { isUp: true, shippedEvents: 0 };
  let onEnd: () => void = () => undefined;

  function ship({ connect, topics, databaseUrl }: ShippedSpool, lastSequence: number | null): void {
    const ticket = connect();
    tell({ kind: 'ship', ship: { ticket, topics, databaseUrl, lastSequence } }, [ticket.port]);
  }

  function change(state: ShippingState, reason: string): void {
    figures = { ...figures, isUp: state === 'going' };
    onShipping(state, reason);
  }

  return {
    get figures() {
      return figures;
    },
    begin(given) {
      spool = given;
      ship(given, given.lastSequence);
    },
    resume() {
      if (spool === null) return;
      // The new thread says so where it is stuck, too.
      figures = { ...figures, isUp: true };
      ship(spool, null);
    },
    hear(report) {
      if (report.kind === 'shipped') {
        figures = { ...figures, shippedEvents: figures.shippedEvents + report.events };
      } else if (report.kind === 'pending') spool?.onPending(report.change);
      else if (report.state === 'ended') onEnd();
      else change(report.state, report.reason);
    },
    async end(withinMs) {
      spool = null;
      await new Promise<void>((resolve) => {
        const limit = setTimeout(resolve, withinMs);
        onEnd = () => {
          clearTimeout(limit);
          resolve();
        };
        tell({ kind: 'end' }, []);
      });
    },
  };
}
