/**
 * The small port that routes are written against. `uws-server.ts` stands behind it; nothing else knows which
 * HTTP library answers.
 */

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';

/** The most bytes of a request's body, as sent and inflated (api.md). The largest real bid requests have 60 KiB. */
export const MAX_BODY_BYTES = 256 * 1024;

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** Without the `?`; '' where there is none. Its escapes are sound: a broken one was answered 400. */
  readonly query: string;
  /** The client's `x-request-id`, or one made here. */
  readonly requestId: string;
  /** W3C trace id, '' where none was sent. */
  readonly traceId: string;
  /** Lower-case name; '' where it was not sent. Only the names in READ_HEADERS are kept. */
  header(name: ReadHeader): string;
  /** The client's address, past the proxies that are ours. Only before the handler returns. */
  clientAddress(): string;
  /** The body, inflated where it was gzipped. Valid for ever (a copy). */
  readonly body: Buffer;
  /** Values that the route's pattern names, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** Copied out of the request before its handler returns: afterwards they are gone. */
export const READ_HEADERS = [
  'accept-encoding',
  'accept-language',
  'authorization',
  'content-encoding',
  'content-type',
  'idempotency-key',
  'if-match',
  'traceparent',
  'user-agent',
  'x-forwarded-for',
  'x-request-id',
] as const;
export type ReadHeader = (typeof READ_HEADERS)[number];

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. A body without `content-type` is `application/json`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Strings are sent as UTF-8. Absent: no body. */
  readonly body?: string | Buffer;
}

export interface Route {
  readonly method: Method;
  /** `/campaigns/{id}`: a segment in braces names a parameter. */
  readonly pattern: string;
  /** Label of its metrics, from a closed list. */
  readonly name: string;
  /** Browsers call it: CORS `*` and `text/plain` bodies. */
  readonly browser?: boolean;
  /**
   * Its GET counts or charges something. HEAD is refused, since link checkers send it; and a broken escape in the
   * query is read as it stands, since those who call can't mend it (`price=%%WINNING_PRICE%%`).
   */
  readonly counts?: boolean;
  /** What it throws is a fault of ours: logged, counted, answered 503. */
  readonly handle: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;
}

/** The hot route, `POST /openrtb2/bid`, on a path of its own that reads and writes only what it must. */
export interface BidRoute {
  readonly pattern: string;
  readonly name: string;
  /**
   * `body` is borrowed: its bytes are gone once `handle` returns. The answer may come later, by `reply`; what
   * is thrown (or rejected) before it is logged, counted and answered 503.
   */
  readonly handle: (body: Buffer, context: BidContext, reply: BidReply) => void | Promise<void>;
}

export interface BidContext {
  readonly requestId: string;
  /** The `authorization` header, '' where there is none. */
  readonly authorization: string;
  /** W3C trace id, '' where none was sent. */
  readonly traceId: string;
  /** The exchange has gone: whatever is replied goes nowhere. */
  readonly aborted: boolean;
  /** `performance.now()` of the front thread when the request's head was read. */
  readonly arrivalMs: number;
}

/** The first reply counts; a later one, or one after an abort, does nothing. */
export interface BidReply {
  /** 204. */
  noBid(): void;
  /** 200 with a BidResponse. */
  bid(json: string): void;
  /** 400: no OpenRTB at all. */
  invalid(message: string): void;
}

export interface HttpServer {
  /** Resolves with the port (which `port` 0 leaves to the system); rejects with one clear sentence. */
  listen(host: string, port: number): Promise<number>;
  /** Requests that have neither been answered nor aborted. */
  readonly inFlight: number;
  /** Takes no new connection, lets requests in flight be answered (for some seconds), closes the rest. */
  close(): Promise<void>;
}

/** What is written to the log, as its writers see it; logs.ts stands behind it. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}
