import { openLedger } from './embedded.ts';
import { describeLedger, type LedgerBench } from './fixtures/ledger-suite.ts';
import { openMemoryJournal } from './memory-journal.ts';

function open(nowMs: number): Promise<LedgerBench> {
  let journal = openMemoryJournal();
  let ledger = openLedger({ journal, nowMs });
  return Promise.resolve({
    get ledger() {
      return ledger;
    },
    tick: (atMs: number) => Promise.resolve(ledger.tick(atMs)),
    crash(atMs: number) {
      journal.write();
      journal = journal.crash(journal.appended);
      ledger = openLedger({ journal, nowMs: atMs });
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  });
}

describeLedger('the embedded ledger', open);
