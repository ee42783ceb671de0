/** Does what the ledger and the frequency caps are owed, in the order in which it was told, once Redis can be asked. */
import { backoffMs } from './database/redis-backoff.ts';
import { openSpoolReader } from './events/lmdb-spool-reader.ts';
import type { SpoolReader, SpoolTicket } from './events/spool.ts';

export interface OwedFollower {
  close(): Promise<void>;
}

const MAX_RECORDS = 200;
const MAX_BYTES = 65_536;
/** The spool's thread, where it has died, is there again by then. */
const FOLLOW_AGAIN_MS = 1_000;

/**
 * `connect`: gives a ticket each time, as a spool whose thread has died closes its readers. `settle`: 'away' where the
 * call can't be made now; null where it is somebody else's.
 */
export function followOwed(
  connect: () => SpoolTicket,
  settle: (record: Uint8Array) => Promise<string> | null,
): OwedFollower {
  let reader = openSpoolReader(connect());
  let isClosing = false;

  async function settleOne(record: Uint8Array): Promise<void> {
    for (let tries = 0; (await settle(record)) === 'away'; tries++) {
      if (isClosing) throw new Error('it is owed still');
      await sleep(backoffMs(tries + 1));
    }
  }

  async function followAgain(): Promise<void> {
    await sleep(FOLLOW_AGAIN_MS);
    if (isClosing) return;
    reader = openSpoolReader(connect());
    await followAll(reader, settleOne);
  }

  async function followAlways(): Promise<void> {
    await followAll(reader, settleOne).catch(() => undefined);
    while (!isClosing) await followAgain().catch(() => undefined);
  }

  const ended = followAlways();
  return {
    async close() {
      isClosing = true;
      await reader.close();
      await ended;
    },
  };
}

function sleep(forMs: number): Promise<void> {
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
