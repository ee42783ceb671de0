/** The journals of a server, and whether the disk takes what they are to keep: the log tells, and so does /health. */
import { openDiskJournal, type DiskJournalOptions } from './ledger/disk-journal.ts';
import type { Journal } from './ledger/journal.ts';
import type { Log } from './server/http.ts';

export interface Journals {
  /** A folder of the data folder. Throws where its journal is none, or damaged. */
  open(folder: 'ledger' | 'caps', options?: DiskJournalOptions): Journal;
  /** The disk takes what all of them are to keep. */
  readonly isKeeping: boolean;
  /** To be called now and then: the log tells what has changed. */
  look(): void;
}

export function keepJournals(dataDir: string, log: Log): Journals {
  const journals: Journal[] = [];
  let toldKeeping = true;
  const isKept = ({ healthy, isHanging }: Journal): boolean => healthy && !isHanging;
  return {
    open(folder, options) {
      const journal = openDiskJournal(`${dataDir}/${folder}`, {
        onTorn: (torn) =>
          log.warn(torn, 'the journal ended in the middle of a record, which was cut off and kept'),
        ...options,
      });
      journals.push(journal);
      return journal;
    },
    get isKeeping() {
      return journals.every(isKept);
    },
    look() {
      const isKeeping = journals.every(isKept);
      if (isKeeping === toldKeeping) return;
      toldKeeping = isKeeping;
      if (isKeeping) log.info({}, 'the disk takes the journals of the ledger and the caps again');
      else if (journals.some(({ isHanging }) => isHanging))
        log.warn({}, 'the disk hangs with a journal of the ledger or the caps: calls are answered 503');
      else log.warn({}, 'the disk takes no journal of the ledger or the caps: calls are answered 503');
    },
  };
}
