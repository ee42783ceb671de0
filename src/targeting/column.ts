/** Columns of u32 that grow while an index is compiled. */

/** Most columns of a small index stay small: a change compiles one. */
const FIRST_CAPACITY = 64;

export class Column {
  length = 0;
  #values: Uint32Array;

  constructor(capacity = FIRST_CAPACITY) {
    this.#values = new Uint32Array(Math.max(capacity, FIRST_CAPACITY));
  }

  push(value: number): void {
    if (this.length === this.#values.length) this.#grow(this.length + 1);
    this.#values[this.length++] = value;
  }

  /** 0 where nothing was written. */
  at(place: number): number {
    return this.#values[place] ?? 0;
  }

  set(place: number, value: number): void {
    if (place >= this.#values.length) this.#grow(place + 1);
    this.#values[place] = value;
    if (place >= this.length) this.length = place + 1;
  }

  /** What was written so far: a view, good until the next write. */
  values(): Uint32Array {
    return this.#values.subarray(0, this.length);
  }

  #grow(capacity: number): void {
    const grown = new Uint32Array(Math.max(capacity, 2 * this.#values.length));
    grown.set(this.#values);
    this.#values = grown;
  }
}

/** Lists of numbers, one a row: those of row r lie from start[r] to start[r + 1] - 1. */
export class ListColumn {
  readonly start = new Column();
  readonly ids = new Column();

  constructor() {
    this.start.push(0);
  }

  push(id: number): void {
    this.ids.push(id);
  }

  endRow(): void {
    this.start.push(this.ids.length);
  }
}
