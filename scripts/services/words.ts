/** What is said while services start: on standard error, as standard output is for the shell. */

/** After so long without a word people think that it hangs. */
const HEARTBEAT_MS = 5_000;

export type Say = (line: string) => void;

export function sayOnStderr(line: string): void {
  process.stderr.write(`gavel: ${line}\n`);
}

/** Says that it begins, that it still goes on, and how long it took. */
export async function withHeartbeat<T>(say: Say, doing: string, work: () => Promise<T>): Promise<T> {
  const startedAt = Date.now();
  const seconds = (digits: number): string => ((Date.now() - startedAt) / 1000).toFixed(digits);
  say(doing);
  const heartbeat = setInterval(() => say(`still ${doing}, ${seconds(0)} s`), HEARTBEAT_MS);
  try {
    const result = await work();
    say(`done ${doing}, ${seconds(1)} s`);
    return result;
  } finally {
    clearInterval(heartbeat);
  }
}

/** a, b and c */
export function inWords(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
