/** What the leading node does besides: it puts each committed change on the stream, told of it or looking by itself. */
import type { ChangeStream, StreamHead } from './campaigns/redis-change-stream.ts';
import type { CampaignStore } from './campaigns/store.ts';
import { listenTo } from './database/postgres-listener.ts';
import type { Log } from './server/http.ts';
import { NEWEST_CAMPAIGNS } from './targeting/index-writer.ts';

export interface WriterEdges {
  readonly store: Pick<CampaignStore, 'version' | 'changesToSend'>;
  readonly stream: ChangeStream;
  readonly databaseUrl: string;
  readonly log: Log;
}

/** Where migrations/ notify of each change of the campaigns. */
export const CHANGES_CHANNEL = 'gavel_campaigns';

/** How soon a change is seen of which nobody told, and a stream that was lost is begun anew. */
const LOOK_EVERY_MS = 500;
/** In a storm an entry holds several changes: each costs every node a new index, whatever is in it. */
const LEAST_APART_MS = 20;
/** A node that can't reach Redis so many times in a row leaves the lead to one that can. */
const MOST_MISSES = 3;
/** A campaign has one or two thousand; the stream as a whole then is no more than 64 MB. */
const MAX_ROW_CHARS = 65_536;

/** Resolves at the end of the term, or where Redis stays away; rejects where Postgres does. */
export async function writeChanges(edges: WriterEdges, term: AbortSignal): Promise<void> {
  const bell = createBell(term);
  const listener = listenTo(CHANGES_CHANNEL, edges.databaseUrl, bell.ring);
  let isTold = false;
  try {
    let misses = 0;
    while (misses < MOST_MISSES && !term.aborted) {
      const beganMs = performance.now();
      const isReached = await writeOnce(edges);
      misses = isReached ? 0 : misses + 1;
      if (isReached && !isTold) {
        isTold = true;
        edges.log.info({}, 'this node leads: it writes the stream of changes');
      }
      await bell.rings(LOOK_EVERY_MS);
      await pause(beganMs + LEAST_APART_MS - performance.now());
    }
  } finally {
    if (isTold) edges.log.info({}, 'this node leads no longer');
    await listener.close();
  }
}

/** false: Redis is away. The stream says how far it goes, so that nothing is to be remembered between two leaders. */
async function writeOnce({ store, stream }: WriterEdges): Promise<boolean> {
  const head = await stream.head();
  if (head === 'away') return false;
  if (head === null) return beginEmpty(stream, await store.version());
  const { version, row } = await store.changesToSend(head.number, NEWEST_CAMPAIGNS);
  if (version === head.number) return true;
  // The database was set back to a time before.
  if (version < head.number) return begin(stream, head, version);
  const outcome = await stream.append(
    head,
    version,
    row !== null && row.length <= MAX_ROW_CHARS ? row : null,
  );
  return outcome !== 'away';
}

/** Redis has no entry 0: before the first change of all there is nothing to lead on from. */
async function beginEmpty(stream: ChangeStream, version: number): Promise<boolean> {
  return version === 0 || begin(stream, null, version);
}

async function begin(stream: ChangeStream, head: StreamHead | null, version: number): Promise<boolean> {
  return (await stream.begin(head, version, crypto.randomUUID())) !== 'away';
}

function pause(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}

interface Bell {
  readonly ring: () => void;
  /** Resolves when it is rung, was rung since the last time, or after so long. */
  readonly rings: (withinMs: number) => Promise<void>;
}

function createBell(term: AbortSignal): Bell {
  let isRung = false;
  let wake = (): void => undefined;
  const ring = (): void => {
    isRung = true;
    wake();
  };
  term.addEventListener('abort', ring, { once: true });
  return {
    ring,
    async rings(withinMs) {
      if (!isRung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, withinMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      isRung = false;
    },
  };
}
