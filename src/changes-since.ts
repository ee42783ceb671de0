/**
 * What changed since a base, as the compiler's thread reads it. Each middle tier holds what the one before held and a little
 * more: Postgres is asked for that little alone.
 */
import type { Campaign } from './campaigns/model.ts';
import { isInHistory } from './campaigns/postgres-history.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import type { Pool } from './database/postgres-pool.ts';

interface ReadChanges {
  /** The last change that is in it. */
  readonly version: number;
  /** Gone campaigns, too. */
  readonly changed: ReadonlySet<string>;
  readonly campaigns: readonly Campaign[];
}

interface HeldChanges {
  readonly pool: Pool;
  readonly since: number;
  version: number;
  /** Where the database was in its history when it was last asked; null: that is not known. */
  mark: string | null;
  readonly changed: Set<string>;
  readonly active: Map<string, Campaign>;
}

export class ChangesSince {
  #held: HeldChanges | null = null;

  async read(pool: Pool, since: number): Promise<ReadChanges> {
    const last = this.#held;
    // What could not be read or put together is not held.
    this.#held = null;
    const isSame = last?.pool === pool && last.since === since;
    this.#held = isSame && (await readOn(last)) ? last : await readAnew(pool, since);
    const { version, changed, active } = this.#held;
    return { version, changed, campaigns: [...active.values()] };
  }

  /** They need memory until the thread ends. */
  forget(): void {
    this.#held = null;
  }
}

async function readAnew(pool: Pool, since: number): Promise<HeldChanges> {
  const held = { pool, since, version: since, mark: null, changed: new Set<string>(), active: new Map() };
  await add(held);
  return held;
}

/** false: the database was set back since, and its numbers mean other changes. */
async function readOn(held: HeldChanges): Promise<boolean> {
  const { pool, mark } = held;
  if (mark === null) return false;
  await add(held);
  // Afterwards, so that what was read is of the same past.
  return isInHistory(pool, mark);
}

async function add(held: HeldChanges): Promise<void> {
  const { version, mark, changed, campaigns } = await createCampaignStore(held.pool).allChangedSince(
    held.version,
  );
  for (const id of changed.keys()) {
    held.changed.add(id);
    held.active.delete(id);
  }
  for (const campaign of campaigns ?? []) held.active.set(campaign.id, campaign);
  held.version = version;
  held.mark = mark;
}
