/** What was shipped and is not committed yet: taken off when its consumer has come past it. */
import { sumCounts, type AdCounts } from './pending.ts';

export interface ShippedPart {
  readonly topic: string;
  readonly partition: number;
  /** Behind its last message. */
  readonly nextOffset: number;
  readonly counts: readonly AdCounts[];
}

export interface ShippedBook {
  readonly isEmpty: boolean;
  add(part: ShippedPart): void;
  /** What was shipped and is committed by now; `nextOffset`: where the partition's consumer goes on. */
  settle(topic: string, partition: number, nextOffset: number): readonly AdCounts[];
}

/** Of one partition; above it parts are put together, and so settled a little later. */
const MAX_PARTS = 1_000;

export function createShippedBook(): ShippedBook {
  const parts = new Map<string, ShippedPart[]>();
  return {
    get isEmpty() {
      return parts.size === 0;
    },
    add(part) {
      if (part.counts.length === 0) return;
      const name = `${part.topic}/${String(part.partition)}`;
      const own = parts.get(name) ?? [];
      const last = own.length < MAX_PARTS ? undefined : own.pop();
      own.push(last === undefined ? part : { ...part, counts: sumCounts([...last.counts, ...part.counts]) });
      parts.set(name, own);
    },
    settle(topic, partition, nextOffset) {
      const name = `${topic}/${String(partition)}`;
      const own = parts.get(name) ?? [];
      const left = own.filter((part) => part.nextOffset > nextOffset);
      if (left.length === 0) parts.delete(name);
      else parts.set(name, left);
      return own.flatMap((part) => (part.nextOffset > nextOffset ? [] : part.counts));
    },
  };
}
