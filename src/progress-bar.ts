/** How far a long command is, on standard error. */

const BAR_CHARS = 30;

/** For people alone: a log has no use for it. `doing` follows the numbers: `checked`, `written`. */
export function drawBar(done: number, all: number, doing: string): void {
  if (!process.stderr.isTTY) return;
  const filled = all === 0 ? BAR_CHARS : Math.round((Math.min(done, all) / all) * BAR_CHARS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CHARS - filled);
  process.stderr.write(`\r${bar} ${done} of ${all} ${doing}${done === all ? '\n' : ''}`);
}
