/**
 * The small port that routes are written against. `uws-server.ts` stands behind it; nothing else knows which
 * HTTP library answers.
 */

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** Without the `?`; '' where there is none. */
  readonly query: string;
  /** The client's `x-request-id`, or one made here. */
  readonly requestId: string;
  /** W3C trace id, '' where none was sent. */
  readonly traceId: string;
  /** Lower-case name; '' where it was not sent. Only the names in READ_HEADERS are kept. */
  header(name: ReadHeader): string;
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
  'origin',
  'traceparent',
  'user-agent',
  'x-request-id',
] as const;
export type ReadHeader = (typeof READ_HEADERS)[number];

export interface HttpAnswer {
  readonly status: number;
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
  readonly handle: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;
}
