/** Campaigns that can't be served as they stand: each is named in the log, but not again with every change of another. */
import type { UnsoundCampaign } from './campaigns/soundness.ts';
import type { Log } from './server/http.ts';

export class LeftOutCampaigns {
  readonly #log: Log;
  /** Why, as it was told. */
  readonly #reasons = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  name(unsound: readonly UnsoundCampaign[]): void {
    for (const { id, reason } of unsound) {
      if (this.#reasons.get(id) === reason) continue;
      this.#reasons.set(id, reason);
      this.#log.warn({ campaignId: id, reason }, 'a campaign is left out: it can not be served as it stands');
    }
  }

  /** `ids` changed, and of them only `unsound` are left out now. */
  nameChanged(ids: Iterable<string>, unsound: readonly UnsoundCampaign[]): void {
    const leftOut = new Set(unsound.map(({ id }) => id));
    for (const id of ids) if (!leftOut.has(id)) this.#reasons.delete(id);
    this.name(unsound);
  }
}
