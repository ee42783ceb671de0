/**
 * The head of a request on uWebSockets.js, which is gone once the route's handler returns. Headers are read when
 * asked for while it lives (0.3 µs each) and kept all together only for those who answer later.
 */
import type { HttpRequest as UwsRequest, HttpResponse } from 'uWebSockets.js';
import { clientAddressOf } from './headers.ts';
import { READ_HEADERS, type ReadHeader } from './http.ts';

export class RequestHead {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  private req: UwsRequest | null;
  private readonly res: HttpResponse;
  private readonly proxies: number;
  private readonly known = new Map<ReadHeader, string>();

  constructor(req: UwsRequest, res: HttpResponse, proxies: number) {
    this.req = req;
    this.res = res;
    this.proxies = proxies;
    this.method = req.getCaseSensitiveMethod();
    this.path = req.getUrl();
    // Declared to be a string always; undefined where the URL has no `?`.
    const query: unknown = req.getQuery();
    this.query = typeof query === 'string' ? query : '';
  }

  header(name: ReadHeader): string {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    if (this.req === null) return '';
    const value = this.read(this.req, name);
    this.known.set(name, value);
    return value;
  }

  /** Past the proxies that are ours. Only while the call is open: later there is no socket to ask. */
  clientAddress(): string {
    const socket = Buffer.from(this.res.getRemoteAddressAsText()).toString('latin1');
    return clientAddressOf(this.header('x-forwarded-for'), this.proxies, socket);
  }

  /** A proxy may leave a line that the client sent and add its own behind it, and `getHeader` gives the first. */
  private read(req: UwsRequest, name: ReadHeader): string {
    if (name !== 'x-forwarded-for' || this.proxies === 0) return req.getHeader(name);
    const lines: string[] = [];
    req.forEach((key, value) => {
      if (key === name) lines.push(value);
    });
    return lines.join();
  }

  /** The `content-length` that was named; NaN without one. Only before `keep` and `forget`. */
  get contentLength(): number {
    const text = this.req?.getHeader('content-length') ?? '';
    return text === '' ? NaN : Number(text);
  }

  /** For those who answer later: call it before the handler returns. */
  keep(): void {
    for (const name of READ_HEADERS) this.header(name);
    this.req = null;
  }

  forget(): void {
    this.req = null;
  }
}
