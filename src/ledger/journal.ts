/** Where the ledger writes down what it does, in order: what is read back is always a beginning of what was written. */

export interface Journal {
  /** Hands over every whole record that was kept, oldest first. Called once, before anything is appended. */
  replay(apply: (record: Uint8Array) => void): void;
  /** Gathers a copy of the record; it is written at the end of this turn of the event loop, or before. */
  append(record: Uint8Array): void;
  /** Writes at once what was gathered. false: it can't be written now; it stays gathered and is tried again. */
  write(): boolean;
  /** false while what was appended can't be kept. */
  readonly healthy: boolean;
  /** The disk takes so long with what it was given that nobody waits for it any more. */
  readonly isHanging: boolean;
  /** Resolves when all that was appended before is kept; rejects when it can't be. Its call is also a new try. */
  saved(): Promise<void>;
  readonly bytes: number;

  /** The journal has outgrown its state, or can't be trusted any more, and should be written anew. */
  readonly wantsRewrite: boolean;
  /** Starts a second journal beside this one. */
  beginRewrite(): void;
  /** Appends to the second journal; nothing happens where there is none. */
  appendNext(record: Uint8Array): void;
  /** Puts the second in the place of the first, in one step; false when that failed and the first stays. */
  endRewrite(): Promise<boolean>;

  close(): Promise<void>;
}
