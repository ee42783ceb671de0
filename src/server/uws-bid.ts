/**
 * The hot route on uWebSockets.js: reads the headers that decide, hands over the body where it lies, writes one
 * of three answers. Measured with 1 KB in and 1.2 KB out against bare uWebSockets.js: see docs/performance.md.
 */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { GZIP_MIN_BYTES, gzippedNow, inflate } from './compression.ts';
import { ERROR_STATUS, errorBody, type ErrorCode } from './errors.ts';
import { acceptsGzip, encodingOf, isReadableType, requestIdOf, traceIdOf } from './headers.ts';
import type { BidContext, BidReply, BidRoute } from './http.ts';
import { ABORTED_STATUS, type Traffic } from './traffic.ts';
import { readBody } from './uws-body.ts';
import { statusLine } from './uws-call.ts';

export const OPENRTB_VERSION = '2.6';

export interface BidDesk {
  readonly traffic: Traffic;
  /** Its index among the router's names. */
  readonly route: number;
  /** Gzip bids for those who accept it; costs more than the auction. */
  readonly gzipBids: boolean;
}

export function serveBids(app: TemplatedApp, route: BidRoute, desk: BidDesk): void {
  app.post(route.pattern, (res, req) => {
    const call = new BidCall(res, desk);
    try {
      beginCall(call, res, req, route);
    } catch (error) {
      call.fail(error);
    }
  });
}

function beginCall(call: BidCall, res: HttpResponse, req: HttpRequest, route: BidRoute): void {
  call.readHead(req);
  const contentType = req.getHeader('content-type');
  if (!isReadableType(contentType)) {
    call.refuse('UNSUPPORTED_MEDIA_TYPE', 'content-type: neither JSON nor text');
    return;
  }
  const encoding = encodingOf(req.getHeader('content-encoding'));
  if (encoding === null) {
    call.refuse('UNSUPPORTED_MEDIA_TYPE', 'content-encoding: only gzip is understood');
    return;
  }
  readBody(res, {
    whole:
      encoding === 'gzip'
        ? (body) => call.inflateThenRun(route, Buffer.from(body))
        : (body) => call.run(route, body),
    tooLarge: () => call.refuse('BODY_TOO_LARGE', 'the body is larger than 256 KiB'),
  });
}

class BidCall implements BidContext, BidReply {
  readonly arrivalMs = performance.now();
  requestId = '';
  authorization = '';
  traceId = '';
  private acceptsGzip = false;
  private state: 'open' | 'answered' | 'aborted' = 'open';
  private readonly res: HttpResponse;
  private readonly desk: BidDesk;

  constructor(res: HttpResponse, desk: BidDesk) {
    this.res = res;
    this.desk = desk;
    desk.traffic.begin();
    res.onAborted(() => {
      if (this.state === 'open') this.finish('aborted', ABORTED_STATUS);
    });
  }

  get aborted(): boolean {
    return this.state === 'aborted';
  }

  readHead(req: HttpRequest): void {
    this.requestId = requestIdOf(req.getHeader('x-request-id'));
    this.authorization = req.getHeader('authorization');
    this.traceId = traceIdOf(req.getHeader('traceparent'));
    if (this.desk.gzipBids) this.acceptsGzip = acceptsGzip(req.getHeader('accept-encoding'));
  }

  /** Never throws. */
  run(route: BidRoute, body: Buffer): void {
    if (this.state !== 'open') return;
    try {
      const done = route.handle(body, this, this);
      if (done !== undefined) done.catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Never throws. `raw` must be a copy. */
  inflateThenRun(route: BidRoute, raw: Buffer): void {
    inflate(raw, (inflated) => {
      if (inflated.kind === 'body') this.run(route, inflated.body);
      else if (inflated.kind === 'tooLarge')
        this.refuse('BODY_TOO_LARGE', 'the inflated body is larger than 256 KiB');
      else this.invalid('the body is not sound gzip');
    });
  }

  noBid(): void {
    if (this.state !== 'open') return;
    this.res.cork(() => {
      this.res.writeStatus('204 No Content').writeHeader('x-openrtb-version', OPENRTB_VERSION);
      this.writeCommon();
      this.res.endWithoutBody();
    });
    this.finish('answered', 204);
  }

  bid(json: string): void {
    if (this.state !== 'open') return;
    // uWebSockets.js writes "200 OK" by itself where no status is written.
    this.res.cork(() => {
      this.res
        .writeHeader('content-type', 'application/json')
        .writeHeader('x-openrtb-version', OPENRTB_VERSION);
      this.writeCommon();
      if (this.acceptsGzip && json.length >= GZIP_MIN_BYTES) {
        this.res
          .writeHeader('content-encoding', 'gzip')
          .writeHeader('vary', 'accept-encoding')
          .end(gzippedNow(json));
      } else this.res.end(json);
    });
    this.finish('answered', 200);
  }

  invalid(message: string): void {
    this.refuse('INVALID_REQUEST', message);
  }

  refuse(code: ErrorCode, message: string): void {
    if (this.state !== 'open') return;
    const status = ERROR_STATUS[code];
    this.res.cork(() => {
      this.res.writeStatus(statusLine(status)).writeHeader('content-type', 'application/json');
      this.res.writeHeader('x-openrtb-version', OPENRTB_VERSION);
      this.writeCommon();
      this.res.end(errorBody(code, message, this.requestId));
    });
    this.finish('answered', status);
  }

  /** Something of ours threw. Never throws. */
  fail(error: unknown): void {
    this.desk.traffic.failed(error, this.requestId, this.traceId);
    this.refuse('UNAVAILABLE', 'the request could not be served');
  }

  private writeCommon(): void {
    this.res.writeHeader('x-request-id', this.requestId);
    if (this.desk.traffic.closing) this.res.writeHeader('connection', 'close');
  }

  private finish(state: 'answered' | 'aborted', status: number): void {
    this.state = state;
    this.desk.traffic.end(this.desk.route, status, this.arrivalMs);
  }
}
