/**
 * How a node hears of changes: alone, it listens to Postgres; with a Redis, it reads the stream that the leading node
 * writes, and may lead itself. In either case the feed looks for itself at times.
 */
import type { CampaignFeed } from './campaign-feed.ts';
import { changeStreamKey, openChangeStream, readEntry } from './campaigns/redis-change-stream.ts';
import type { CampaignStore } from './campaigns/store.ts';
import { createChangeReader } from './change-reader.ts';
import { CHANGES_CHANNEL, writeChanges } from './change-writer.ts';
import { seekLeadership } from './database/postgres-leader.ts';
import { listenTo } from './database/postgres-listener.ts';
import type { RedisConnection } from './database/redis-connection.ts';
import type { Log } from './server/http.ts';

export interface ChangeEdges {
  readonly feed: CampaignFeed;
  /** From now on every number of a change counts as later than what the index holds. */
  readonly distrust: () => void;
  readonly store: CampaignStore;
  readonly databaseUrl: string;
  readonly log: Log;
}

/** The Redis that a node shares with others of the same database. */
export interface SharedRedis {
  readonly connection: RedisConnection;
  readonly url: string;
  readonly isCluster: boolean;
  /** How long a bid waits for it. */
  readonly waitMs: number;
  readonly databaseId: string;
}

export interface ChangeFigures {
  /** Changed campaigns by the way they came. */
  readonly fromStream: number;
  readonly fromPostgres: number;
  readonly isStreamUp: boolean;
  readonly isLeader: boolean;
}

export interface ChangeSource {
  figures(): ChangeFigures;
  /** Takes half a second at most. */
  close(): Promise<void>;
}

/** Of the advisory locks, after that of the changes' numbers (migrations/). */
const LEADER_LOCK = 7_238_003;

export function listenForChanges({
  feed,
  databaseUrl,
}: Pick<ChangeEdges, 'feed' | 'databaseUrl'>): ChangeSource {
  // What the feed could not do, it has told.
  const listener = listenTo(CHANGES_CHANNEL, databaseUrl, () => void feed.catchUp().catch(() => undefined));
  return {
    figures: () => ({
      fromStream: 0,
      fromPostgres: feed.readCampaigns,
      isStreamUp: false,
      isLeader: false,
    }),
    close: () => listener.close(),
  };
}

export async function followChangeStream(edges: ChangeEdges, redis: SharedRedis): Promise<ChangeSource> {
  const { feed, store, distrust, databaseUrl, log } = edges;
  // A server without Redis does without its client.
  const { followStream } = await import('./database/redis-stream.ts');
  const key = changeStreamKey(redis.databaseId);
  const reader = createChangeReader({ feed, distrust, log });
  let isStreamUp = false;
  const stream = followStream({
    url: redis.url,
    isCluster: redis.isCluster,
    key,
    after: Math.max(0, feed.version),
    onEntry: (entry) => reader.take(readEntry(entry)),
    onState(state, reason) {
      isStreamUp = state === 'up';
      feed.setStreamed(isStreamUp);
      if (isStreamUp) log.info({ reason }, 'the stream of changes is read');
      else log.warn({ reason }, 'the stream of changes can not be read: Postgres is asked more often');
    },
  });
  const written = { store, stream: openChangeStream(redis.connection, key), databaseUrl, log };
  const leadership = seekLeadership({
    databaseUrl,
    lock: LEADER_LOCK,
    onLead: (term) => writeChanges(written, term),
    onTrouble: (trouble) => log.warn({ trouble }, 'the lead of the stream of changes'),
  });
  return {
    figures: () => ({
      fromStream: reader.takenCampaigns,
      fromPostgres: feed.readCampaigns,
      isStreamUp,
      isLeader: leadership.isLeader,
    }),
    async close() {
      stream.close();
      await leadership.close();
    },
  };
}
