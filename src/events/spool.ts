/**
 * The spool: what happened is kept here, on disk, before the answer leaves that it stands behind, and until whoever
 * reads it has acknowledged it. docs/events.md says what it promises.
 */

/** Dropped in the reverse order when the spool is full: bids first, money last (spool-bounds.ts). */
export const SPOOL_CLASSES = ['money', 'tracking', 'bids'] as const;
export type SpoolClass = (typeof SPOOL_CLASSES)[number];

/** kept: as GAVEL_SPOOL_SYNC promises · full: no room for its class · failed: the disk took it not. */
export type AppendOutcome = 'kept' | 'full' | 'failed';

export interface Appended {
  readonly outcome: AppendOutcome;
  /** From 1 on, without gaps, never used again; 0 where the record was not kept. */
  readonly sequence: number;
}

/**
 * group: each group is on the medium before its appends are answered · every: answered once the operating system has
 * it, and put on the medium at least every so many milliseconds.
 */
export type SpoolSync = { readonly kind: 'group' } | { readonly kind: 'every'; readonly ms: number };

export interface Spool {
  /** Made with the folder, for ever: the sequences of its records mean something under this name alone. */
  readonly id: string;
  /** All that is appended in one turn makes one group, and so does what comes while one is under way. Never rejects. */
  append(record: Uint8Array, spoolClass: SpoolClass): Promise<Appended>;
  /** False while the disk takes no records; the spool tries it again by itself. */
  readonly isSound: boolean;
  figures(): SpoolFigures;
  /** For `openSpoolReader`, in any thread: it can be posted, with its port to be transferred. One at a time per reader. */
  connect(reader: string): SpoolTicket;
  /** What was appended is kept first; later appends fail. Readers are closed before. */
  close(): Promise<void>;
}

export interface SpoolFigures {
  /** Records that some reader has not acknowledged, with four bytes each for their length. */
  readonly liveBytes: number;
  readonly liveRecords: number;
  readonly maxBytes: number;
  /** Never shrinks: what was deleted leaves room in it. */
  readonly fileBytes: number;
  /** For want of room. */
  readonly droppedByClass: Readonly<Record<SpoolClass, number>>;
  /** Failed by the disk. */
  readonly failedRecords: number;
  /** 0 when nothing waits. */
  readonly oldestAgeMs: number;
  readonly lastSequence: number;
  /** Appended together, since the spool was opened or its thread replaced. */
  readonly groups: number;
  readonly readers: readonly ReaderFigures[];
}

export interface ReaderFigures {
  readonly name: string;
  /** Acknowledged up to here. */
  readonly position: number;
  readonly waitingRecords: number;
}

/** Of `node:worker_threads`. */
export type SpoolPort = InstanceType<typeof MessagePort>;

export interface SpoolTicket {
  readonly reader: string;
  readonly folder: string;
  readonly port: SpoolPort;
}

export interface SpooledRecord {
  readonly sequence: number;
  readonly record: Uint8Array;
}

export interface SpoolReader {
  readonly name: string;
  readonly spoolId: string;
  /** Acknowledged up to here, as far as this reader knows. */
  readonly position: number;
  /**
   * The records behind `behind`, by default its position; as many as both limits allow, but at least one where there
   * is one. They are copies, and no read transaction stays open.
   */
  read(maxRecords: number, maxBytes: number, behind?: number): readonly SpooledRecord[];
  /** Resolves once all that was kept before can be read. Rejects when the spool is closed. */
  settle(): Promise<void>;
  /**
   * Resolves when there are records behind `behind`, by default its position, and can be read. Rejects when the spool is
   * closed. One at a time.
   */
  wait(behind?: number): Promise<void>;
  /**
   * All up to `sequence` are this reader's no more. Resolves once that is on the medium; what all readers have
   * acknowledged is deleted. Rejects when the spool is closed before.
   */
  acknowledge(sequence: number): Promise<void>;
  close(): Promise<void>;
}
