/**
 * One request and its answer on uWebSockets.js, for every route but the bid's. The answer leaves at most once,
 * never after an abort, in one corked write.
 */
import type { HttpResponse } from 'uWebSockets.js';
import { gzipped, isWorthGzip } from './compression.ts';
import { fail, type ErrorCode } from './errors.ts';
import type { HttpAnswer } from './http.ts';
import { ABORTED_STATUS, type Traffic } from './traffic.ts';

/** Longer bodies are handed over piece by piece as the client takes them, so that closing can't cut them. */
const PIECEWISE_FROM_BYTES = 64 * 1024;

/** uWebSockets.js writes header values as they are: a line break would begin a header of the sender's choice. */
const UNSAFE_VALUE = /[\r\n\0]/;

const STATUS_LINES: Readonly<Record<number, string>> = {
  200: '200 OK',
  201: '201 Created',
  202: '202 Accepted',
  204: '204 No Content',
  302: '302 Found',
  304: '304 Not Modified',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  409: '409 Conflict',
  413: '413 Content Too Large',
  415: '415 Unsupported Media Type',
  422: '422 Unprocessable Content',
  429: '429 Too Many Requests',
  503: '503 Service Unavailable',
};

export function statusLine(status: number): string {
  return STATUS_LINES[status] ?? `${String(status)} Status`;
}

/** What the call's answer depends on; known once its head is read. */
export interface CallTerms {
  readonly route: number;
  readonly isHead: boolean;
  readonly acceptsGzip: boolean;
  readonly requestId: string;
  readonly traceId: string;
  /** On every answer of this path, errors included. */
  readonly headers: Readonly<Record<string, string>>;
}

export class HttpCall {
  /** `performance.now()` when the head was read. */
  readonly arrivalMs = performance.now();
  terms: CallTerms;
  readonly res: HttpResponse;
  private state: 'open' | 'writing' | 'answered' | 'aborted' = 'open';
  private readonly traffic: Traffic;

  /** Registers the abort handler before anything else can go wrong. */
  constructor(res: HttpResponse, traffic: Traffic, route: number) {
    this.res = res;
    this.traffic = traffic;
    this.terms = { route, isHead: false, acceptsGzip: false, requestId: '', traceId: '', headers: {} };
    traffic.begin();
    res.onAborted(() => {
      if (this.state !== 'answered') this.finish('aborted', ABORTED_STATUS);
    });
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  refuse(code: ErrorCode, message: string, headers?: Readonly<Record<string, string>>): void {
    this.send(fail(this.terms, code, message, headers === undefined ? {} : { headers }));
  }

  /** Something of ours threw: the client hears 503, the log why. Never throws. */
  fail(error: unknown): void {
    this.traffic.failed(error, this.terms.requestId, this.terms.traceId);
    if (this.state === 'writing') this.res.close();
    else this.refuse('UNAVAILABLE', 'the request could not be served');
  }

  send(answer: HttpAnswer): void {
    if (this.state !== 'open') return;
    for (const value of Object.values(answer.headers ?? {})) {
      if (UNSAFE_VALUE.test(value)) throw new Error('a header value of an answer has a line break');
    }
    const { body } = answer;
    if (body === undefined || !isWorthGzip(answer)) {
      this.write(answer);
      return;
    }
    const varied = { ...answer, headers: { ...answer.headers, vary: 'accept-encoding' } };
    if (this.terms.isHead || !this.terms.acceptsGzip) {
      this.write(varied);
      return;
    }
    gzipped(body, (zipped) => {
      const headers = { ...varied.headers, 'content-encoding': 'gzip' };
      this.write(zipped === null ? varied : { ...varied, headers, body: zipped });
    });
  }

  private write(answer: HttpAnswer): void {
    if (this.state !== 'open') return;
    this.state = 'writing';
    const { body } = answer;
    if (body !== undefined && !this.terms.isHead && Buffer.byteLength(body) >= PIECEWISE_FROM_BYTES) {
      this.writePiecewise(answer, typeof body === 'string' ? Buffer.from(body) : body);
      return;
    }
    this.res.cork(() => {
      this.writeHead(answer);
      if (this.terms.isHead && body !== undefined) {
        // Not as endWithoutBody's argument: told a length, it closes the connection.
        this.res.writeHeader('content-length', String(Buffer.byteLength(body))).endWithoutBody();
      } else if (answer.status === 204 || answer.status === 304) this.res.endWithoutBody();
      else this.res.end(body ?? '');
    });
    this.finish('answered', answer.status);
  }

  private writeHead(answer: HttpAnswer): void {
    const { res } = this;
    res.writeStatus(statusLine(answer.status));
    const own = answer.headers ?? {};
    if (answer.body !== undefined && own['content-type'] === undefined) {
      res.writeHeader('content-type', 'application/json');
    }
    for (const name of Object.keys(own)) res.writeHeader(name, own[name] ?? '');
    const common = this.terms.headers;
    for (const name of Object.keys(common))
      if (own[name] === undefined) res.writeHeader(name, common[name] ?? '');
    res.writeHeader('x-request-id', this.terms.requestId);
    if (this.traffic.closing) res.writeHeader('connection', 'close');
  }

  private writePiecewise(answer: HttpAnswer, body: Buffer): void {
    const { res } = this;
    const writeFrom = (offset: number): boolean => {
      const [ok, isDone] = res.tryEnd(body.subarray(offset), body.length);
      if (isDone) this.finish('answered', answer.status);
      return ok;
    };
    res.cork(() => {
      this.writeHead(answer);
      if (!writeFrom(0)) res.onWritable((offset) => writeFrom(offset));
    });
  }

  private finish(state: 'answered' | 'aborted', status: number): void {
    if (this.state === 'answered' || this.state === 'aborted') return;
    this.state = state;
    this.traffic.end(this.terms.route, status, this.arrivalMs);
  }
}
