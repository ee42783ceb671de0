/** The stream of a round: calls of all kinds whose events bear ids or trace ids of their own, many of them twice. */
import type { SeededRandom } from '../../src/campaigns/seeded-random.ts';
import type { Call, Mark } from './call.ts';

export interface StreamOrder {
  readonly random: SeededRandom;
  readonly seed: number;
  readonly events: number;
  /** Ads of ours. */
  readonly ads: readonly string[];
}

const TYPES = ['impression', 'click', 'conversion'] as const;
const MOST_IN_AN_ARRAY = 60;
/** Of the events, so many were sent before: in this array, in another, over another connection. */
const REPEATED = 0.12;
/** Of nobody's; together with ours they spread over all partitions. */
const STRANGERS = 24;
/** States its time, of some hours ago, so that several days and many minutes are counted. */
const STATED = 0.1;
const MOST_HOURS_AGO = 20;
const HOUR_MS = 3_600_000;
const TRACE_DIGITS = 32;
const SEED_DIGITS = 8;

/** What all ids of a round begin with. */
export function idPrefixOf(seed: number): string {
  return `drill-${String(seed)}-`;
}

export function tracePrefixOf(seed: number): string {
  return `${seed.toString(16).padStart(SEED_DIGITS, '0')}d`;
}

export function createTraces(seed: number): () => string {
  const prefix = tracePrefixOf(seed);
  let last = 0;
  return () => {
    last += 1;
    return prefix + last.toString(16).padStart(TRACE_DIGITS - prefix.length, '0');
  };
}

export function makeStream(order: StreamOrder, nextTrace: () => string): readonly Call[] {
  const { random, ads } = order;
  const nextEvent = createEvents(order);
  const calls: Call[] = [];
  for (let events = 0; events < order.events;) {
    const call = makeCall(random, nextEvent, ads, nextTrace);
    calls.push(call);
    events += Math.max(1, call.marks.length);
  }
  return calls;
}

function makeCall(
  random: SeededRandom,
  nextEvent: () => SentEvent,
  ads: readonly string[],
  nextTrace: () => string,
): Call {
  const dice = random.next();
  if (dice < 0.55) {
    const events = Array.from({ length: random.between(1, MOST_IN_AN_ARRAY) }, nextEvent);
    return post('array', '/events', JSON.stringify(events), events);
  }
  if (dice < 0.75) {
    const event = nextEvent();
    return post('event', '/events', JSON.stringify(event), [event]);
  }
  if (dice < 0.85) {
    const event = nextEvent();
    return post('track', `/track/${event.type}`, JSON.stringify(event), [event]);
  }
  const traceId = nextTrace();
  if (dice < 0.91) {
    const adId = random.pick(ads);
    const mark = { key: traceId, type: 'impression', adId, spendNanos: 0 };
    return get('pixel', `/impression?ad_id=${adId}`, traceId, [mark]);
  }
  if (dice < 0.94) {
    const mark = { key: traceId, type: 'impression', adId: null, spendNanos: null };
    return get('serve', '/serve?userId=u&placementId=p&countryCode=US', traceId, [mark]);
  }
  return bid(random, traceId);
}

interface SentEvent {
  readonly event_id: string;
  readonly type: (typeof TYPES)[number];
  readonly ad_id: string;
  readonly ts?: string;
}

function createEvents({ random, seed, ads }: StreamOrder): () => SentEvent {
  const sent: SentEvent[] = [];
  const startMs = Date.now();
  const strangers = Array.from({ length: STRANGERS }, (_, number) => `stranger-${String(number)}`);
  return () => {
    if (sent.length > 0 && random.chance(REPEATED)) return random.pick(sent);
    const event: SentEvent = {
      event_id: idPrefixOf(seed) + String(sent.length),
      type: random.pick(TYPES),
      ad_id: random.pick(random.chance(0.5) ? ads : strangers),
      ...(random.chance(STATED)
        ? { ts: new Date(startMs - random.integer(MOST_HOURS_AGO * HOUR_MS)).toISOString() }
        : {}),
    };
    sent.push(event);
    return event;
  };
}

function post(kind: Call['kind'], path: string, body: string, events: readonly SentEvent[]): Call {
  const marks: Mark[] = events.map(({ event_id: key, type, ad_id: adId }) => ({
    key,
    type,
    adId,
    spendNanos: 0,
  }));
  return { kind, method: 'POST', path, body, traceId: '', marks, isRepeatable: true };
}

function get(kind: Call['kind'], path: string, traceId: string, marks: readonly Mark[]): Call {
  return { kind, method: 'GET', path, body: null, traceId, marks, isRepeatable: false };
}

function bid(random: SeededRandom, traceId: string): Call {
  const [w, h] = random.pick([
    [300, 250],
    [336, 280],
    [728, 90],
  ]);
  const body = JSON.stringify({ id: traceId, imp: [{ id: '1', banner: { w, h } }] });
  return {
    kind: 'bid',
    method: 'POST',
    path: '/openrtb2/bid',
    body,
    traceId,
    marks: [],
    isRepeatable: false,
  };
}
