/** When the spool's file is written, and what is told of it. A disk that refuses is asked again until it takes. */
import { SpoolConnections } from './lmdb-spool-connections.ts';
import type { SpoolOrder, SpoolReport } from './lmdb-spool-messages.ts';
import type { StoreOrder } from './lmdb-spool-opening.ts';
import type { SpoolStore } from './lmdb-spool-store.ts';
import type { SpoolPort } from './spool.ts';

/** While the disk takes nothing: soon enough to be of use, seldom enough to be no burden. */
const PROBE_MS = 1_000;

export class SpoolWriter {
  readonly #store: SpoolStore;
  readonly #folder: string;
  readonly #report: (message: SpoolReport) => void;
  readonly #connections: SpoolConnections;
  readonly #flushing: NodeJS.Timeout | undefined;
  #probing: NodeJS.Timeout | undefined;
  #isSound = true;
  #isSettling = false;
  /** Its files are nobody's by then, or somebody else's. */
  #isClosed = false;

  constructor(store: SpoolStore, { folder, sync }: StoreOrder, report: (message: SpoolReport) => void) {
    this.#store = store;
    this.#folder = folder;
    this.#report = report;
    this.#connections = new SpoolConnections(store, {
      onAcknowledged: () => {
        if (this.#flushing === undefined) this.#settleSoon();
      },
      settle: () => {
        if (store.hasUnsettled) this.#settle();
      },
    });
    if (sync.kind === 'every') {
      this.#flushing = setInterval(() => {
        if (store.hasUnsettled) this.#settle();
      }, sync.ms);
    }
    // What a crash left in the tail, and what it left undeleted.
    if (this.#settle()) this.#settleSoon();
  }

  get isSound(): boolean {
    return this.#isSound;
  }

  append(group: Extract<SpoolOrder, { kind: 'append' }>): void {
    const first = this.#attempt(() => this.#store.keep(group)) ?? 0;
    this.#report({ kind: 'appended', first, figures: this.#store.figures() });
    if (this.#isAwaited) this.#settleSoon();
  }

  connect(reader: string, port: SpoolPort): void {
    this.#connections.add(reader, port);
  }

  async close(): Promise<void> {
    clearInterval(this.#flushing);
    this.#settle();
    this.#isClosed = true;
    clearInterval(this.#probing);
    this.#connections.close();
    await this.#store.close();
  }

  /** After the messages that are here already: they may bring more to be committed with it. */
  #settleSoon(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    setImmediate(() => {
      this.#isSettling = false;
      const hasReason = this.#store.hasUnsettledReaders || this.#isAwaited;
      if (hasReason && this.#settle()) this.#settleSoon();
    });
  }

  get #isAwaited(): boolean {
    return this.#store.isTailLong || this.#connections.isWaitedFor;
  }

  #settle(): boolean {
    const isSettled = this.#attempt(() => {
      this.#store.settle();
      return true;
    });
    this.#report({ kind: 'figures', figures: this.#store.figures() });
    this.#connections.tell();
    return isSettled ?? false;
  }

  /** null: the disk would not, or this is closed. */
  #attempt<T>(act: () => T): T | null {
    if (this.#isClosed) return null;
    try {
      const result = act();
      this.#change(true, '');
      return result;
    } catch (error) {
      this.#change(false, String(error));
      return null;
    }
  }

  #change(isSound: boolean, reason: string): void {
    if (isSound === this.#isSound) return;
    this.#isSound = isSound;
    clearInterval(this.#probing);
    if (!isSound) this.#probing = setInterval(() => this.#probe(), PROBE_MS);
    this.#report({ kind: 'sound', isSound });
    const sentence = isSound
      ? `The spool ${this.#folder} is written again.`
      : `The spool ${this.#folder} can't be written (${reason}): make room on its disk. Until then nothing is kept in it.`;
    this.#report({ kind: 'trouble', sentence });
  }

  #probe(): void {
    this.#attempt(() => {
      this.#store.probe();
    });
    this.#settleSoon();
  }
}
