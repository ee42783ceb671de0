import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fail } from './errors.ts';
import {
  MAX_BODY_BYTES,
  READ_HEADERS,
  type BidContext,
  type BidReply,
  type HttpAnswer,
  type HttpRequest,
  type HttpServer,
  type Log,
  type Route,
} from './http.ts';
import { checkPort } from './port.ts';
import { ABORTED_STATUS } from './traffic.ts';
import { createServer, routeNames, type ServerPlan } from './uws-server.ts';

const HOST = '127.0.0.1';
const LARGE = 'x'.repeat(8 * 1024 * 1024);
const LONG_JSON = JSON.stringify({ pad: 'abc '.repeat(400) });

/** What the server under test told its watchers and handlers since the test began. */
const seen = {
  observed: [] as { route: string; status: number }[],
  errors: [] as object[],
  failures: 0,
  handled: [] as HttpRequest[],
};

/** Answers that a handler waits for; the tests settle them. */
const held: ((answer: HttpAnswer) => void)[] = [];
const heldBids: { context: BidContext; reply: BidReply }[] = [];

const log: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  fatal: () => {},
  error: (fields) => void seen.errors.push(fields),
};

function echo(request: HttpRequest): HttpAnswer {
  seen.handled.push(request);
  const { method, path, query, params, traceId, requestId } = request;
  const headers = Object.fromEntries(READ_HEADERS.map((name) => [name, request.header(name)]));
  const body = request.body.toString();
  return {
    status: 200,
    body: JSON.stringify({ method, path, query, params, traceId, requestId, headers, body }),
  };
}

function tellAddress(request: HttpRequest): HttpAnswer {
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: request.clientAddress() };
}

const routes: readonly Route[] = [
  { method: 'GET', pattern: '/echo', name: 'echo', handle: echo },
  { method: 'POST', pattern: '/echo', name: 'echo', handle: echo },
  {
    method: 'POST',
    pattern: '/later',
    name: 'later',
    handle: async (request) => (await delay(5), echo(request)),
  },
  {
    method: 'GET',
    pattern: '/later',
    name: 'later',
    handle: async (request) => (await delay(5), echo(request)),
  },
  { method: 'GET', pattern: '/things/{id}/parts/{part}', name: 'thing', handle: echo },
  { method: 'DELETE', pattern: '/things/{id}/parts/{part}', name: 'thing', handle: () => ({ status: 204 }) },
  { method: 'GET', pattern: '/address', name: 'address', handle: tellAddress },
  { method: 'POST', pattern: '/address', name: 'address', handle: tellAddress },
  { method: 'GET', pattern: '/pixel', name: 'pixel', browser: true, handle: () => ({ status: 204 }) },
  { method: 'POST', pattern: '/pixel', name: 'pixel', browser: true, handle: echo },
  {
    method: 'GET',
    pattern: '/secret',
    name: 'secret',
    handle: (request) => fail(request, 'UNAUTHORIZED', 'a key is needed'),
  },
  {
    method: 'GET',
    pattern: '/moved',
    name: 'moved',
    handle: () => ({ status: 302, headers: { location: 'https://x.example/' } }),
  },
  {
    method: 'GET',
    pattern: '/split',
    name: 'split',
    handle: () => ({ status: 302, headers: { location: 'https://x/\r\nevil: 1' } }),
  },
  { method: 'GET', pattern: '/long', name: 'long', handle: () => ({ status: 200, body: LONG_JSON }) },
  {
    method: 'GET',
    pattern: '/gif',
    name: 'gif',
    handle: () => ({ status: 200, headers: { 'content-type': 'image/gif' }, body: Buffer.alloc(4096, 7) }),
  },
  { method: 'GET', pattern: '/large-json', name: 'large', handle: () => ({ status: 200, body: LARGE }) },
  {
    method: 'GET',
    pattern: '/large',
    name: 'large',
    handle: () => ({ status: 200, headers: { 'content-type': 'application/octet-stream' }, body: LARGE }),
  },
  {
    method: 'GET',
    pattern: '/throws',
    name: 'throws',
    handle: () => {
      throw new Error('sync fault');
    },
  },
  {
    method: 'POST',
    pattern: '/throws',
    name: 'throws',
    handle: () => {
      throw new Error('sync fault');
    },
  },
  {
    method: 'GET',
    pattern: '/rejects',
    name: 'rejects',
    handle: () => Promise.reject(new Error('async fault')),
  },
  {
    method: 'GET',
    pattern: '/held',
    name: 'held',
    handle: () => new Promise((resolve) => held.push(resolve)),
  },
];

function answerBid(body: Buffer, context: BidContext, reply: BidReply): void | Promise<void> {
  const text = body.toString();
  const command = text.slice(0, 6);
  if (command === 'nobid ') reply.noBid();
  else if (command === 'throw ') throw new Error('bid fault');
  else if (command === 'reject') return Promise.reject(new Error('bid fault'));
  else if (command === 'wrong ') reply.invalid('imp: missing');
  else if (command === 'hold  ') heldBids.push({ context, reply });
  else if (command === 'twice ') {
    reply.bid('{"first":1}');
    reply.bid('{"second":1}');
    reply.noBid();
  } else reply.bid(JSON.stringify({ text, auth: context.authorization, id: context.requestId }));
}

function planOf(overrides: Partial<ServerPlan> = {}): ServerPlan {
  const bidRoute = { pattern: '/openrtb2/bid', name: 'openrtb_bid', handle: answerBid };
  const names = routeNames({ routes, bidRoute });
  return {
    routes,
    bidRoute,
    gzipBids: false,
    proxies: 0,
    log,
    observe: (route, status) => void seen.observed.push({ route: names[route] ?? '?', status }),
    countFailure: () => (seen.failures += 1),
    ...overrides,
  };
}

let server: HttpServer;
let port: number;

beforeAll(async () => {
  server = createServer(planOf());
  port = await server.listen(HOST, 0);
});
afterAll(() => server.close());
beforeEach(() => {
  seen.observed.length = seen.errors.length = seen.handled.length = held.length = heldBids.length = 0;
  seen.failures = 0;
});

interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** One connection, byte by byte as the test likes it. */
class Wire {
  readonly socket: net.Socket;
  isClosed = false;
  private received = Buffer.alloc(0);
  private wake: () => void = () => {};

  constructor(to = port) {
    this.socket = net.connect(to, HOST);
    this.socket.on('data', (data) => {
      this.received = Buffer.concat([this.received, data]);
      this.wake();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.isClosed = true;
      this.wake();
    });
  }

  write(...parts: (string | Buffer)[]): void {
    for (const part of parts) this.socket.write(part);
  }

  async read(isHead = false): Promise<Answer> {
    const headEnd = await this.until((received) => received.indexOf('\r\n\r\n'));
    const [statusLine = '', ...lines] = this.received.subarray(0, headEnd).toString('latin1').split('\r\n');
    const headers = new Map(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    );
    const bodyStart = headEnd + 4;
    const length = isHead ? 0 : Number(headers.get('content-length') ?? 0);
    await this.until((received) => (received.length >= bodyStart + length ? 0 : -1));
    const body = Buffer.from(this.received.subarray(bodyStart, bodyStart + length));
    this.received = this.received.subarray(bodyStart + length);
    return { status: Number(statusLine.split(' ')[1]), headers, body };
  }

  /** Bytes that no `read` has asked for. */
  get left(): number {
    return this.received.length;
  }

  async closed(): Promise<void> {
    await this.until(() => (this.isClosed ? 0 : -1), true);
  }

  private async until(find: (received: Buffer) => number, mayClose = false): Promise<number> {
    for (;;) {
      const found = find(this.received);
      if (found >= 0) return found;
      if (this.isClosed && !mayClose) throw new Error('the connection was closed');
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

function requestText(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body: string | Buffer = '',
): Buffer {
  const length =
    body.length > 0 || method === 'POST' ? { 'content-length': String(Buffer.byteLength(body)) } : {};
  const lines = Object.entries({ host: 'x', ...length, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'),
    Buffer.from(body),
  ]);
}

async function send(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body: string | Buffer = '',
  to = port,
): Promise<Answer> {
  const wire = new Wire(to);
  wire.write(requestText(method, path, headers, body));
  const answer = await wire.read(method === 'HEAD');
  wire.socket.destroy();
  return answer;
}

function json(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.body.toString()) as Record<string, unknown>;
}

async function eventually(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !isSo(); turn++) await delay(10);
  expect(isSo()).toBe(true);
}

const JSON_TYPE = { 'content-type': 'application/json' };
/** Does not shrink: 64 KiB stay more than is inflated at once. */
const NOISE = gzipSync(randomBytes(64 * 1024));
/** One is inflated at once, one by a thread. */
const SMALL_BOMB = gzipSync(Buffer.alloc(4 * 1024 * 1024));
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024));

/** Requests that are refused, with the status and code of the refusal: on the generic path and on the bid's. */
const REFUSALS: readonly (readonly [string, Buffer, number, string])[] = [
  ['an unknown path', requestText('GET', '/nowhere'), 404, 'NOT_FOUND'],
  [
    'an unknown path with a body',
    requestText('POST', '/nowhere', JSON_TYPE, 'x'.repeat(400_000)),
    404,
    'NOT_FOUND',
  ],
  ['a pattern as a path', requestText('GET', '/things/{id}/parts/{part}/'), 404, 'NOT_FOUND'],
  ['an empty parameter', requestText('GET', '/things//parts/1'), 404, 'NOT_FOUND'],
  ['a method that is not served', requestText('PUT', '/echo', JSON_TYPE, '{}'), 405, 'METHOD_NOT_ALLOWED'],
  ['a method that nobody knows', requestText('BREW', '/echo'), 405, 'METHOD_NOT_ALLOWED'],
  ['GET on the bid path', requestText('GET', '/openrtb2/bid'), 405, 'METHOD_NOT_ALLOWED'],
  ['a missing key', requestText('GET', '/secret'), 401, 'UNAUTHORIZED'],
  ['a broken escape in the path', requestText('GET', '/things/%zz/parts/1'), 400, 'INVALID_REQUEST'],
  ['an escape that is no UTF-8', requestText('GET', '/things/%ff/parts/1'), 400, 'INVALID_REQUEST'],
  ['a broken escape in the query', requestText('GET', '/echo?a=%'), 400, 'INVALID_REQUEST'],
  ...['/echo', '/later', '/openrtb2/bid'].flatMap(
    (path): readonly (readonly [string, Buffer, number, string])[] => [
      [
        `${path}: a form`,
        requestText('POST', path, { 'content-type': 'application/x-www-form-urlencoded' }, 'a=1'),
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      ],
      [
        `${path}: an unknown encoding`,
        requestText('POST', path, { 'content-encoding': 'br' }, '{}'),
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      ],
      [
        `${path}: gzip twice`,
        requestText('POST', path, { 'content-encoding': 'gzip, gzip' }, '{}'),
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      ],
      [
        `${path}: no gzip at all`,
        requestText('POST', path, { 'content-encoding': 'gzip' }, '{}'),
        400,
        'INVALID_REQUEST',
      ],
      [
        `${path}: gzip cut short`,
        requestText('POST', path, { 'content-encoding': 'gzip' }, gzipSync(LONG_JSON).subarray(0, -9)),
        400,
        'INVALID_REQUEST',
      ],
      [
        `${path}: much gzip cut short`,
        requestText('POST', path, { 'content-encoding': 'gzip' }, NOISE.subarray(0, -9)),
        400,
        'INVALID_REQUEST',
      ],
      [
        `${path}: a gzip bomb`,
        requestText('POST', path, { 'content-encoding': 'gzip' }, BOMB),
        413,
        'BODY_TOO_LARGE',
      ],
      [
        `${path}: a small gzip bomb`,
        requestText('POST', path, { 'content-encoding': 'gzip' }, SMALL_BOMB),
        413,
        'BODY_TOO_LARGE',
      ],
      [
        `${path}: a byte too many when inflated`,
        requestText('POST', path, { 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(MAX_BODY_BYTES + 1))),
        413,
        'BODY_TOO_LARGE',
      ],
      [
        `${path}: a byte too many`,
        requestText('POST', path, JSON_TYPE, 'x'.repeat(MAX_BODY_BYTES + 1)),
        413,
        'BODY_TOO_LARGE',
      ],
      [`${path}: far too many`, requestText('POST', path, JSON_TYPE, LARGE), 413, 'BODY_TOO_LARGE'],
    ],
  ),
];

describe('a refusal', () => {
  test.each(REFUSALS)(
    'of %s has the error shape and leaves the connection open',
    async (_what, bytes, status, code) => {
      const wire = new Wire();
      wire.write(bytes);
      const refused = await wire.read();
      expect(refused.status).toBe(status);
      expect(refused.headers.get('content-type')).toBe('application/json');
      const body = json(refused);
      expect(Object.keys(body)).toEqual(['error', 'message', 'requestId']);
      expect(body.error).toBe(code);
      expect(body.message).not.toBe('');
      expect(body.requestId).toBe(refused.headers.get('x-request-id'));
      wire.write(requestText('POST', '/echo', JSON_TYPE, 'still here'));
      const next = await wire.read();
      expect(json(next).body).toBe('still here');
      expect(wire.left).toBe(0);
      expect(seen.failures).toBe(0);
      wire.socket.destroy();
    },
  );

  test('of a method names those that are allowed', async () => {
    expect((await send('PUT', '/echo')).headers.get('allow')).toBe('GET, POST, HEAD, OPTIONS');
    expect((await send('GET', '/openrtb2/bid')).headers.get('allow')).toBe('POST, OPTIONS');
  });

  test('of a missing key names the scheme', async () => {
    expect((await send('GET', '/secret')).headers.get('www-authenticate')).toBe('Bearer');
  });

  test('for its details lists every field', () => {
    const details = [{ field: 'a', message: 'b' }];
    const answer = fail({ requestId: 'r' }, 'UNPROCESSABLE', 'm', { details });
    expect(answer.status).toBe(422);
    expect(JSON.parse(String(answer.body))).toEqual({
      error: 'UNPROCESSABLE',
      message: 'm',
      requestId: 'r',
      details,
    });
  });
});

describe('the address of the client', () => {
  const spoofed = { 'x-forwarded-for': '1.1.1.1, 8.8.8.8, 9.9.9.9' };

  test('is that of the socket, whatever a header says', async () => {
    expect((await send('GET', '/address', spoofed)).body.toString()).toBe(HOST);
    const zipped = { ...spoofed, 'content-encoding': 'gzip' };
    expect((await send('POST', '/address', zipped, gzipSync('x'))).body.toString()).toBe(HOST);
  });

  test('is as far from the end of X-Forwarded-For as there are proxies of ours', async () => {
    const behind = createServer(planOf({ proxies: 2 }));
    const behindPort = await behind.listen(HOST, 0);
    const told = async (headers: Record<string, string>): Promise<string> =>
      (await send('GET', '/address', headers, '', behindPort)).body.toString();
    expect(await told(spoofed)).toBe('8.8.8.8');
    const twoLines = { 'X-Forwarded-For': '1.1.1.1, 7.7.7.7', 'x-forwarded-for': '8.8.8.8, 9.9.9.9' };
    expect(await told(twoLines)).toBe('8.8.8.8');
    expect(await told({ 'x-forwarded-for': '9.9.9.9' })).toBe(HOST);
    expect(await told({ 'x-forwarded-for': ' , ,' })).toBe(HOST);
    expect(await told({})).toBe(HOST);
    await behind.close();
  });
});

describe('a request', () => {
  test('reaches its handler with method, path, query, parameters, headers and trace', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    for (const path of ['/things/a%2Fb%20c/parts/7', '/later', '/echo']) {
      const answer = await send('GET', `${path}?q=%C3%BC&r`, {
        'accept-language': '"7"',
        traceparent,
        'X-Other': 'no',
      });
      const got = json(answer);
      expect(got).toMatchObject({
        method: 'GET',
        path,
        query: 'q=%C3%BC&r',
        traceId: traceparent.split('-')[1],
      });
      expect(got.headers).toMatchObject({ 'accept-language': '"7"', 'user-agent': '', traceparent });
      if (path.startsWith('/things')) expect(got.params).toEqual({ id: 'a/b c', part: '7' });
    }
  });

  test.each([
    '',
    'garbage',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-short-00f067aa0ba902b7-01',
  ])('with the traceparent "%s" has no trace id', async (traceparent) => {
    expect(json(await send('GET', '/echo', { traceparent })).traceId).toBe('');
  });

  test('with a body keeps its headers until the handler runs', async () => {
    const answer = await send('POST', '/later', { ...JSON_TYPE, 'accept-language': 'k1' }, '{"a":1}');
    expect(json(answer)).toMatchObject({ body: '{"a":1}', headers: { 'accept-language': 'k1' } });
  });

  test.each(['application/json; charset=utf-8', 'TEXT/PLAIN;charset=UTF-8', 'application/vnd.x+json', ''])(
    'of the type "%s" is read',
    async (type) => {
      for (const path of ['/echo', '/openrtb2/bid']) {
        expect((await send('POST', path, type === '' ? {} : { 'content-type': type }, '{}')).status).toBe(
          200,
        );
      }
    },
  );

  test('is read up to the limit, raw and inflated', async () => {
    const whole = 'y'.repeat(MAX_BODY_BYTES);
    for (const path of ['/echo', '/openrtb2/bid']) {
      for (const [headers, body] of [
        [{}, whole],
        [{ 'content-encoding': 'gzip' }, gzipSync(whole)],
        [{ 'content-encoding': 'GZIP' }, gzipSync(whole)],
      ] as const) {
        const got = json(await send('POST', path, headers, body));
        expect(got.body ?? got.text).toBe(whole);
      }
    }
  });

  test('whose body comes slowly, in chunks, is put together', async () => {
    for (const path of ['/echo', '/openrtb2/bid']) {
      const wire = new Wire();
      wire.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
      for (const piece of ['hello ', 'slow ', 'wörld']) {
        await delay(20);
        wire.write(`${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`);
      }
      wire.write('0\r\n\r\n');
      const got = json(await wire.read());
      expect(got.body ?? got.text).toBe('hello slow wörld');
      wire.socket.destroy();
    }
  });

  test('that chunks its way past the limit is refused before its end, and the connection lives on', async () => {
    for (const path of ['/echo', '/openrtb2/bid']) {
      const wire = new Wire();
      wire.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
      const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
      wire.write(chunk, chunk, chunk, chunk, chunk);
      expect((await wire.read()).status).toBe(413);
      wire.write(chunk, '0\r\n\r\n');
      await delay(30);
      wire.write(requestText('GET', '/echo'));
      expect((await wire.read()).status).toBe(200);
      wire.socket.destroy();
    }
  });

  test('that keeps others waiting does not mix up answers', async () => {
    const texts = Array.from({ length: 200 }, (_, n) => `request ${String(n)}`);
    const got = await Promise.all(
      texts.map(async (text, n) => json(await send('POST', n % 2 ? '/later' : '/openrtb2/bid', {}, text))),
    );
    expect(got.map((each) => each.body ?? each.text)).toEqual(texts);
  });
});

describe('the request id', () => {
  test.each(['/echo', '/openrtb2/bid', '/nowhere'])('of the client comes back from %s', async (path) => {
    const id = 'abc ~!-123';
    expect((await send('POST', path, { 'x-request-id': id }, '{}')).headers.get('x-request-id')).toBe(id);
  });

  test('is made here where none came, another one each time', async () => {
    const ids = await Promise.all(
      [1, 2, 3, 4].map(async () => (await send('GET', '/echo')).headers.get('x-request-id')),
    );
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[\w-]{8}-[0-9a-z]+$/);
  });

  test('is cut to 128 characters and to what can be printed', async () => {
    expect(
      (await send('GET', '/echo', { 'x-request-id': 'i'.repeat(300) })).headers.get('x-request-id'),
    ).toBe('i'.repeat(128));
    expect((await send('GET', '/echo', { 'x-request-id': 'a\tb\xe9c' })).headers.get('x-request-id')).toBe(
      'abc',
    );
    expect((await send('GET', '/echo', { 'x-request-id': '\xe9\xe8' })).headers.get('x-request-id')).toMatch(
      /^[\w-]{8}-/,
    );
  });
});

describe('an answer', () => {
  test('to HEAD is that to GET without its body', async () => {
    const [get, head] = [await send('GET', '/long'), await send('HEAD', '/long')];
    expect(head.status).toBe(200);
    for (const name of ['content-length', 'content-type', 'vary'])
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    const wire = new Wire();
    wire.write(requestText('HEAD', '/long'));
    await wire.read(true);
    wire.write(requestText('HEAD', '/nowhere'));
    expect((await wire.read(true)).status).toBe(404);
    wire.write(requestText('GET', '/echo'));
    expect((await wire.read()).status).toBe(200);
    wire.socket.destroy();
  });

  test('204 and 302 have no body, and 204 no length', async () => {
    const none = await send('DELETE', '/things/1/parts/2');
    expect([none.status, none.headers.has('content-length'), none.headers.has('content-type')]).toEqual([
      204,
      false,
      false,
    ]);
    const moved = await send('GET', '/moved');
    expect([moved.status, moved.headers.get('location'), moved.headers.get('content-length')]).toEqual([
      302,
      'https://x.example/',
      '0',
    ]);
  });

  test('of 1 KiB or more is gzipped for those who accept it, and for no one else', async () => {
    const zipped = await send('GET', '/long', { 'accept-encoding': 'br;q=1.0, gzip;q=0.8' });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(zipped.headers.get('vary')).toBe('accept-encoding');
    expect(gunzipSync(zipped.body).toString()).toBe(LONG_JSON);
    for (const accept of ['', 'br', 'gzip;q=0', 'identity, gzip; q=0.000']) {
      const plain = await send('GET', '/long', { 'accept-encoding': accept });
      expect(plain.headers.get('content-encoding')).toBeUndefined();
      expect(plain.body.toString()).toBe(LONG_JSON);
    }
    expect(
      (await send('GET', '/echo', { 'accept-encoding': 'gzip' })).headers.get('content-encoding'),
    ).toBeUndefined();
    expect(
      (await send('GET', '/gif', { 'accept-encoding': 'gzip' })).headers.get('content-encoding'),
    ).toBeUndefined();
  });

  test('longer than the socket takes at once arrives whole', async () => {
    const answer = await send('GET', '/large');
    expect(answer.body.length).toBe(LARGE.length);
    expect(answer.body.equals(Buffer.from(LARGE))).toBe(true);
    expect(answer.headers.get('content-length')).toBe(String(LARGE.length));
  });

  test('with a line break in a header is not sent', async () => {
    const answer = await send('GET', '/split');
    expect([answer.status, answer.headers.has('evil')]).toEqual([503, false]);
    expect(seen.failures).toBe(1);
  });
});

describe('browsers', () => {
  test('may read every answer of their routes, and of no others', async () => {
    for (const answer of [
      await send('GET', '/pixel'),
      await send('POST', '/pixel', { 'content-type': 'image/png' }, '{}'),
      await send('PUT', '/pixel'),
    ]) {
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    }
    expect((await send('GET', '/echo')).headers.has('access-control-allow-origin')).toBe(false);
  });

  test('get 204 to their preflight', async () => {
    const preflight = await send('OPTIONS', '/pixel', {
      origin: 'https://p.example',
      'access-control-request-method': 'POST',
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, POST, HEAD, OPTIONS');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('content-type');
    const other = await send('OPTIONS', '/echo');
    expect([
      other.status,
      other.headers.has('access-control-allow-methods'),
      other.headers.get('allow'),
    ]).toEqual([204, false, 'GET, POST, HEAD, OPTIONS']);
  });

  test('send beacons as text, which reach the handler', async () => {
    expect(
      json(await send('POST', '/pixel', { 'content-type': 'text/plain;charset=UTF-8' }, '{"a":1}')).body,
    ).toBe('{"a":1}');
  });
});

describe('a handler that fails', () => {
  test.each([
    ['GET', '/throws', ''],
    ['POST', '/throws', '{}'],
    ['GET', '/rejects', ''],
    ['POST', '/openrtb2/bid', 'throw '],
    ['POST', '/openrtb2/bid', 'reject'],
  ])('at once or later (%s %s %s) is answered 503, logged and counted', async (method, path, body) => {
    const wire = new Wire();
    wire.write(requestText(method, path, { 'x-request-id': 'r1' }, body));
    const answer = await wire.read();
    expect(answer.status).toBe(503);
    expect(json(answer)).toMatchObject({ error: 'UNAVAILABLE', requestId: 'r1' });
    expect(answer.body.toString()).not.toContain('fault');
    expect(seen.failures).toBe(1);
    expect(seen.errors).toMatchObject([{ requestId: 'r1', err: expect.any(Error) as Error }]);
    wire.write(requestText('GET', '/echo'));
    expect((await wire.read()).status).toBe(200);
    wire.socket.destroy();
  });
});

describe('the bid path', () => {
  test('answers a bid, a no-bid and an invalid request with the OpenRTB version', async () => {
    const bid = await send(
      'POST',
      '/openrtb2/bid',
      { authorization: 'Bearer k', 'x-request-id': 'r9' },
      'give one',
    );
    expect(json(bid)).toEqual({ text: 'give one', auth: 'Bearer k', id: 'r9' });
    expect([bid.status, bid.headers.get('content-type')]).toEqual([200, 'application/json']);
    const none = await send('POST', '/openrtb2/bid?exchange=1', {}, 'nobid ');
    expect([none.status, none.headers.has('content-length')]).toEqual([204, false]);
    const wrong = await send('POST', '/openrtb2/bid', {}, 'wrong ');
    expect(json(wrong)).toMatchObject({ error: 'INVALID_REQUEST', message: 'imp: missing' });
    const others = [
      await send('GET', '/openrtb2/bid'),
      await send('OPTIONS', '/openrtb2/bid'),
      await send('POST', '/openrtb2/bid', { 'content-encoding': 'br' }, 'x'),
    ];
    for (const answer of [bid, none, wrong, ...others])
      expect(answer.headers.get('x-openrtb-version')).toBe('2.6');
  });

  test('counts the first of several replies alone', async () => {
    const wire = new Wire();
    wire.write(requestText('POST', '/openrtb2/bid', {}, 'twice '));
    expect((await wire.read()).body.toString()).toBe('{"first":1}');
    wire.write(requestText('POST', '/openrtb2/bid', {}, 'nobid '));
    expect((await wire.read()).status).toBe(204);
    expect(seen.observed).toEqual([
      { route: 'openrtb_bid', status: 200 },
      { route: 'openrtb_bid', status: 204 },
    ]);
    wire.socket.destroy();
  });

  test('gzips bids only when it is told to', async () => {
    const headers = { 'accept-encoding': 'gzip' };
    const long = 'z'.repeat(2000);
    expect((await send('POST', '/openrtb2/bid', headers, long)).headers.has('content-encoding')).toBe(false);
    const zipping = createServer(planOf({ gzipBids: true }));
    const zippingPort = await zipping.listen(HOST, 0);
    const zipped = await send('POST', '/openrtb2/bid', headers, long, zippingPort);
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect((JSON.parse(gunzipSync(zipped.body).toString()) as { text: string }).text).toBe(long);
    for (const [given, body] of [
      [{}, long],
      [headers, 'short'],
    ] as const) {
      expect(
        (await send('POST', '/openrtb2/bid', given, body, zippingPort)).headers.has('content-encoding'),
      ).toBe(false);
    }
    await zipping.close();
  });
});

describe('a client that leaves', () => {
  test('in the middle of its body is no request', async () => {
    for (const path of ['/echo', '/openrtb2/bid']) {
      const wire = new Wire();
      wire.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf`);
      await eventually(() => server.inFlight === 1);
      wire.socket.destroy();
      await eventually(() => server.inFlight === 0);
    }
    expect(seen.observed).toEqual([
      { route: 'echo', status: ABORTED_STATUS },
      { route: 'openrtb_bid', status: ABORTED_STATUS },
    ]);
    expect(seen.handled).toEqual([]);
  });

  test('at any moment while its body is inflated or its answer gzipped does no harm', async () => {
    const leave = async (bytes: Buffer, afterMs: number): Promise<void> => {
      const wire = new Wire();
      wire.write(bytes);
      await delay(afterMs);
      wire.socket.resetAndDestroy();
      await wire.closed();
    };
    const zipped = NOISE;
    const requests = [
      ...['/echo', '/openrtb2/bid'].map((path) =>
        requestText('POST', path, { 'content-encoding': 'gzip' }, zipped),
      ),
      requestText('GET', '/large-json', { 'accept-encoding': 'gzip' }),
    ];
    for (let afterMs = 0; afterMs < 12; afterMs++)
      await Promise.all(requests.map((bytes) => leave(bytes, afterMs)));
    await eventually(() => server.inFlight === 0);
    expect(seen.failures).toBe(0);
    expect((await send('GET', '/echo')).status).toBe(200);
  });

  test('before its answer makes the answer go nowhere', async () => {
    const wire = new Wire();
    wire.write(requestText('GET', '/held'));
    await eventually(() => held.length === 1);
    wire.socket.destroy();
    await eventually(() => server.inFlight === 0);
    held[0]!({ status: 200, body: LONG_JSON });
    const bidder = new Wire();
    bidder.write(requestText('POST', '/openrtb2/bid', {}, 'hold  '));
    await eventually(() => heldBids.length === 1);
    const { context, reply } = heldBids[0]!;
    expect(context.aborted).toBe(false);
    bidder.socket.destroy();
    await eventually(() => context.aborted);
    reply.bid('{}');
    reply.noBid();
    reply.invalid('late');
    await delay(20);
    expect(seen.failures).toBe(0);
    expect(seen.observed.map(({ status }) => status)).toEqual([ABORTED_STATUS, ABORTED_STATUS]);
    expect((await send('GET', '/echo')).status).toBe(200);
  });

  test('in the middle of a long answer leaves nothing behind', async () => {
    const wire = new Wire();
    wire.socket.pause();
    wire.write(requestText('GET', '/large'));
    await eventually(() => server.inFlight === 1);
    await delay(50);
    expect(server.inFlight).toBe(1);
    wire.socket.destroy();
    await eventually(() => server.inFlight === 0);
    expect(seen.observed).toEqual([{ route: 'large', status: ABORTED_STATUS }]);
  });
});

test('what is observed names the route, and none for those without', async () => {
  await send('GET', '/echo');
  await send('PUT', '/echo');
  await send('GET', '/nowhere');
  await send('POST', '/openrtb2/bid', {}, 'nobid ');
  expect(seen.observed).toEqual([
    { route: 'echo', status: 200 },
    { route: 'none', status: 405 },
    { route: 'none', status: 404 },
    { route: 'openrtb_bid', status: 204 },
  ]);
});

describe('the port', () => {
  test('that is taken is refused in one sentence', async () => {
    const second = createServer(planOf());
    await expect(second.listen(HOST, port)).rejects.toThrow(
      `cannot listen on ${HOST}:${String(port)}: another process has the port`,
    );
    await second.close();
  });

  test('can be asked about beforehand, and stays free where it was', async () => {
    await expect(checkPort(HOST, port)).rejects.toThrow(`cannot listen on ${HOST}:${String(port)}`);
    const free = createServer(planOf());
    const freed = await free.listen(HOST, 0);
    await free.close();
    await checkPort(HOST, freed);
    const next = createServer(planOf());
    expect(await next.listen(HOST, freed)).toBe(freed);
    await next.close();
  });
});

describe('closing', () => {
  test('answers what is in flight, takes nothing new and closes idle connections', async () => {
    const closing = createServer(planOf());
    const closingPort = await closing.listen(HOST, 0);
    const idle = new Wire(closingPort);
    idle.write(requestText('GET', '/echo'));
    await idle.read();
    const [busy, bidder] = [new Wire(closingPort), new Wire(closingPort)];
    busy.write(requestText('GET', '/held'));
    bidder.write(requestText('POST', '/openrtb2/bid', {}, 'hold  '));
    await eventually(() => held.length === 1 && heldBids.length === 1);
    let isClosed = false;
    const closed = closing.close().then(() => (isClosed = true));
    expect(closing.close()).toBeInstanceOf(Promise);
    await delay(100);
    expect([isClosed, busy.isClosed, closing.inFlight]).toEqual([false, false, 2]);
    const late = new Wire(closingPort);
    await late.closed();
    held[0]!({ status: 200, body: '{"done":1}' });
    const answer = await busy.read();
    expect([answer.body.toString(), answer.headers.get('connection')]).toEqual(['{"done":1}', 'close']);
    heldBids[0]!.reply.bid('{"bid":1}');
    const bid = await bidder.read();
    expect([bid.body.toString(), bid.headers.get('connection')]).toEqual(['{"bid":1}', 'close']);
    await closed;
    await Promise.all([idle.closed(), busy.closed(), bidder.closed()]);
  });

  test('lets a long answer arrive whole', async () => {
    const closing = createServer(planOf());
    const closingPort = await closing.listen(HOST, 0);
    const wire = new Wire(closingPort);
    wire.socket.pause();
    wire.write(requestText('GET', '/large'));
    await eventually(() => closing.inFlight === 1);
    const closed = closing.close();
    await delay(50);
    wire.socket.resume();
    expect((await wire.read()).body.length).toBe(LARGE.length);
    await closed;
  });

  test('gives up on a request that is never answered', async () => {
    const closing = createServer(planOf({ drainLimitMs: 200 }));
    const closingPort = await closing.listen(HOST, 0);
    const wire = new Wire(closingPort);
    wire.write(requestText('GET', '/held'));
    await eventually(() => held.length === 1);
    await closing.close();
    await wire.closed();
    held[0]!({ status: 200 });
    await delay(10);
    expect(closing.inFlight).toBe(0);
    expect(seen.failures).toBe(0);
  });
});
