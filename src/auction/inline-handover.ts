/** GAVEL_WORKERS=0: the question is decided on the spot, by the code that workers run. */
import type { Decider } from './decide.ts';
import type { Handover } from './handover.ts';

export function createInlineHandover(decider: Decider, onFault: (fault: string) => void): Handover {
  return {
    submit({ body, pinned, nowMs, resume }, done) {
      let decision;
      try {
        decision = decider.decide(pinned.index, body, nowMs, resume);
      } catch (error) {
        onFault(error instanceof Error ? (error.stack ?? error.message) : String(error));
        done({ kind: 'failed' });
        return;
      }
      done({ kind: 'decision', decision, pinned });
    },
    close: () => Promise.resolve(),
  };
}
