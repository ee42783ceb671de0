/**
 * The spool, as the front thread has it: it gathers what is appended in one turn, and what comes while a commit is under
 * way, and hands it to the thread that waits for the disk. Nothing here touches the disk.
 */
import { MessageChannel, type Transferable, type Worker } from 'node:worker_threads';
import type { StoreOrder } from './lmdb-spool-opening.ts';
import type { StoreFigures } from './lmdb-spool-store.ts';
import type { SpoolOrder, SpoolReport } from './lmdb-spool-messages.ts';
import { boundOf } from './spool-bounds.ts';
import { Group, LENGTH_BYTES } from './spool-group.ts';
import type { Appended, Spool, SpoolClass, SpoolFigures, SpoolTicket } from './spool.ts';
import { startThread } from './thread-start.ts';

export interface SpoolOpening extends StoreOrder {
  /** `lmdb-spool-thread`, as built. */
  readonly threadFile: URL;
  /** A sentence: what an operator must know. */
  readonly onTrouble: (sentence: string) => void;
}

/** A thread that dies at once, again and again, is no burden then. */
const REVIVE_MS = 1_000;
/** A group of a busy turn; a larger one grows. */
const GROUP_START_BYTES = 16_384;
const FULL: Promise<Appended> = Promise.resolve({ outcome: 'full', sequence: 0 });
const FAILED: Promise<Appended> = Promise.resolve({ outcome: 'failed', sequence: 0 });

/** One group on its way: whoever waits for it, in order. */
interface Waiting {
  readonly group: Group;
  readonly resolvers: ((appended: Appended) => void)[];
}

/** Rejects with one sentence when the folder can't be written. A folder belongs to one process (disk-data-folder.ts). */
export async function openSpool(opening: SpoolOpening): Promise<Spool> {
  return new ThreadedSpool(opening, await startWriter(opening));
}

/** The thread, and what it found. */
interface Writer {
  readonly thread: Worker;
  readonly opened: Extract<SpoolReport, { kind: 'opened' }>;
}

function startWriter({
  folder,
  maxBytes,
  sync,
  readers,
  threadFile,
  onTrouble,
}: SpoolOpening): Promise<Writer> {
  const thread = startThread(threadFile, { folder, maxBytes, sync, readers } satisfies StoreOrder);
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('its thread ended')));
    thread.on('message', (message: SpoolReport) => {
      if (message.kind === 'trouble') onTrouble(message.sentence);
      else if (message.kind === 'unopened') reject(new Error(message.sentence));
      else if (message.kind === 'opened') {
        thread.off('error', reject);
        resolve({ thread, opened: message });
      }
    });
  });
}

class ThreadedSpool implements Spool {
  readonly #opening: SpoolOpening;
  #id = '';
  /** null: it died, and the next is not there yet. */
  #thread: Worker | null = null;
  #told: StoreFigures;
  #gathered: Waiting | null = null;
  #underWay: Waiting | null = null;
  #isSound = false;
  #isClosing = false;
  #revival: NodeJS.Timeout | undefined;
  #onEnd: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => (this.#onEnd = resolve));
  readonly #dropped: Record<SpoolClass, number> = { money: 0, tracking: 0, bids: 0 };
  #failedRecords = 0;
  /** For the next thread. */
  #connecting: Extract<SpoolOrder, { kind: 'connect' }>[] = [];

  constructor(opening: SpoolOpening, writer: Writer) {
    this.#opening = opening;
    this.#told = writer.opened.figures;
    this.#adopt(writer);
  }

  get id(): string {
    return this.#id;
  }

  get isSound(): boolean {
    return this.#isSound;
  }

  append(record: Uint8Array, spoolClass: SpoolClass): Promise<Appended> {
    if (this.#isClosing || this.#thread === null) {
      this.#failedRecords++;
      return FAILED;
    }
    const bytes = this.#bytes() + LENGTH_BYTES + record.length;
    if (bytes > boundOf(spoolClass, this.#opening.maxBytes)) {
      this.#dropped[spoolClass]++;
      return FULL;
    }
    if (this.#gathered === null) {
      this.#gathered = { group: new Group(GROUP_START_BYTES), resolvers: [] };
      // Behind all that this turn has still to append.
      if (this.#underWay === null) setImmediate(() => this.#send());
    }
    const { group, resolvers } = this.#gathered;
    group.add(record);
    return new Promise((resolve) => resolvers.push(resolve));
  }

  figures(): SpoolFigures {
    const { oldestAtMs, ...told } = this.#told;
    return {
      ...told,
      liveBytes: this.#bytes(),
      maxBytes: this.#opening.maxBytes,
      droppedByClass: { ...this.#dropped },
      failedRecords: this.#failedRecords,
      oldestAgeMs: oldestAtMs === null ? 0 : Math.max(0, Date.now() - oldestAtMs),
    };
  }

  connect(reader: string): SpoolTicket {
    if (!this.#opening.readers.includes(reader)) throw new Error(`the spool has no reader ${reader}`);
    const { port1, port2 } = new MessageChannel();
    this.#connecting.push({ kind: 'connect', reader, port: port1 });
    this.#connectAll();
    return { reader, folder: this.#opening.folder, port: port2 };
  }

  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      clearTimeout(this.#revival);
      if (this.#thread === null) this.#onEnd();
      this.#send();
    }
    await this.#ended;
  }

  /** On disk, on the way there, and gathered. */
  #bytes(): number {
    return this.#told.liveBytes + (this.#underWay?.group.length ?? 0) + (this.#gathered?.group.length ?? 0);
  }

  /** One group at a time: what comes meanwhile makes the next one. */
  #send(): void {
    if (this.#underWay !== null || this.#thread === null) return;
    if (this.#gathered === null) {
      if (this.#isClosing) this.#post({ kind: 'close' }, []);
      return;
    }
    this.#underWay = this.#gathered;
    this.#gathered = null;
    const { bytes, count } = this.#underWay.group;
    this.#post({ kind: 'append', bytes, count, atMs: Date.now() }, [bytes.buffer]);
  }

  #hear(message: SpoolReport): void {
    if (message.kind === 'sound') this.#isSound = message.isSound;
    if (message.kind === 'figures' || message.kind === 'appended') this.#told = message.figures;
    if (message.kind !== 'appended') return;
    this.#answer(message.first);
    this.#send();
  }

  /** `first`: 0 where the disk would not. */
  #answer(first: number): void {
    const answered = this.#underWay;
    this.#underWay = null;
    if (answered === null) return;
    if (first === 0) this.#failedRecords += answered.resolvers.length;
    answered.resolvers.forEach((resolve, index) => {
      resolve(
        first === 0 ? { outcome: 'failed', sequence: 0 } : { outcome: 'kept', sequence: first + index },
      );
    });
  }

  #adopt({ thread, opened }: Writer): void {
    this.#thread = thread;
    this.#id = opened.id;
    this.#told = opened.figures;
    this.#isSound = opened.isSound;
    thread.on('message', (message: SpoolReport) => {
      this.#hear(message);
    });
    let reason = 'it ended';
    thread.on('error', (error) => {
      reason = error.message;
    });
    thread.once('exit', () => {
      if (!this.#isClosing)
        this.#opening.onTrouble(`The spool's thread failed, and is started again: ${reason}`);
      this.#lose();
    });
    this.#connectAll();
  }

  /** The thread is gone: nothing is kept until the next is there, and its readers come again. */
  #lose(): void {
    this.#thread = null;
    this.#isSound = false;
    this.#answer(0);
    this.#underWay = this.#gathered;
    this.#gathered = null;
    this.#answer(0);
    if (this.#isClosing) this.#onEnd();
    else this.#revival = setTimeout(() => void this.#revive(), REVIVE_MS);
  }

  async #revive(): Promise<void> {
    try {
      this.#adopt(await startWriter(this.#opening));
      if (this.#isClosing) this.#send();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#opening.onTrouble(`The spool ${this.#opening.folder} can't be opened again: ${reason}`);
      this.#lose();
    }
  }

  #connectAll(): void {
    if (this.#thread === null) return;
    for (const order of this.#connecting.splice(0)) this.#post(order, [order.port]);
  }

  #post(message: SpoolOrder, transferred: readonly Transferable[]): void {
    this.#thread?.postMessage(message, transferred);
  }
}
