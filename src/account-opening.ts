/** Accounts of campaigns that were made or changed, opened before that is answered: their first bid could not wait for it. */
import type { Ledger } from './ledger/ledger.ts';
import type { Catalog } from './server/catalog.ts';

export interface AccountOpening {
  /** `changed`: the campaigns that the catalog's index is published for; null: a base, whose accounts open as they bid. */
  note(catalog: Catalog, changed: ReadonlySet<string> | null): void;
  /** Opens those of the last index. */
  open(): Promise<void>;
}

export function createAccountOpening(ledger: Ledger): AccountOpening {
  let last: { readonly catalog: Catalog; readonly changed: ReadonlySet<string> } | null = null;
  return {
    note(catalog, changed) {
      last = changed === null ? null : { catalog, changed };
    },
    async open() {
      if (last === null) return;
      const { catalog, changed } = last;
      last = null;
      for (const id of changed) {
        const campaign = catalog.index.campaignOrdinal(id);
        if (campaign >= 0) catalog.account(campaign);
      }
      await ledger.refresh([...changed], Date.now());
    },
  };
}
