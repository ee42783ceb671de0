/** What request headers mean to every endpoint: request ids, trace ids, media types, encodings. */
import { randomBytes } from 'node:crypto';

/** Longer ids are cut: an id must fit a log line. */
const MAX_REQUEST_ID_CHARS = 128;
const PRINTABLE_ID = /^[\x20-\x7e]{1,128}$/;
const UNPRINTABLE = /[^\x20-\x7e]/g;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;
const NO_TRACE = '0'.repeat(32);

/** Differs between processes, so that a counter behind it makes an id unique. */
const PROCESS_PREFIX = `${randomBytes(6).toString('base64url')}-`;
let lastRequest = 0;

/** The client's id without what could not be printed; one made here where nothing of it is left. */
export function requestIdOf(header: string): string {
  if (header !== '') {
    if (PRINTABLE_ID.test(header)) return header;
    const printable = header.replace(UNPRINTABLE, '').slice(0, MAX_REQUEST_ID_CHARS);
    if (printable !== '') return printable;
  }
  lastRequest += 1;
  return PROCESS_PREFIX + lastRequest.toString(36);
}

/** The trace id of a W3C `traceparent`, '' where there is no sound one. */
export function traceIdOf(traceparent: string): string {
  if (traceparent === '') return '';
  const traceId = TRACEPARENT.exec(traceparent)?.[1] ?? '';
  return traceId === NO_TRACE ? '' : traceId;
}

/**
 * Each proxy puts the address that it sees at the end of `x-forwarded-for`, so that only as many of the last ones are
 * to be believed as there are proxies of ours: the client's is the first of these. `socket`: who is connected to us.
 */
export function clientAddressOf(forwardedFor: string, proxies: number, socket: string): string {
  if (proxies === 0) return socket;
  const address = forwardedFor.split(',').at(-proxies)?.trim() ?? '';
  return address === '' ? socket : address;
}

/** JSON, text, or not named at all. */
export function isReadableType(contentType: string): boolean {
  if (contentType === '' || contentType === 'application/json') return true;
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  return type === '' || type === 'application/json' || type.startsWith('text/') || type.endsWith('+json');
}

/** null: an encoding that is not served. */
export function encodingOf(contentEncoding: string): 'identity' | 'gzip' | null {
  if (contentEncoding === '') return 'identity';
  const encoding = contentEncoding.trim().toLowerCase();
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip';
  return encoding === 'identity' ? 'identity' : null;
}

/** `accept-encoding` names gzip (or `*`) and does not weigh it 0. */
export function acceptsGzip(acceptEncoding: string): boolean {
  let anyAccepted = false;
  for (const offer of acceptEncoding.toLowerCase().split(',')) {
    const [name = '', ...parameters] = offer.split(';').map((part) => part.trim());
    if (name !== 'gzip' && name !== '*') continue;
    const accepted = !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    if (name === 'gzip') return accepted;
    anyAccepted = accepted;
  }
  return anyAccepted;
}
