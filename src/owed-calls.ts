/** Does what the ledger is owed, in the order in which it was told, once Redis can be asked. */
import { openSpoolReader } from './events/lmdb-spool-reader.ts';
import type { SpoolReader, SpoolTicket } from './events/spool.ts';
import { readOwedCall, type OwedCall } from './ledger/owed-call.ts';

export interface OwedFollower {
  close(): Promise<void>;
}

const MAX_RECORDS = 200;
const MAX_BYTES = 65_536;
const BACKOFF_MS = [100, 200, 400, 800, 1_600] as const;

/** `settle`: 'away' where the call can't be made now. */
export function followOwed(ticket: SpoolTicket, settle: (call: OwedCall) => Promise<string>): OwedFollower {
  const reader = openSpoolReader(ticket);
  let isClosing = false;

  async function settleOne(record: Uint8Array): Promise<void> {
    const call = readOwedCall(record);
    for (let tries = 0; call !== null && (await settle(call)) === 'away'; tries++) {
      if (isClosing) throw new Error('it is owed still');
      await sleep(BACKOFF_MS[Math.min(tries, BACKOFF_MS.length - 1)]);
    }
  }

  const ended = followAll(reader, settleOne).catch(() => undefined);
  return {
    async close() {
      isClosing = true;
      await reader.close();
      await ended;
    },
  };
}

function sleep(forMs: number | undefined): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}

/** Rejects when the reader or the spool is closed: what is not acknowledged is read again at the next start. */
async function followAll(reader: SpoolReader, settle: (record: Uint8Array) => Promise<void>): Promise<never> {
  for (;;) {
    await reader.wait();
    const records = reader.read(MAX_RECORDS, MAX_BYTES);
    for (const { record } of records) await settle(record);
    const last = records.at(-1);
    if (last !== undefined) await reader.acknowledge(last.sequence);
  }
}
