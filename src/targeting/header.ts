/**
 * The index's header (layout.ts draws it): written last, and refused with a sentence that says what is wrong where it
 * does not match.
 */
import { HEADER_BYTES, HEADER_WORDS, SECTION_NAMES, type Placement } from './layout.ts';

const MAGIC = 0x4c564147;
const VERSION = 3;
/** Word that holds the hash; the hash covers all others. */
const HASH_WORD = 2;

export interface IndexFacts {
  readonly epoch: number;
  readonly compiledAtMs: number;
  readonly campaignCount: number;
  readonly adCount: number;
  /** Postings of more campaigns are bitmaps. */
  readonly listLimit: number;
  readonly firstTerm: number;
  readonly termCount: number;
}

/** From here until `writeHeader` the buffer is refused: a compilation that stops half-way leaves no index. */
export function clearHeader(buffer: SharedArrayBuffer): void {
  new Uint8Array(buffer, 0, HEADER_BYTES).fill(0);
}

export function writeHeader(buffer: SharedArrayBuffer, facts: IndexFacts, placement: Placement): void {
  const words = new Uint32Array(buffer, 0, HEADER_BYTES / 4);
  const fixed = [MAGIC, VERSION, 0, facts.epoch, placement.usedBytes, SECTION_NAMES.length, 0, 0];
  words.set([
    ...fixed,
    facts.campaignCount,
    facts.adCount,
    facts.listLimit,
    facts.firstTerm,
    facts.termCount,
    0,
  ]);
  new Float64Array(buffer, 24, 1)[0] = facts.compiledAtMs;
  for (let i = 0; i < SECTION_NAMES.length; i++) {
    words[HEADER_WORDS + 2 * i] = placement.offsets[i] ?? 0;
    words[HEADER_WORDS + 2 * i + 1] = placement.lengths[i] ?? 0;
  }
  words[HASH_WORD] = hashHeader(words);
}

/** Throws with the sentence that says why the buffer holds no index that this version can read. */
export function readHeader(buffer: SharedArrayBuffer): { facts: IndexFacts; placement: Placement } {
  if (buffer.byteLength < HEADER_BYTES) {
    throw refusal(`${buffer.byteLength} bytes are fewer than its header of ${HEADER_BYTES} has`);
  }
  const words = new Uint32Array(buffer, 0, HEADER_BYTES / 4);
  const word = (place: number): number => words[place] ?? 0;
  if (word(0) !== MAGIC)
    throw refusal(`it starts with 0x${word(0).toString(16)}, not with 0x${MAGIC.toString(16)}`);
  if (word(1) !== VERSION)
    throw refusal(`its layout is version ${word(1)}, this one reads version ${VERSION}`);
  if (word(5) !== SECTION_NAMES.length) {
    throw refusal(`it has ${word(5)} sections, this version reads ${SECTION_NAMES.length}`);
  }
  const hash = hashHeader(words);
  if (word(HASH_WORD) !== hash) {
    throw refusal(
      `its header hashes to ${hash}, but says ${word(HASH_WORD)}: it was damaged or half written`,
    );
  }
  const usedBytes = word(4);
  if (usedBytes > buffer.byteLength) {
    throw refusal(`it fills ${usedBytes} bytes, but the buffer has ${buffer.byteLength}: it was cut off`);
  }
  return {
    facts: {
      epoch: word(3),
      compiledAtMs: new Float64Array(buffer, 24, 1)[0] ?? 0,
      campaignCount: word(8),
      adCount: word(9),
      listLimit: word(10),
      firstTerm: word(11),
      termCount: word(12),
    },
    placement: {
      offsets: SECTION_NAMES.map((_, i) => word(HEADER_WORDS + 2 * i)),
      lengths: SECTION_NAMES.map((_, i) => word(HEADER_WORDS + 2 * i + 1)),
      usedBytes,
    },
  };
}

function refusal(why: string): Error {
  return new Error(`index refused: ${why}`);
}

/** FNV-1a over the header's words, its own place left out. */
function hashHeader(words: Uint32Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) {
    if (i !== HASH_WORD) hash = Math.imul(hash ^ (words[i] ?? 0), 0x01000193);
  }
  return hash >>> 0;
}
