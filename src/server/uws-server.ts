/**
 * The port of http.ts on uWebSockets.js. Every request but the bid's takes one path: abort handler, route, type
 * and encoding, body, handler, answer; whatever throws on it is caught, for uWebSockets.js ends the process when
 * a handler does.
 */
import { setTimeout as delay } from 'node:timers/promises';
import uWS, {
  type HttpRequest as UwsRequest,
  type HttpResponse,
  type us_listen_socket,
} from 'uWebSockets.js';
import { inflate } from './compression.ts';
import { acceptsGzip, encodingOf, isReadableType, requestIdOf, traceIdOf } from './headers.ts';
import type { BidRoute, HttpRequest, HttpServer, ReadHeader, Route } from './http.ts';
import { createRouter, isWellEscaped, type Match, type Router } from './router.ts';
import { cannotListen } from './port.ts';
import { Traffic, type Watchers } from './traffic.ts';
import { readBody } from './uws-body.ts';
import { OPENRTB_VERSION, serveBids } from './uws-bid.ts';
import { HttpCall } from './uws-call.ts';
import { RequestHead } from './uws-head.ts';

/** How long requests in flight may take once the server closes: of 10 s to the exit, 2 are left for the stores. */
const DRAIN_LIMIT_MS = 8_000;
/** How often the drain looks; also the time that the last answers get to leave. */
const DRAIN_POLL_MS = 20;
/** uWebSockets.js's LIBUS_LISTEN_EXCLUSIVE_PORT. */
const EXCLUSIVE_PORT = 1;

export interface ServerPlan extends Watchers {
  readonly routes: readonly Route[];
  readonly bidRoute: BidRoute;
  /** Bids of 1 KiB or more are gzipped too for those who accept it. */
  readonly gzipBids: boolean;
  /** Proxies of ours that a request comes through: so many addresses of `x-forwarded-for` are believed. */
  readonly proxies: number;
  readonly drainLimitMs?: number;
}

export function createServer(plan: ServerPlan): HttpServer {
  const app = uWS.App();
  const traffic = new Traffic(plan);
  const bidSignpost = { method: 'POST', pattern: plan.bidRoute.pattern, name: plan.bidRoute.name } as const;
  const desk: Desk = {
    routes: plan.routes,
    router: createRouter([...plan.routes, bidSignpost]),
    bidPath: plan.bidRoute.pattern,
    noRoute: plan.routes.length + 1,
    proxies: plan.proxies,
    traffic,
  };
  serveBids(app, plan.bidRoute, { traffic, route: plan.routes.length, gzipBids: plan.gzipBids });
  app.any('/*', (res, req) => serve(desk, res, req));
  let listening: us_listen_socket | null = null;
  let closed: Promise<void> | null = null;

  async function drain(): Promise<void> {
    traffic.closing = true;
    if (listening !== null) uWS.us_listen_socket_close(listening);
    const deadlineMs = performance.now() + (plan.drainLimitMs ?? DRAIN_LIMIT_MS);
    do await delay(DRAIN_POLL_MS);
    while (traffic.inFlight > 0 && performance.now() < deadlineMs);
    app.close();
  }

  return {
    listen(host, port) {
      return new Promise((resolve, reject) => {
        // The declarations lack this overload; the library has it.
        const listen = app.listen.bind(app) as unknown as ListenWithOptions;
        listen(host, port, EXCLUSIVE_PORT, (socket) => {
          if (socket === false) reject(new Error(cannotListen(host, port)));
          else {
            listening = socket;
            resolve(uWS.us_socket_local_port(socket));
          }
        });
      });
    },
    get inFlight() {
      return traffic.inFlight;
    },
    close: () => (closed ??= drain()),
  };
}

/** Metric labels by the route index that `observe` is given: the routes, the bid's, requests without a route. */
export function routeNames(plan: Pick<ServerPlan, 'routes' | 'bidRoute'>): readonly string[] {
  return [...plan.routes.map((route) => route.name), plan.bidRoute.name, 'none'];
}

interface Desk {
  readonly routes: readonly Route[];
  readonly router: Router;
  readonly bidPath: string;
  /** Index for requests without a route. */
  readonly noRoute: number;
  readonly proxies: number;
  readonly traffic: Traffic;
}

type ListenWithOptions = (
  host: string,
  port: number,
  options: number,
  listening: (socket: us_listen_socket | false) => void,
) => void;

/** Browsers may read every answer of a browser's route. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-request-id',
} as const;
/** A day, the longest that browsers keep it. */
const PREFLIGHT = {
  'access-control-allow-headers': 'content-type, x-request-id, traceparent',
  'access-control-max-age': '86400',
} as const;
const BID_PATH_HEADERS = { 'x-openrtb-version': OPENRTB_VERSION } as const;
const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const EMPTY = Buffer.alloc(0);

function serve(desk: Desk, res: HttpResponse, req: UwsRequest): void {
  const call = new HttpCall(res, desk.traffic, desk.noRoute);
  try {
    const head = new RequestHead(req, res, desk.proxies);
    const match = desk.router.find(head.method, head.path);
    call.terms = {
      route: match.kind === 'route' ? match.route : desk.noRoute,
      isHead: head.method === 'HEAD',
      acceptsGzip: acceptsGzip(head.header('accept-encoding')),
      requestId: requestIdOf(head.header('x-request-id')),
      traceId: traceIdOf(head.header('traceparent')),
      headers: headersOf(desk, match, head.path),
    };
    if (match.kind === 'route') serveRoute(desk, call, head, match);
    else refuseMatch(call, head, match);
    head.forget();
  } catch (error) {
    call.fail(error);
  }
}

function headersOf(desk: Desk, match: Match, path: string): Readonly<Record<string, string>> {
  if ((match.kind === 'route' || match.kind === 'method') && match.browser) return CORS;
  return path === desk.bidPath ? BID_PATH_HEADERS : {};
}

function refuseMatch(call: HttpCall, head: RequestHead, match: Exclude<Match, { kind: 'route' }>): void {
  switch (match.kind) {
    case 'malformed': {
      call.refuse('INVALID_REQUEST', 'the path has a broken % escape');
      return;
    }
    case 'nowhere': {
      call.refuse('NOT_FOUND', 'there is nothing at this path');
      return;
    }
    case 'method': {
      const { allow } = match;
      if (head.method !== 'OPTIONS') {
        call.refuse('METHOD_NOT_ALLOWED', `allowed here: ${allow}`, { allow });
        return;
      }
      const preflight = match.browser ? { ...PREFLIGHT, 'access-control-allow-methods': allow } : {};
      call.send({ status: 204, headers: { allow, ...preflight } });
      return;
    }
  }
}

function serveRoute(desk: Desk, call: HttpCall, head: RequestHead, match: Match & { kind: 'route' }): void {
  const route = desk.routes[match.route];
  if (route === undefined) throw new Error(`route ${String(match.route)} has no handler`);
  if (route.counts !== true && !isWellEscaped(head.query)) {
    call.refuse('INVALID_REQUEST', 'the query has a broken % escape');
    return;
  }
  const run = (body: Buffer): void => runHandler(route, call, requestOf(head, call, match.params, body));
  if (METHODS_WITH_BODY.has(head.method)) {
    serveBody(call, head, run);
    return;
  }
  run(EMPTY);
  if (call.isOpen) head.keep();
}

/** Refuses by type and encoding at once, by size as soon as it is known; then hands over a copy. */
function serveBody(call: HttpCall, head: RequestHead, run: (body: Buffer) => void): void {
  if (!isReadableType(head.header('content-type'))) {
    call.refuse('UNSUPPORTED_MEDIA_TYPE', 'content-type: neither JSON nor text');
    return;
  }
  const encoding = encodingOf(head.header('content-encoding'));
  if (encoding === null) {
    call.refuse('UNSUPPORTED_MEDIA_TYPE', 'content-encoding: only gzip is understood');
    return;
  }
  head.keep();
  readBody(call.res, {
    whole(borrowed) {
      const body = Buffer.from(borrowed);
      if (encoding === 'identity') {
        run(body);
        return;
      }
      inflate(body, (inflated) => {
        if (inflated.kind === 'body') run(inflated.body);
        else if (inflated.kind === 'corrupt') call.refuse('INVALID_REQUEST', 'the body is not sound gzip');
        else call.refuse('BODY_TOO_LARGE', 'the inflated body is larger than 256 KiB');
      });
    },
    tooLarge: () => call.refuse('BODY_TOO_LARGE', 'the body is larger than 256 KiB'),
  });
}

function requestOf(
  head: RequestHead,
  call: HttpCall,
  params: Readonly<Record<string, string>>,
  body: Buffer,
): HttpRequest {
  const { method, path, query } = head;
  const { requestId, traceId } = call.terms;
  const ask = { header: (name: ReadHeader) => head.header(name), clientAddress: () => head.clientAddress() };
  return { method, path, query, requestId, traceId, ...ask, body, params };
}

/** Never throws. */
function runHandler(route: Route, call: HttpCall, request: HttpRequest): void {
  if (!call.isOpen) return;
  try {
    const answer = route.handle(request);
    if (!(answer instanceof Promise)) {
      call.send(answer);
      return;
    }
    answer.then((settled) => call.send(settled)).catch((error: unknown) => call.fail(error));
  } catch (error) {
    call.fail(error);
  }
}
