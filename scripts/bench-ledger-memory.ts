/** What users' caps take of Redis' memory: what becomes free when the records that a run has left are deleted. */
import type { BenchRedis } from './bench-ledger-redis.ts';

export interface MemoryRow {
  /** What the users had done. */
  readonly name: string;
  readonly users: number;
  /** With all that Redis needs beside a value. */
  readonly bytesPerUser: number;
  /** The packed record alone. */
  readonly recordBytes: number;
}

/** The caps' keys, one a user. */
const USER_KEYS = 'gavel:user:*';
const SCAN_COUNT = 1_000;

/** Nobody else may be at work in Redis. The records are gone afterwards. */
export async function weighUsers(redis: BenchRedis, name: string): Promise<MemoryRow> {
  const keys = new Set<string>();
  for await (const some of redis.client.scanStream({ match: USER_KEYS, count: SCAN_COUNT })) {
    for (const key of some as string[]) keys.add(key);
  }
  const users = keys.size;
  let recordBytes = 0;
  for (const key of keys) recordBytes += await redis.client.strlen(key);
  const { usedBytes } = await redis.read();
  for (const key of keys) await redis.client.del(key);
  const freedBytes = usedBytes - (await redis.read()).usedBytes;
  return { name, users, bytesPerUser: freedBytes / users, recordBytes: recordBytes / users };
}
