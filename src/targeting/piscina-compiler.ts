/**
 * The compiler on a thread of its own: it reads the campaigns and compiles them, so that the front thread sees
 * nothing but a finished buffer.
 */
import { Piscina } from 'piscina';
import type { UnsoundCampaign } from '../campaigns/soundness.ts';
import type { Snapshot } from './snapshot.ts';
import { openSnapshot } from './snapshot-view.ts';

/** What the thread is asked. */
export interface CompileOrder {
  readonly epoch: number;
  readonly nowMs: number;
  readonly priors: { readonly ctr: number; readonly cvr: number };
  readonly databaseUrl: string;
  /** A buffer that may be written over; undefined: a new one. */
  readonly buffer: SharedArrayBuffer | undefined;
}

/** What the thread answers. */
export interface CompiledAnswer {
  readonly buffer: SharedArrayBuffer;
  /** The last change that is in it for certain. */
  readonly version: number;
  readonly compileMs: number;
  /** Active campaigns that were left out. */
  readonly unsound: readonly UnsoundCampaign[];
}

export interface CompiledSnapshot {
  readonly snapshot: Snapshot;
  readonly version: number;
  readonly compileMs: number;
  readonly unsound: readonly UnsoundCampaign[];
}

export interface IndexCompiler {
  /** Rejects when the campaigns can't be read. One order at a time. */
  compile(order: CompileOrder): Promise<CompiledSnapshot>;
  close(): Promise<void>;
}

/** `workerFile` exports `compileCampaigns(order: CompileOrder): Promise<CompiledAnswer>`; only its wirer knows the store. */
export function startIndexCompiler(workerFile: URL): IndexCompiler {
  const thread = new Piscina<CompileOrder, CompiledAnswer>({
    filename: workerFile.href,
    name: 'compileCampaigns',
    minThreads: 0,
    maxThreads: 1,
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
