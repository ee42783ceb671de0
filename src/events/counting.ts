/** Events that are only counted: what stands behind the door while there is nothing to ship them to. */
import type { AdEvent, Events, EventType } from './door.ts';

/** signed: it came with a sound token · unsigned: without, for an ad that we have · unknown: an ad of nobody's. */
export const EVENT_ORIGINS = ['signed', 'unsigned', 'unknown'] as const;
export type EventOrigin = (typeof EVENT_ORIGINS)[number];

export function createCountingEvents(count: (type: EventType, origin: EventOrigin) => void): Events {
  return {
    record(event) {
      count(event.type, originOf(event));
      return true;
    },
  };
}

/** A sound token vouches for its ad, also when the index has forgotten it. */
function originOf(event: Pick<AdEvent, 'known' | 'signed'>): EventOrigin {
  if (event.signed) return 'signed';
  return event.known ? 'unsigned' : 'unknown';
}
