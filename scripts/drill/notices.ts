/** What an exchange and a browser send of a bid: each a call of its own that may come any number of times. */
import type { SeededRandom } from '../../src/campaigns/seeded-random.ts';
import { pathAndQuery, type Call, type Mark } from './call.ts';

/** Of a BidResponse. */
interface Bid {
  readonly price: number;
  readonly adid: string;
  readonly adm: string;
  readonly nurl: string;
  readonly burl: string;
  readonly lurl: string;
}

/** Others bid more. */
const LOST = 0.3;
const OUTBID = '102';
const IMPRESSION_URL = /src="([^"]*\/impression\?[^"]*)"/;
/** A price for a thousand, in USD, is so many nano-dollars for one. */
const NANOS_A_CPM = 1e6;

export function nanosOf(cpm: number): number {
  return Math.round(cpm * NANOS_A_CPM);
}

/** Empty where nobody bid. */
export function makeNotices(answer: string, random: SeededRandom, nextTrace: () => string): readonly Call[] {
  if (answer === '') return [];
  const { seatbid = [] } = JSON.parse(answer) as { seatbid?: { bid: Bid[] }[] };
  const bid = seatbid[0]?.bid[0];
  if (bid === undefined) return [];
  const { price, adid: adId } = bid;
  const notice = (type: string, url: string, spendNanos: number): Call => {
    const traceId = nextTrace();
    const marks: Mark[] = [{ key: traceId, type, adId, spendNanos }];
    const path = pathAndQuery(url);
    return { kind: 'notice', method: 'GET', path, body: null, traceId, marks, isRepeatable: true };
  };
  if (random.chance(LOST)) return [notice('loss', bid.lurl.replace('${AUCTION_LOSS}', OUTBID), 0)];
  const priced = (url: string): string => url.replace('${AUCTION_PRICE}', String(price));
  const pixel = IMPRESSION_URL.exec(bid.adm)?.[1] ?? '';
  return [
    notice('win', priced(bid.nurl), 0),
    notice('billing', priced(bid.burl), nanosOf(price)),
    notice('impression', pixel.replaceAll('&amp;', '&'), 0),
  ];
}
