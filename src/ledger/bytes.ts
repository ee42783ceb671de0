/** Little-endian numbers and text in a row, written into a buffer that is used again, and read back. */

const START_BYTES = 4_096;
const U16_SPAN = 0x1_0000;
const U32_SPAN = 0x1_0000_0000;

export class Writer {
  #buffer = Buffer.alloc(START_BYTES);
  #used = 0;

  start(): void {
    this.#used = 0;
  }

  /** What was written since `start`, good until the next `start`. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#used);
  }

  u8(value: number): void {
    this.#used = this.#room(1).writeUInt8(value, this.#used);
  }

  u32(value: number): void {
    this.#used = this.#room(4).writeUInt32LE(value, this.#used);
  }

  i32(value: number): void {
    this.#used = this.#room(4).writeInt32LE(value, this.#used);
  }

  u48(value: number): void {
    this.#room(6).writeUInt32LE(value % U32_SPAN, this.#used);
    this.#used = this.#buffer.writeUInt16LE(Math.floor(value / U32_SPAN) % U16_SPAN, this.#used + 4);
  }

  f64(value: number): void {
    this.#used = this.#room(8).writeDoubleLE(value, this.#used);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.u32(length);
    this.#used += this.#room(length).write(value, this.#used);
  }

  /** Numbers of 32 bits, with a sign or without: it is lost. */
  words(values: ArrayLike<number>): void {
    this.u32(values.length);
    for (let at = 0; at < values.length; at++) this.u32((values[at] ?? 0) >>> 0);
  }

  #room(bytes: number): Buffer {
    if (this.#used + bytes > this.#buffer.length) {
      const grown = Buffer.alloc((this.#used + bytes) * 2);
      this.#buffer.copy(grown, 0, 0, this.#used);
      this.#buffer = grown;
    }
    return this.#buffer;
  }
}

/** Reads what a Writer wrote; throws a RangeError behind its end. */
export class Reader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#buffer.length;
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#step(1));
  }

  u32(): number {
    return this.#buffer.readUInt32LE(this.#step(4));
  }

  i32(): number {
    return this.#buffer.readInt32LE(this.#step(4));
  }

  u48(): number {
    return this.#buffer.readUIntLE(this.#step(6), 6);
  }

  f64(): number {
    return this.#buffer.readDoubleLE(this.#step(8));
  }

  text(): string {
    const length = this.u32();
    const at = this.#step(length);
    return this.#buffer.toString('utf8', at, at + length);
  }

  words(): Uint32Array {
    const words = new Uint32Array(this.u32());
    for (let at = 0; at < words.length; at++) words[at] = this.u32();
    return words;
  }

  #step(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }
}
