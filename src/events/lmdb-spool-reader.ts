/** A reader of the spool, in whichever thread it is opened: it reads the file itself, and acknowledges to the writer. */
import { openToRead, readState, START, type ChunkKey, type SpoolDatabase } from './lmdb-spool-file.ts';
import type { ReaderOrder, ReaderReport } from './lmdb-spool-messages.ts';
import { recordBounds } from './spool-group.ts';
import type { SpooledRecord, SpoolPort, SpoolReader, SpoolTicket } from './spool.ts';

interface Promised {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The ticket is used up. */
export function openSpoolReader(ticket: SpoolTicket): SpoolReader {
  const database = openToRead(ticket.folder);
  const state = readState(database);
  if (state === null) throw new Error(`the spool ${ticket.folder} is not there`);
  return new PortReader(ticket, database, state.id, state.positions[ticket.reader] ?? 0);
}

class PortReader implements SpoolReader {
  readonly name: string;
  readonly spoolId: string;
  readonly #port: SpoolPort;
  readonly #database: SpoolDatabase;
  #position: number;
  #isClosed = false;
  /** Who waits for more, and who for an acknowledgement up to `sequence`. */
  #waiting: Promised[] = [];
  #unsettled: (Promised & { readonly sequence: number })[] = [];
  #settling: Promised[] = [];

  constructor(ticket: SpoolTicket, database: SpoolDatabase, spoolId: string, position: number) {
    this.name = ticket.reader;
    this.spoolId = spoolId;
    this.#port = ticket.port;
    this.#database = database;
    this.#position = position;
    this.#port.on('message', (message: ReaderReport) => {
      this.#hear(message);
    });
    this.#port.on('close', () => {
      this.#end();
    });
  }

  get position(): number {
    return this.#position;
  }

  read(maxRecords: number, maxBytes: number, behind = this.#position): readonly SpooledRecord[] {
    const records: SpooledRecord[] = [];
    let room = maxBytes;
    for (const { key, value } of this.#chunksFrom(behind + 1)) {
      let sequence = key[0];
      for (const [from, to] of recordBounds(value)) {
        if (sequence > behind) {
          room -= to - from;
          if (records.length === maxRecords || (room < 0 && records.length > 0)) return records;
          records.push({ sequence, record: value.subarray(from, to) });
        }
        sequence++;
      }
    }
    return records;
  }

  settle(): Promise<void> {
    return this.#promise({ kind: 'settle' }, (promised) => this.#settling.push(promised));
  }

  wait(behind = this.#position): Promise<void> {
    return this.#promise({ kind: 'wait', behind }, (promised) => this.#waiting.push(promised));
  }

  acknowledge(sequence: number): Promise<void> {
    if (sequence <= this.#position) return Promise.resolve();
    this.#position = sequence;
    return this.#promise({ kind: 'acknowledge', sequence }, (promised) =>
      this.#unsettled.push({ ...promised, sequence }),
    );
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#end();
    this.#port.close();
    await this.#database.close();
  }

  /** The chunks from the one on that holds `sequence`. Ends the read transaction, also when it is left early. */
  *#chunksFrom(sequence: number): Generator<{ readonly key: ChunkKey; readonly value: Buffer }> {
    this.#database.resetReadTxn();
    try {
      const [start] = this.#database.getKeys({
        start: behindAll(sequence),
        end: START,
        reverse: true,
        limit: 1,
      });
      yield* this.#database.getRange({ start: start ?? START }) as Iterable<{ key: ChunkKey; value: Buffer }>;
    } finally {
      this.#database.resetReadTxn();
    }
  }

  #promise(message: ReaderOrder, keep: (promised: Promised) => void): Promise<void> {
    if (this.#isClosed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      keep({ resolve, reject });
      this.#port.postMessage(message);
    });
  }

  #hear(message: ReaderReport): void {
    if (message.kind === 'settled') {
      this.#settling.shift()?.resolve();
      return;
    }
    if (message.kind === 'more') {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const { resolve } of waiting) resolve();
      return;
    }
    while (this.#unsettled[0] !== undefined && this.#unsettled[0].sequence <= message.through) {
      this.#unsettled.shift()?.resolve();
    }
  }

  #end(): void {
    this.#isClosed = true;
    const promised = [...this.#waiting, ...this.#unsettled, ...this.#settling];
    this.#waiting = [];
    this.#settling = [];
    this.#unsettled = [];
    for (const { reject } of promised) reject(closedError());
  }
}

/** Behind the chunk that begins with `sequence`, before the one that begins with the next. */
function behindAll(sequence: number): ChunkKey {
  return [sequence, Infinity, 0, 0];
}

function closedError(): Error {
  return new Error('the spool was closed');
}
