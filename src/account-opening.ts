/**
 * Accounts of campaigns, opened before they bid: their books are read over Redis, or opened there, for which the first bid
 * could not wait. Of campaigns that are made or changed here, before that is answered; of a base, and of what others
 * change, in the background. A ledger of this process alone needs no more than the accounts of what changes.
 */
import type { Ledger } from './ledger/ledger.ts';
import type { Catalog } from './server/catalog.ts';

export interface AccountOpening {
  /** `changed`: the campaigns that the catalog's index is published for; null: a base. */
  note(catalog: Catalog, changed: ReadonlySet<string> | null): void;
  /** Resolves when those that changed by now are open. */
  open(): Promise<void>;
  /** Resolves when those of the catalog are open, or the limit is over: they go on being opened. */
  openAll(catalog: Catalog, limitMs: number): Promise<void>;
}

/** One question to Postgres for so many. */
const OPENED_AT_ONCE = 500;
/** Whether Redis is there. */
const LOOK_EVERY_MS = 50;

export function createAccountOpening(ledger: Ledger, isShared: boolean): AccountOpening {
  const due = new Set<string>();
  const opened = new Set<string>();
  let newest: Catalog | null = null;
  let underWay: Promise<void> = Promise.resolve();
  let isBaseUnderWay = false;

  async function openSome(catalog: Catalog, ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const campaign = catalog.index.campaignOrdinal(id);
      if (campaign >= 0) catalog.account(campaign);
      if (isShared) opened.add(id);
    }
    await ledger.refresh(ids, Date.now());
  }

  async function openDue(): Promise<void> {
    while (due.size > 0 && newest !== null) {
      const ids = [...due].slice(0, OPENED_AT_ONCE);
      for (const id of ids) due.delete(id);
      await openSome(newest, ids);
    }
  }

  async function openBase(): Promise<void> {
    if (isBaseUnderWay) return;
    isBaseUnderWay = true;
    for (let catalog = newest; catalog !== null; catalog = catalog === newest ? null : newest) {
      for (const ids of chunks(unopened(catalog, opened))) {
        while (!ledger.isSound) await pass(LOOK_EVERY_MS);
        // The buffer of a base that was replaced may be written over.
        if (!isOfNewestBase(catalog)) break;
        await openSome(catalog, ids);
        if (!isOfNewestBase(catalog)) break;
      }
    }
    isBaseUnderWay = false;
  }

  function isOfNewestBase({ index }: Catalog): boolean {
    return index.base.snapshot === newest?.index.base.snapshot;
  }

  return {
    note(catalog, changed) {
      newest = catalog;
      for (const id of changed ?? []) due.add(id);
      if (!isShared) return;
      if (changed === null) void openBase();
      else underWay = underWay.then(openDue);
    },
    open() {
      underWay = underWay.then(openDue);
      return underWay;
    },
    async openAll(catalog, limitMs) {
      newest ??= catalog;
      if (!isShared) return;
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
      await Promise.race([openBase(), limit]).finally(() => clearTimeout(timer));
    },
  };
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** Best first, as they are ranked in a tier. */
function* unopened({ index }: Catalog, opened: ReadonlySet<string>): Iterable<string> {
  for (const { snapshot } of index.tiers) {
    for (let row = 0; row < snapshot.campaignCount; row++) {
      const { id } = snapshot.campaignText(row);
      if (!opened.has(id)) yield id;
    }
  }
}

function* chunks(ids: Iterable<string>): Iterable<readonly string[]> {
  let chunk: string[] = [];
  for (const id of ids) {
    chunk.push(id);
    if (chunk.length < OPENED_AT_ONCE) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
