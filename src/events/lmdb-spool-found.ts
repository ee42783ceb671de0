/** What is pending in a spool when a server begins: the server before it left it there. */
import { sumByAd, type AdCounts } from './pending.ts';
import type { SpoolReader } from './spool.ts';

/** Some milliseconds of reading. */
const PIECE_RECORDS = 1_000;
const PIECE_BYTES = 1024 * 1024;

/** Before anything of it is acknowledged; `through`: the spool's last sequence as it was opened. */
export async function tellFound(
  reader: SpoolReader,
  through: number,
  tell: (counts: readonly AdCounts[]) => void,
): Promise<void> {
  for (let behind = reader.position; behind < through;) {
    const records = reader.read(PIECE_RECORDS, PIECE_BYTES, behind);
    const last = records.at(-1);
    if (last === undefined) return;
    tell(sumByAd(records.filter(({ sequence }) => sequence <= through).map(({ record }) => record)));
    behind = last.sequence;
    await new Promise(setImmediate);
  }
}
