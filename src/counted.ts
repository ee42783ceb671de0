/** Numbers of things, as people read them. */

/** `1 campaign`, `2 campaigns`. */
export function tellCount(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}
