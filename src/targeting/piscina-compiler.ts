/**
 * The compiler on a thread of its own: it reads the campaigns and compiles them, so that the front thread sees
 * nothing but a finished buffer.
 */
import { Piscina } from 'piscina';
import type { UnsoundCampaign } from '../campaigns/soundness.ts';
import type { CompiledTier } from './index-writer.ts';
import { openSnapshot } from './snapshot-view.ts';

/** What the thread is asked. */
export interface CompileOrder {
  readonly epoch: number;
  readonly nowMs: number;
  readonly priors: { readonly ctr: number; readonly cvr: number };
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
  /** The campaigns that changed; null where a base was ordered. */
  readonly changed: readonly string[] | null;
  readonly compileMs: number;
  /** Active campaigns that were left out. */
  readonly unsound: readonly UnsoundCampaign[];
}

export type Compiled = CompiledTier & Pick<CompiledAnswer, 'compileMs' | 'unsound'>;

export interface IndexCompiler {
  /** Rejects when the campaigns can't be read. */
  compile(order: CompileOrder): Promise<Compiled>;
  close(): Promise<void>;
}

/** A base takes seconds at 100,000 campaigns; middle tiers are compiled meanwhile. */
const MAX_THREADS = 2;

/** `workerFile` exports `compileCampaigns(order: CompileOrder): Promise<CompiledAnswer>`; only its wirer knows the store. */
export function startIndexCompiler(workerFile: URL): IndexCompiler {
  const thread = new Piscina<CompileOrder, CompiledAnswer>({
    filename: workerFile.href,
    name: 'compileCampaigns',
    minThreads: 0,
    maxThreads: MAX_THREADS,
  });
  return {
    async compile(order) {
      const { buffer, ...facts } = await thread.run(order);
      return { snapshot: openSnapshot(buffer), ...facts };
    },
    async close() {
      await thread.destroy();
    },
  };
}
