/** Nothing that a client sends ends the process: seeded broken bodies and paths, then a sound request. */
import { Agent, request as httpRequest } from 'node:http';
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededRandom, type SeededRandom } from './campaigns/seeded-random.ts';
import { newDataDir, removeDataDir, startGavel, type GavelProcess } from './fixtures/gavel-process.ts';

const REQUESTS = 24_000;
const CLIENTS = 32;
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
const EXAMPLES = new URL('../examples/', import.meta.url);
const bodies = readdirSync(EXAMPLES)
  .filter((name) => name.endsWith('.json'))
  .map((name) => readFileSync(new URL(name, EXAMPLES), 'utf8'));
const PATHS = [
  '/openrtb2/bid',
  '/bid-request',
  '/bid',
  '/v1/delivery',
  '/serve?userId=u&placementId=p',
  '/impression?t=',
  '/click?t=',
  '/conversion?t=&value=',
  '/win?t=&price=1',
  '/billing?t=',
  '/loss?t=',
  '/health',
  '/',
];
const ODDITIES = [
  'null',
  '[]',
  '{}',
  '""',
  '-1',
  '1e999',
  '"\\ud800"',
  '9007199254740993',
  'true',
  '{"__proto__":{}}',
  '"constructor"',
  '[[[[[[]]]]]]',
  '1.5',
  '"0x10"',
  '" "',
  '{"toString":1}',
  '"\\u0000"',
];

const dataDir = newDataDir();
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
let gavel: GavelProcess;

beforeAll(async () => {
  gavel = await startGavel(dataDir);
});
afterAll(async () => {
  agent.destroy();
  await gavel.stop();
  removeDataDir(dataDir);
});

/** Replaces one value anywhere in a JSON text by something odd. */
function mutateValue(random: SeededRandom, text: string): string {
  const values = [...text.matchAll(/(?<=[:[,]\s*)("(?:[^"\\]|\\.)*"|-?\d[\d.]*|true|false|null)/g)];
  if (values.length === 0) return text;
  const { index, 0: old } = random.pick(values);
  return text.slice(0, index) + random.pick(ODDITIES) + text.slice(index + old.length);
}

function mutateBytes(random: SeededRandom, text: string): Buffer {
  const bytes = Buffer.from(text);
  for (let i = random.between(1, 8); i > 0; i--) bytes[random.integer(bytes.length)] = random.integer(256);
  return bytes;
}

function brokenBody(random: SeededRandom): Buffer {
  const text = random.pick(bodies);
  switch (random.integer(7)) {
    case 0:
      return Buffer.from(text.slice(0, random.integer(text.length)));
    case 1:
      return mutateBytes(random, text);
    case 2: {
      const depth = random.between(10, 20_000);
      return Buffer.from(`{"id":"x","imp":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    }
    case 3:
      return Buffer.from(
        `{"id":"x","imp":[{"id":"1","banner":{},"ext":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}]}`,
      );
    case 4:
      return Buffer.alloc(random.integer(300), random.integer(256));
    case 5:
      return Buffer.from(mutateValue(random, mutateValue(random, text)));
    default:
      return Buffer.from(mutateValue(random, text));
  }
}

function brokenPath(random: SeededRandom): string {
  const path = random.pick(PATHS);
  const junk = random.pick([
    '',
    '%',
    '%zz',
    '%00',
    '../../',
    '?t=%ff',
    '?a=1&a=2&=&&',
    ';x',
    'é',
    '//',
    '?userId[]=1',
  ]);
  const letters = Array.from({ length: random.integer(40) }, () =>
    String.fromCharCode(random.between(33, 126)),
  );
  return encodeURI(path + junk + (random.chance(0.3) ? letters.join('') : '')).replaceAll('%25', '%');
}

interface Shot {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer | null;
}

function shot(random: SeededRandom): Shot {
  const onPath = random.chance(0.3);
  const method = random.chance(0.85)
    ? 'POST'
    : random.pick(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD']);
  const body = brokenBody(random);
  const isGzip = random.chance(0.1);
  const sent = isGzip ? (random.chance(0.5) ? gzipSync(body) : body) : body;
  const headers: Record<string, string> = {
    'content-type': random.chance(0.95) ? 'application/json' : 'image/png',
  };
  if (isGzip) headers['content-encoding'] = random.chance(0.9) ? 'gzip' : 'br';
  if (random.chance(0.05)) headers.authorization = 'Bearer x';
  const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
  return {
    method: onPath && random.chance(0.7) ? 'GET' : method,
    path: onPath ? brokenPath(random) : random.chance(0.7) ? '/openrtb2/bid' : random.pick(PATHS),
    headers,
    body: hasBody && !(onPath && method === 'GET') ? sent : null,
  };
}

function send({ method, path, headers, body }: Shot): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      { host: '127.0.0.1', port: gavel.port, method, path, headers, agent },
      (response) => {
        response.resume().on('end', () => {
          resolve(response.statusCode ?? 0);
        });
      },
    );
    call.on('error', reject);
    call.end(method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? undefined : (body ?? undefined));
  });
}

it(`survives ${String(REQUESTS)} broken requests (seed ${String(SEED)}) and then answers a sound one`, async () => {
  const random = seededRandom(SEED);
  const statuses = new Map<number, number>();
  let left = REQUESTS;
  async function client(): Promise<void> {
    while (left-- > 0) {
      const next = shot(random);
      const status = await send(next).catch((error: unknown) => {
        // A connection that was closed while idle is no answer; the request is sent again by its user.
        if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return 0;
        throw new Error(
          `seed ${String(SEED)}: ${JSON.stringify({ ...next, body: next.body?.toString('latin1') })}`,
          {
            cause: error,
          },
        );
      });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 503 || status === 500)
        throw new Error(`seed ${String(SEED)}: ${String(status)} for ${next.path}`);
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client));
  expect(gavel.child.exitCode).toBeNull();
  expect(statuses.get(400)).toBeGreaterThan(REQUESTS / 10);
  expect(statuses.get(0) ?? 0).toBeLessThan(REQUESTS / 100);
  const sound = await fetch(`${gavel.url}/openrtb2/bid`, {
    method: 'POST',
    body: '{"id":"1","imp":[{"id":"1","banner":{"w":300,"h":250}}],"device":{"geo":{"country":"USA"}}}',
  });
  expect(sound.status).toBe(200);
}, 180_000);
