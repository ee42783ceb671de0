/** Frequency caps as the index holds them: a number each. */
import type { CapWindow, FrequencyCap } from '../campaigns/model.ts';

const WINDOWS = ['minute', 'hour', 'day', 'week', 'lifetime'] as const satisfies readonly CapWindow[];
const WINDOW_BITS = 3;

export function packCap({ limit, window }: FrequencyCap): number {
  return limit * 2 ** WINDOW_BITS + WINDOWS.indexOf(window);
}

export function unpackCap(packed: number): FrequencyCap {
  const window = WINDOWS[packed % 2 ** WINDOW_BITS];
  if (window === undefined) throw new RangeError(`index: no frequency cap is packed as ${packed}`);
  return { limit: Math.floor(packed / 2 ** WINDOW_BITS), window };
}
