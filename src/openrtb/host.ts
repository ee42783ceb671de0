/** Hosts as they are compared: lower case, without scheme, user, port, path and `www.`; and their parents. */

/** DNS allows no longer name. Longer text is no host: its parents alone would be thousands of long strings. */
const MAX_HOST_LENGTH = 253;
/** Longer than any page address worth reading. */
const MAX_ADDRESS_LENGTH = 4_096;
const NO_HOSTS: readonly string[] = Object.freeze([]);

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const QUESTION_MARK = 0x3f;
const HASH = 0x23;
const COLON = 0x3a;
const AT = 0x40;

/** The host in `text`, which is a host or a whole address; '' where there is none. */
export function normaliseHost(text: string): string {
  if (text === '' || text.length > MAX_ADDRESS_LENGTH) return '';
  const address = text.trim().toLowerCase();
  let start = schemeEnd(address);
  let end = start;
  let port = -1;
  for (; end < address.length; end++) {
    const code = address.charCodeAt(end);
    if (code === SLASH || code === BACKSLASH || code === QUESTION_MARK || code === HASH) break;
    if (code === AT) {
      start = end + 1;
      port = -1;
    } else if (code === COLON && port === -1 && address.charAt(start) !== '[') port = end;
  }
  if (port !== -1) end = port;
  if (address.startsWith('www.', start)) start += 4;
  while (end > start && address.charAt(end - 1) === '.') end--;
  if (end - start > MAX_HOST_LENGTH) return '';
  return start === 0 && end === address.length ? address : address.slice(start, end);
}

/** The host and its parent domains, longest first: `a.news.example` → itself, `news.example`. */
export function domainValues(text: string): readonly string[] {
  const host = normaliseHost(text);
  if (host === '') return NO_HOSTS;
  const values = [host];
  let dot = host.indexOf('.');
  const lastDot = host.lastIndexOf('.');
  while (dot !== lastDot) {
    values.push(host.slice(dot + 1));
    dot = host.indexOf('.', dot + 1);
  }
  return values;
}

/** Behind `scheme://`, whose scheme is letters alone: a `://` further back is a part of the path or the query. */
function schemeEnd(address: string): number {
  if (address.startsWith('//')) return 2;
  const mark = address.indexOf('://');
  if (mark === -1) return 0;
  for (let i = 0; i < mark; i++) if (!isLetter(address.charCodeAt(i))) return 0;
  return mark + 3;
}

function isLetter(lowerCode: number): boolean {
  return lowerCode >= 0x61 && lowerCode <= 0x7a;
}
