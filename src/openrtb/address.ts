/** Internet addresses as senders write them: which of them are public, in one form that can be looked up. */

/** A full IPv6 address with brackets and a port has 47 characters; a longer text is none. */
const MAX_ADDRESS_LENGTH = 64;
const IPV6_GROUPS = 8;
/** `::ffff:a.b.c.d`: an IPv4 address in the form of IPv6, as sockets that serve both tell it. */
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0xffff] as const;

/** First address and bits of the ranges that belong to nobody: private, local, documentation, benchmarks. */
const UNROUTED_IPV4 = (
  [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ] as const
).map(([first, bits]) => ({ first: readIpv4(first) ?? 0, size: 2 ** (32 - bits) }));

/**
 * A public address without brackets and port, IPv4 in dots and IPv6 in eight groups; '' for every other text.
 * Truncated addresses, which end in zeros, are addresses like any other.
 */
export function publicAddress(text: string): string {
  if (text.length > MAX_ADDRESS_LENGTH) return '';
  const bare = withoutPort(text.trim());
  const ipv4 = readIpv4(bare);
  if (ipv4 !== null) return publicIpv4(ipv4);
  const groups = readIpv6(bare);
  if (groups === null) return '';
  if (MAPPED_PREFIX.every((group, i) => groups[i] === group)) {
    return publicIpv4((groups[6] ?? 0) * 0x10000 + (groups[7] ?? 0));
  }
  return isPublicIpv6(groups) ? groups.map((group) => group.toString(16)).join(':') : '';
}

/** `1.2.3.4:80` → `1.2.3.4`, `[2a00::1]:80` → `2a00::1`: some proxies name the port too. */
function withoutPort(text: string): string {
  if (text.startsWith('[')) return text.slice(1, Math.max(1, text.indexOf(']')));
  const colon = text.indexOf(':');
  return colon > 0 && colon === text.lastIndexOf(':') ? text.slice(0, colon) : text;
}

function readIpv4(text: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return null;
  let address = 0;
  for (let i = 1; i <= 4; i++) {
    const byte = Number(match[i]);
    if (byte > 255) return null;
    address = address * 256 + byte;
  }
  return address;
}

/** Eight groups of 16 bits. */
function readIpv6(text: string): readonly number[] | null {
  const lastColon = text.lastIndexOf(':');
  const tail = lastColon === -1 ? null : readIpv4(text.slice(lastColon + 1));
  const groupsOnly =
    tail === null
      ? text
      : `${text.slice(0, lastColon + 1)}${(tail >>> 16).toString(16)}:${(tail & 0xffff).toString(16)}`;
  const [left = '', right, more] = groupsOnly.split('::');
  if (more !== undefined) return null;
  const before = readGroups(left);
  const after = right === undefined ? [] : readGroups(right);
  if (before === null || after === null) return null;
  const missing = IPV6_GROUPS - before.length - after.length;
  if (right === undefined ? missing !== 0 : missing < 1) return null;
  return [...before, ...new Array<number>(missing).fill(0), ...after];
}

function readGroups(text: string): readonly number[] | null {
  if (text === '') return [];
  const groups = text.split(':');
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? groups.map((group) => parseInt(group, 16))
    : null;
}

function publicIpv4(address: number): string {
  for (const { first, size } of UNROUTED_IPV4) if (address >= first && address < first + size) return '';
  return [24, 16, 8, 0].map((shift) => String((address >>> shift) & 0xff)).join('.');
}

/** All that is routed begins with the bits 001; 2001:db8 in it is for documentation. */
function isPublicIpv6(groups: readonly number[]): boolean {
  const first = groups[0] ?? 0;
  return first >= 0x2000 && first < 0x4000 && !(first === 0x2001 && groups[1] === 0xdb8);
}
