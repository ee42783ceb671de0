/** The spool's readers, as its writer sees them: each behind a port of its own. */
import type { ReaderOrder, ReaderReport } from './lmdb-spool-messages.ts';
import type { SpoolStore } from './lmdb-spool-store.ts';
import type { SpoolPort } from './spool.ts';

interface Connection {
  readonly port: SpoolPort;
  /** Told when there is more than this; null: it does not wait. */
  behind: number | null;
  /** What it was told is on the medium. */
  told: number;
}

export interface ConnectionEdges {
  /** There is something to be committed. */
  readonly onAcknowledged: () => void;
  /** Commits what waits for it, now. */
  readonly settle: () => void;
}

export class SpoolConnections {
  readonly #store: SpoolStore;
  readonly #edges: ConnectionEdges;
  readonly #byReader = new Map<string, Connection>();

  constructor(store: SpoolStore, edges: ConnectionEdges) {
    this.#store = store;
    this.#edges = edges;
  }

  /** Somebody waits for what is kept, and not committed yet. */
  get isWaitedFor(): boolean {
    const { lastSequence } = this.#store;
    return [...this.#byReader.values()].some(({ behind }) => behind !== null && behind < lastSequence);
  }

  /** A reader that comes again takes the place of its predecessor. */
  add(reader: string, port: SpoolPort): void {
    this.#byReader.get(reader)?.port.close();
    const connection: Connection = { port, behind: null, told: this.#store.position(reader) };
    this.#byReader.set(reader, connection);
    port.on('message', (message: ReaderOrder) => {
      if (message.kind === 'wait') connection.behind = message.behind;
      else if (message.kind === 'acknowledge') {
        this.#store.acknowledge(reader, message.sequence);
        this.#edges.onAcknowledged();
      }
      if (message.kind === 'settle' || this.isWaitedFor) this.#edges.settle();
      if (message.kind === 'settle') port.postMessage({ kind: 'settled' } satisfies ReaderReport);
      this.#tell(reader, connection);
    });
    port.on('close', () => {
      if (this.#byReader.get(reader) === connection) this.#byReader.delete(reader);
    });
  }

  /** After each commit. */
  tell(): void {
    for (const [reader, connection] of this.#byReader) this.#tell(reader, connection);
  }

  close(): void {
    for (const { port } of this.#byReader.values()) port.close();
  }

  #tell(reader: string, connection: Connection): void {
    const through = this.#store.position(reader);
    if (through > connection.told) {
      connection.told = through;
      connection.port.postMessage({ kind: 'acknowledged', through } satisfies ReaderReport);
    }
    if (connection.behind === null || connection.behind >= this.#store.committedSequence) return;
    connection.behind = null;
    connection.port.postMessage({ kind: 'more' } satisfies ReaderReport);
  }
}
