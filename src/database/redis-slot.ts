/** Where a Redis Cluster places a key: CRC16 (XMODEM) of its tag, modulo the number of slots. */

const SLOT_COUNT = 16_384;
const POLYNOMIAL = 0x1021;

/** The checksum's change by each value of its upper byte. */
const CRC_BY_BYTE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  return crc;
});

export function slotOf(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(tagOf(key))) {
    crc = ((crc << 8) & 0xffff) ^ (CRC_BY_BYTE[(crc >> 8) ^ byte] ?? 0);
  }
  return crc % SLOT_COUNT;
}

/** What stands in the first braces, or all of the key where there is none or nothing between. */
export function tagOf(key: string): string {
  const open = key.indexOf('{');
  const close = open === -1 ? -1 : key.indexOf('}', open + 1);
  return close <= open + 1 ? key : key.slice(open + 1, close);
}
