/**
 * The compiler on a thread of its own: it reads the campaigns and compiles them, so that the front thread sees
 * nothing but a finished buffer; and it puts on disk what the next start begins with.
 */
import { Piscina } from 'piscina';
import type { UnsoundCampaign } from '../campaigns/soundness.ts';
import type { AdCounts } from './ad-counts.ts';
import type { KeptFacts } from './disk-index-file.ts';
import type { CompiledTier } from './index-writer.ts';
import type { Priors } from './rank.ts';
import { openSnapshot } from './snapshot-view.ts';
import type { IndexHandle } from './tiers.ts';

/** What the thread is asked. */
export interface CompileOrder {
  readonly epoch: number;
  readonly nowMs: number;
  readonly priors: Priors;
  readonly counts: AdCounts;
  readonly databaseUrl: string;
  /** null: a base, of all campaigns; else the middle tier of what changed after the change of that number. */
  readonly since: number | null;
  /** A buffer that may be written over; undefined: a new one. */
  readonly buffer: SharedArrayBuffer | undefined;
}

/** What the thread answers. */
export interface CompiledAnswer {
  readonly buffer: SharedArrayBuffer;
  /** The last change that is in it for certain. */
  readonly version: number;
  /** Where the database was in its history (campaigns/postgres-history.ts). */
  readonly mark: string;
  /** The campaigns that changed; null where a base was ordered. */
  readonly changed: readonly string[] | null;
  readonly compileMs: number;
  /** Active campaigns that were left out. */
  readonly unsound: readonly UnsoundCampaign[];
}

export type Compiled = CompiledTier & Pick<CompiledAnswer, 'compileMs' | 'mark' | 'unsound'>;

/** A base that was compiled, into the file. */
export interface SaveBaseOrder {
  readonly path: string;
  readonly facts: KeptFacts;
  readonly buffer: SharedArrayBuffer;
}

/** What changed since the base of one file, into another. */
export interface SaveChangesOrder {
  readonly basePath: string;
  readonly path: string;
  readonly nowMs: number;
  readonly counts: AdCounts;
  readonly databaseUrl: string;
  /** Of the new file. */
  readonly id: string;
}

/** What was counted by now, and whether an index is ranked by it. */
export interface MeasureOrder {
  readonly databaseUrl: string;
  readonly priors: Priors;
  /** Nobody writes over it meanwhile; null: there is none yet. */
  readonly index: IndexHandle | null;
}

export interface Measured {
  readonly counts: AdCounts;
  /** Campaigns of the index that have another rank price than they would get. */
  readonly moved: number;
}

export interface RateMeter {
  /** Rejects when the counts can't be read. */
  measure(order: MeasureOrder): Promise<Measured>;
}

export interface IndexCompiler {
  /** Rejects when the campaigns can't be read. */
  compile(order: CompileOrder): Promise<Compiled>;
  close(): Promise<void>;
}

export interface IndexSaver {
  /**
   * Both resolve with the milliseconds that the thread worked, and reject where the disk refuses, the second also
   * where the campaigns can't be read.
   */
  saveBase(order: SaveBaseOrder): Promise<number>;
  saveChanges(order: SaveChangesOrder): Promise<number>;
}

/** A base takes seconds at 100,000 campaigns; middle tiers are compiled meanwhile. */
const MAX_THREADS = 2;
/** To start a thread takes a core 0.2 s, most orders much less; while changes come, there is one a second or more. */
const IDLE_LIMIT_MS = 10_000;

/**
 * `workerFile` exports `compileCampaigns(order: CompileOrder): Promise<CompiledAnswer>`, and `saveBase`, `saveChanges`
 * and `measureRates` of their orders; only its wirer knows the store. `onBase` is told of each base that was compiled.
 */
export function startIndexCompiler(
  workerFile: URL,
  onBase: (base: CompiledAnswer) => void = () => undefined,
): IndexCompiler & IndexSaver & RateMeter {
  const thread = new Piscina<CompileOrder | SaveBaseOrder | SaveChangesOrder | MeasureOrder, unknown>({
    filename: workerFile.href,
    minThreads: 0,
    maxThreads: MAX_THREADS,
    idleTimeout: IDLE_LIMIT_MS,
    // Its connections live between orders: a thread that waits for a cell of memory hears nothing of them.
    atomics: 'disabled',
  });
  return {
    async compile(order) {
      const answer = (await thread.run(order, { name: 'compileCampaigns' })) as CompiledAnswer;
      if (answer.changed === null) onBase(answer);
      const { buffer, ...facts } = answer;
      return { snapshot: openSnapshot(buffer), ...facts };
    },
    saveBase: async (order) => (await thread.run(order, { name: 'saveBase' })) as number,
    saveChanges: async (order) => (await thread.run(order, { name: 'saveChanges' })) as number,
    measure: async (order) => (await thread.run(order, { name: 'measureRates' })) as Measured,
    async close() {
      await thread.destroy();
    },
  };
}
