/**
 * The compiler on a thread of its own: it reads the campaigns and compiles them, so that the front thread sees
 * nothing but a finished buffer.
 */
import { Piscina } from 'piscina';
import { openSnapshot } from './snapshot-view.ts';
import type { Snapshot } from './snapshot.ts';

/** What the thread is asked; `main` wires the campaigns' store into it. */
export interface CompileOrder {
  readonly epoch: number;
  readonly nowMs: number;
  readonly priors: { readonly ctr: number; readonly cvr: number };
  readonly databaseUrl: string;
  /** A buffer that may be written over; undefined: a new one. */
  readonly buffer: SharedArrayBuffer | undefined;
}

export interface CompiledIndex {
  readonly buffer: SharedArrayBuffer;
  readonly compileMs: number;
  readonly loadMs: number;
}

export interface IndexCompiler {
  /** Rejects when the campaigns can't be read. */
  compile(order: CompileOrder): Promise<{ readonly snapshot: Snapshot; readonly compileMs: number }>;
  close(): Promise<void>;
}

/** `workerFile` default-exports `(order: CompileOrder) => Promise<CompiledIndex>`. */
export function startIndexCompiler(workerFile: URL, execArgv: readonly string[]): IndexCompiler {
  const thread = new Piscina<CompileOrder, CompiledIndex>({
    filename: workerFile.href,
    minThreads: 0,
    maxThreads: 1,
    execArgv: [...execArgv],
  });
  return {
    async compile(order) {
      const compiled = await thread.run(order);
      return { snapshot: openSnapshot(compiled.buffer), compileMs: compiled.compileMs };
    },
    async close() {
      await thread.destroy();
    },
  };
}
