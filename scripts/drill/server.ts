/** The server of a drill: killed and started anew on the same folder, and waited for while it is away. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ADMIN_KEY, startGavel, type GavelProcess } from '../../src/fixtures/gavel-process.ts';

export interface DrillServer {
  readonly dataDir: string;
  /** Once there is one that is ready. */
  readonly url: () => Promise<string>;
  /** kill -9, and a new start after so long. Resolves once it is ready. */
  readonly kill: (awayMs: number) => Promise<void>;
  /** Of a metric without labels. */
  readonly metric: (name: string) => Promise<number>;
  /** Starts that ended by themselves and were tried again, since the last look: what each of them said. */
  readonly takeFailedStarts: () => readonly string[];
  /** Creates campaigns, and returns their ads. */
  readonly createAds: () => Promise<readonly string[]>;
  /** Writes the logs of all its lives, and of its failed starts, into the folder. */
  readonly keepLogs: (folder: string) => void;
  readonly close: () => Promise<void>;
}

/**
 * A start ends where its Postgres is killed under it, and says so: whoever keeps it running starts it again. A verdict
 * tells how often.
 */
const MOST_STARTS = 3;
const CAMPAIGNS = 6;
const SIZES = [
  [300, 250],
  [336, 280],
  [728, 90],
] as const;

/** `onEnd`: it ended once it was ready, and nobody had asked it to. */
export async function startServer(
  dataDir: string,
  environment: Readonly<Record<string, string>>,
  onEnd: (sentence: string) => void,
): Promise<DrillServer> {
  const lives: GavelProcess[] = [];
  const asked = new Set<GavelProcess>();
  const allFailedStarts: string[] = [];
  let told = 0;
  const start = async (tries = MOST_STARTS): Promise<GavelProcess> => {
    try {
      const gavel = await startGavel(dataDir, { GAVEL_DEMO: '0', ...environment });
      lives.push(gavel);
      gavel.child.once('exit', (code) => {
        if (!asked.has(gavel)) onEnd(`the server ended by itself with ${code ?? 'a signal'}`);
      });
      return gavel;
    } catch (error) {
      allFailedStarts.push(String(error));
      if (tries === 1) throw error;
      return start(tries - 1);
    }
  };
  const killAsked = (gavel: GavelProcess): Promise<void> => {
    asked.add(gavel);
    return gavel.kill();
  };
  let running = start();
  await running;
  return {
    dataDir,
    url: async () => (await running).url,
    async kill(awayMs) {
      const last = await running;
      // Whoever asks from now on waits for the next.
      running = killAsked(last)
        .then(() => delay(awayMs))
        .then(() => start());
      await running;
    },
    async metric(name) {
      const text = await (await fetch(`${(await running).url}/metrics`)).text();
      return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
    },
    takeFailedStarts() {
      const untold = allFailedStarts.slice(told);
      told = allFailedStarts.length;
      return untold;
    },
    async createAds() {
      const { url } = await running;
      const created = Array.from({ length: CAMPAIGNS }, (_, number) => createAd(url, number));
      return Promise.all(created);
    },
    keepLogs(folder) {
      for (const [number, life] of lives.entries()) {
        writeFileSync(join(folder, `server-${String(number + 1)}.log`), life.stdout() + life.stderr());
      }
      for (const [number, said] of allFailedStarts.entries()) {
        writeFileSync(join(folder, `failed-start-${String(number + 1)}.log`), said);
      }
    },
    async close() {
      // One that could not be started anew is none to end.
      const last = await running.catch(() => null);
      if (last !== null) await killAsked(last);
    },
  };
}

async function createAd(url: string, number: number): Promise<string> {
  const [width, height] = SIZES[number % SIZES.length] ?? SIZES[0];
  const response = await fetch(`${url}/campaigns`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: `drill ${String(number)}`,
      advertiserId: '00000000-0000-4000-8000-0000000000d1',
      bid: { model: 'cpm', amount: 1 + number / 4 },
      dailyBudget: 1_000_000,
      pacing: 'asap',
      ads: [
        {
          title: 'drill',
          imageUrl: 'https://cdn.brand.example/drill.png',
          redirectUrl: 'https://www.brand.example/drill',
          width,
          height,
        },
      ],
    }),
  });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`the drill's campaign was refused: ${text}`);
  return (JSON.parse(text) as { ads: [{ id: string }] }).ads[0].id;
}
