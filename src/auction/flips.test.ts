import { expect, test } from 'vitest';
import type { Campaign } from '../campaigns/model.ts';
import { compileIndex } from '../targeting/compile.ts';
import { IndexHolder } from '../targeting/index-holder.ts';
import { IndexWriter, type NextIndex } from '../targeting/index-writer.ts';
import { openSnapshot, type IndexSnapshot } from '../targeting/snapshot-view.ts';
import { DEFAULT_LAYOUT } from './batch.ts';
import { createDecider } from './decide.ts';
import { NOW_MS, testCampaign, testPolicy, testRequest } from './fixtures/market.ts';
import { openPool } from './piscina-pool.ts';

const WORKER = new URL('../../dist/auction/piscina-worker.js', import.meta.url);
const PRIORS = { ctr: 0.001, cvr: 0.00001 };
const FLIPS = 3_000;
const QUESTIONS_A_FLIP = 4;
/** Of which a middle tier or a base is compiled once. */
const FLIPS_A_TIER = 100;
const MOST_REGIONS = DEFAULT_LAYOUT.regions / 2;
const PATIENT_MS = 60_000;
const BODY = Buffer.from(JSON.stringify(testRequest()));

/** They change together, in each change; the others stay. */
const CHANGING = [3, 11, 40];
const OTHERS = Array.from({ length: 30 }, (_, i) => testCampaign(i + 100));

/** Above the others, and another at each change. The last of them is there every other time. */
function campaignsAt(version: number): Campaign[] {
  const present = version % 2 === 0 ? CHANGING : CHANGING.slice(0, -1);
  return present.map((n) => testCampaign(n, { bid: { model: 'cpm', amountMicros: 5_000_000 + version } }));
}

function compile(campaigns: readonly Campaign[], buffer?: SharedArrayBuffer): IndexSnapshot {
  const options = { nowMs: NOW_MS, epoch: 1, priors: PRIORS, ...(buffer === undefined ? {} : { buffer }) };
  return openSnapshot(compileIndex(campaigns, options).buffer);
}

test(
  'each answer is of the one index that its question pinned, while the index changes thousands of times',
  async () => {
    const first = compile([...OTHERS, ...campaignsAt(1)]);
    const writer = new IndexWriter({ snapshot: first, version: 1, changed: null }, 1, PRIORS);
    const holder = new IndexHolder(writer.index, (afterMs, action) => {
      const timer = setTimeout(action, afterMs);
      return () => clearTimeout(timer);
    });
    const versions = new Map([[writer.index.epoch, 1]]);
    const faults: string[] = [];
    const decider = createDecider(testPolicy());
    const pool = await openPool({
      workers: 2,
      workerFile: WORKER,
      policy: testPolicy(),
      layout: DEFAULT_LAYOUT,
      indexes: holder,
      decideInline: ({ body, pinned, nowMs, resume }) => decider.decide(pinned.index, body, nowMs, resume),
      hooks: { onBatch() {}, onWorkerExit() {}, onFault: (fault) => faults.push(fault) },
    });
    let answered = 0;
    const wrong: object[] = [];
    const ask = (): void => {
      const pinned = holder.pin();
      const question = {
        body: BODY,
        pinned,
        nowMs: NOW_MS,
        deadlineMs: Date.now() + PATIENT_MS,
        resume: null,
      };
      pool.submit(question, (outcome) => {
        answered++;
        const version = versions.get(pinned.index.epoch) ?? 0;
        const expected = campaignsAt(version).map(({ id }) => [id, 5_000_000 + version]);
        const found =
          outcome.kind === 'decision' && outcome.decision.kind === 'decided'
            ? (outcome.decision.imps[0]?.shortlist ?? [])
            : [];
        const changing = found
          .filter(({ priceMicros }) => priceMicros > 5_000_000)
          .map(({ campaign, priceMicros }) => [pinned.index.campaignText(campaign).id, priceMicros]);
        const isRight = found.length === 16 && JSON.stringify(changing) === JSON.stringify(expected);
        if (!isRight) wrong.push({ version, changing, outcome: outcome.kind });
        holder.unpin(pinned);
      });
    };
    const publish = (next: NextIndex | null, version: number): void => {
      if (next === null) return;
      versions.set(next.index.epoch, version);
      holder.publish(next.index);
    };

    const ids = CHANGING.map((n) => testCampaign(n).id);
    for (let version = 2; version < FLIPS; version++) {
      const changed = new Map(ids.map((id) => [id, version]));
      publish(writer.apply({ version, changed, campaigns: campaignsAt(version) }, NOW_MS), version);
      for (let i = 0; i < QUESTIONS_A_FLIP; i++) ask();
      // A batch is of one index: some stay under way over the next flips, never so many that one is turned away.
      do await new Promise(setImmediate);
      while (pool.stats().busyRegions > MOST_REGIONS);
      if (version % FLIPS_A_TIER === 0) {
        const snapshot = compile(campaignsAt(version));
        publish(writer.install({ snapshot, version, changed: ids }, NOW_MS), version);
      } else if (version % FLIPS_A_TIER === FLIPS_A_TIER / 2) {
        const buffer = await holder.spareBuffer(PATIENT_MS);
        const snapshot = compile([...OTHERS, ...campaignsAt(version)], buffer);
        publish(writer.install({ snapshot, version, changed: null }, NOW_MS), version);
      }
    }
    await pool.close();
    expect(faults).toEqual([]);
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(answered).toBe((FLIPS - 2) * QUESTIONS_A_FLIP);
  },
  2 * PATIENT_MS,
);
