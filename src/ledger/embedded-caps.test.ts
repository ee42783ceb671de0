import { describe, expect, it } from 'vitest';
import { openCaps } from './embedded-caps.ts';
import { describeCaps } from './fixtures/cap-suite.ts';
import { walkCaps } from './fixtures/cap-walk.ts';
import { openMemoryJournal } from './memory-journal.ts';

describe('the embedded caps', () => {
  describeCaps(() => {
    const caps = openCaps(openMemoryJournal());
    return Promise.resolve({ caps, recordOf: (user) => Promise.resolve(caps.recordOf(user)) });
  });
});

const WALKS = 12;
const STEPS = 1_000;

describe('a random walk of the embedded caps', () => {
  it('does what the oracle says, over crashes and rewrites of the journal', async () => {
    const sum = { held: 0, shown: 0, refused: 0, crashes: 0 };
    for (let walk = 0; walk < WALKS; walk++) {
      const seed = Math.floor(Math.random() * 2 ** 31);
      let journal = openMemoryJournal();
      let caps = openCaps(journal);
      let step = 0;
      const result = await walkCaps(
        seed,
        STEPS,
        () => caps,
        ({ answer, expected, told, nowMs }) => {
          step++;
          expect({ answer }, `seed ${String(seed)}, step ${String(step)}: ${told}`).toEqual({
            answer: expected,
          });
          if (step % 7 === 0) caps.tick(nowMs);
          if (step % 90 === 0) journal.requestRewrite();
          if (step % 50 !== 0 || journal.written !== journal.appended) return;
          journal = journal.crash(journal.written);
          caps = openCaps(journal);
          sum.crashes++;
        },
      );
      sum.held += result.held;
      sum.shown += result.shown;
      sum.refused += result.refused;
    }
    for (const count of Object.values(sum)) expect(count).toBeGreaterThan(WALKS);
  });
});
