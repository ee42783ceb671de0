/** A database of a bench's own on the server of DATABASE_URL, gone when the bench is done. */
import pg from 'pg';

/** `work` gets its URL. A bench that is killed leaves it behind: its name begins with gavel_bench_. */
export async function inOwnDatabase<T>(
  serverUrl: string,
  name: string,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  const database = `gavel_bench_${String(process.pid)}_${name}`;
  try {
    await client.query(`CREATE DATABASE ${database}`);
    try {
      const own = new URL(serverUrl);
      own.pathname = `/${database}`;
      return await work(own.href);
    } finally {
      await client.query(`DROP DATABASE ${database} WITH (FORCE)`);
    }
  } finally {
    await client.end();
  }
}

/** Throws a sentence that says how such a service is had. */
export function requireService(name: 'DATABASE_URL' | 'REDIS_URL' | 'KAFKA_BROKERS'): string {
  const url = process.env[name];
  if (url !== undefined) return url;
  throw new Error(
    `${name} is not set: \`npm run services -- postgres redis kafka && . .services/env\` first`,
  );
}
