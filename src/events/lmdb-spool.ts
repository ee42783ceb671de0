/**
 * The spool, as the front thread has it: it gathers what is appended in one turn, and what comes while a commit is under
 * way, and hands it to the thread that waits for the disk. Nothing here touches the disk.
 */
import { MessageChannel, type Transferable, type Worker } from 'node:worker_threads';
import type { StoreFigures } from './lmdb-spool-store.ts';
import type { SpoolOrder, SpoolReport } from './lmdb-spool-messages.ts';
import { startWriter, type SpoolOpening, type Writer } from './lmdb-spool-start.ts';
import { boundOf } from './spool-bounds.ts';
import { Group, LENGTH_BYTES } from './spool-group.ts';
import type { Appended, Spool, SpoolClass, SpoolFigures, SpoolTicket } from './spool.ts';

/** A thread that dies at once, again and again, is no burden then. */
const REVIVE_MS = 1_000;
/** A group of a busy turn; a larger one grows. One of this size waits for nothing more. */
const GROUP_START_BYTES = 16_384;
/** Between two hand-overs, unless the group is full: each costs both threads some 200 µs. What comes alone waits for nothing. */
const GROUPS_APART_MS = 4;
/** A commit that takes longer hangs: a disk that is merely busy answers in tens of milliseconds. */
const HANG_MS = 2_000;
/** What may wait in memory for the commit under way: until a disk hangs, twenty times what 10,000 events a second bring. */
const MAX_GATHERED_BYTES = 64 * 1_048_576;
const FULL: Promise<Appended> = Promise.resolve({ outcome: 'full', sequence: 0 });
const NOT_KEPT: Appended = { outcome: 'failed', sequence: 0 };
const FAILED = Promise.resolve(NOT_KEPT);

/** One group on its way: whoever waits for it, in order. */
interface Waiting {
  readonly group: Group;
  readonly resolvers: ((appended: Appended) => void)[];
}

/** Rejects with one sentence when the folder can't be written. A folder belongs to one process (disk-data-folder.ts). */
export async function openSpool(opening: SpoolOpening): Promise<Spool> {
  return new ThreadedSpool(opening, await startWriter(opening));
}

class ThreadedSpool implements Spool {
  readonly #opening: SpoolOpening;
  id = '';
  /** null: it died, and the next is not there yet. */
  #thread: Worker | null = null;
  #told: StoreFigures;
  #gathered: Waiting | null = null;
  #underWay: Waiting | null = null;
  #sentAtMs = 0;
  #sending: NodeJS.Timeout | undefined;
  #isSound = false;
  /** The commit under way takes too long: nothing is taken behind it. */
  #isHanging = false;
  #hanging: NodeJS.Timeout | undefined;
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

  get isSound(): boolean {
    return this.#isSound && !this.#isHanging;
  }

  append(record: Uint8Array, spoolClass: SpoolClass): Promise<Appended> {
    if (this.#isClosing || this.#isHanging || this.#thread === null) {
      this.#failedRecords++;
      return FAILED;
    }
    const bytes = LENGTH_BYTES + record.length;
    const gatheredBytes = this.#gathered?.group.length ?? 0;
    if (
      this.#bytes() + bytes > boundOf(spoolClass, this.#opening.maxBytes) ||
      gatheredBytes + bytes > boundOf(spoolClass, MAX_GATHERED_BYTES)
    ) {
      this.#dropped[spoolClass]++;
      return FULL;
    }
    this.#gathered ??= { group: new Group(GROUP_START_BYTES), resolvers: [] };
    const { group, resolvers } = this.#gathered;
    group.add(record);
    const isFilled = gatheredBytes < GROUP_START_BYTES && group.length >= GROUP_START_BYTES;
    if (this.#underWay === null && (gatheredBytes === 0 || isFilled)) this.#sendSoon();
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
      clearTimeout(this.#sending);
      if (this.#thread === null) this.#onEnd();
      this.#send();
    }
    await this.#ended;
  }

  /** On disk, on the way there, and gathered. */
  #bytes(): number {
    return this.#told.liveBytes + (this.#underWay?.group.length ?? 0) + (this.#gathered?.group.length ?? 0);
  }

  #sendSoon(): void {
    clearTimeout(this.#sending);
    const isFull = (this.#gathered?.group.length ?? 0) >= GROUP_START_BYTES;
    const waitMs = isFull ? 0 : this.#sentAtMs + GROUPS_APART_MS - performance.now();
    // Behind all that this turn has still to append.
    if (waitMs <= 0) setImmediate(() => this.#send());
    else this.#sending = setTimeout(() => this.#send(), waitMs);
  }

  /** One group at a time: what comes meanwhile makes the next one. */
  #send(): void {
    if (this.#underWay !== null || this.#thread === null) return;
    if (this.#gathered === null) {
      if (this.#isClosing) this.#post({ kind: 'close' }, []);
      return;
    }
    const group = this.#gathered;
    this.#underWay = group;
    this.#gathered = null;
    this.#sentAtMs = performance.now();
    const { bytes, count } = group.group;
    // An answer that came while this thread was busy is heard before the verdict.
    this.#hanging = setTimeout(() => setImmediate(() => this.#hang(group)), HANG_MS);
    this.#post({ kind: 'append', bytes, count, atMs: Date.now() }, [bytes.buffer]);
  }

  #hear(message: SpoolReport): void {
    if (message.kind === 'sound') this.#isSound = message.isSound;
    if (message.kind === 'figures' || message.kind === 'appended') this.#told = message.figures;
    if (message.kind !== 'appended') return;
    this.#endHang();
    const answered = this.#underWay;
    this.#underWay = null;
    this.#answer(answered, message.first);
    if (this.#gathered !== null && !this.#isClosing) this.#sendSoon();
    else this.#send();
  }

  /**
   * Nobody knows what becomes of the group under way: its appends stay unanswered. What waits behind it is refused, so
   * that it is surely not kept.
   */
  #hang(group: Waiting): void {
    if (this.#underWay !== group) return;
    this.#isHanging = true;
    const refused = this.#gathered;
    this.#gathered = null;
    this.#answer(refused, 0);
    this.#opening.onTrouble(
      `The disk of the spool ${this.#opening.folder} does not answer. Until it does nothing is kept in it.`,
    );
  }

  #endHang(): void {
    clearTimeout(this.#hanging);
    if (this.#isHanging)
      this.#opening.onTrouble(`The disk of the spool ${this.#opening.folder} answers again.`);
    this.#isHanging = false;
  }

  /** `first`: 0 where the disk would not. */
  #answer(answered: Waiting | null, first: number): void {
    if (answered === null) return;
    if (first === 0) this.#failedRecords += answered.resolvers.length;
    answered.resolvers.forEach((resolve, index) => {
      resolve(first === 0 ? NOT_KEPT : { outcome: 'kept', sequence: first + index });
    });
  }

  #adopt({ thread, opened }: Writer): void {
    this.#thread = thread;
    this.id = opened.id;
    this.#told = opened.figures;
    this.#isSound = opened.isSound;
    thread.on('message', (message: SpoolReport) => this.#hear(message));
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
    this.#isHanging = false;
    clearTimeout(this.#hanging);
    for (const waiting of [this.#underWay, this.#gathered]) this.#answer(waiting, 0);
    this.#underWay = null;
    this.#gathered = null;
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
