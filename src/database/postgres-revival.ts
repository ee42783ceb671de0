/** The embedded PostgreSQL for as long as the server runs: one that ends by itself is started again. */
import { startEmbeddedPostgres, type EmbeddedPostgres } from './postgres-embedded.ts';
import type { PostgresLog } from './postgres-launch.ts';

export interface KeptPostgres {
  /** Stays the same over restarts. */
  readonly url: string;
  /** Resolves, after about `withinMs` at most, once no process is left, also of a restart under way. */
  readonly stop: (withinMs?: number) => Promise<void>;
}

/** Tried again this much later, until it stays. */
const RESTART_AFTER_MS = 1_000;

/** Rejects, as `startEmbeddedPostgres` does, when the first start fails; later ones are tried for ever. */
export async function keepPostgresRunning(dataDir: string, log: PostgresLog): Promise<KeptPostgres> {
  const stopping = new AbortController();
  let socketFolder: string | null = null;
  let timer: NodeJS.Timeout | undefined;

  function start(): Promise<EmbeddedPostgres> {
    return startEmbeddedPostgres({
      dataDir,
      log,
      socketFolder,
      signal: stopping.signal,
      onExit(reason) {
        log.warn(`the embedded PostgreSQL ended by itself and is started again: ${reason}`);
        restartLater();
      },
    });
  }

  function restartLater(): void {
    if (stopping.signal.aborted) return;
    timer = setTimeout(() => {
      current = start();
      current.catch((error: unknown) => {
        if (!stopping.signal.aborted) log.warn(`the embedded PostgreSQL does not start: ${String(error)}`);
        restartLater();
      });
    }, RESTART_AFTER_MS);
  }

  /** The last one that was started, or is being. */
  let current = start();
  const first = await current;
  socketFolder = first.socketFolder;
  return {
    url: first.url,
    async stop(withinMs) {
      stopping.abort();
      clearTimeout(timer);
      const server = await current.catch(() => null);
      await server?.stop(withinMs);
    },
  };
}
