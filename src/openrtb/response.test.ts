import { describe, expect, it } from 'vitest';
import { priceMicros } from '../money.ts';
import { NBR } from './codes.ts';
import { type BidParts, jsonText, writeBidResponse, writeNoBid } from './response.ts';

const AD_MEMBERS = {
  adomain: ['brand.example'],
  cat: ['IAB2'],
  cattax: 1,
  attr: [1, 3],
  crid: 'ad-1',
  adid: 'ad-1',
  w: 300,
  h: 250,
  mtype: 1,
};
const AWKWARD = [
  '',
  'plain',
  'quo"te',
  'back\\slash',
  'line\nend',
  '\u2028',
  '\ud800',
  '😀',
  '</script>',
  '${AUCTION_PRICE}',
];

interface Answer {
  readonly requestId: string;
  readonly currency: string;
  readonly bids: readonly BidParts[];
}

describe('writeBidResponse', () => {
  it('writes what JSON.stringify writes of the same answer', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const answer = answerFrom(seed);
      expect(writeBidResponse(answer), `seed ${seed}`).toBe(JSON.stringify(plainAnswer(answer)));
    }
  });

  it('puts the bids of one seat together, seats in the order of their first bid', () => {
    const bids = ['b', 'a', 'b'].map((seat, i) => bidParts(i, { seat }));
    const written = JSON.parse(writeBidResponse({ requestId: 'r', currency: 'EUR', bids })) as {
      readonly seatbid: readonly {
        readonly seat: string;
        readonly bid: readonly { readonly id: string }[];
      }[];
    };
    expect(written.seatbid.map(({ seat, bid }) => [seat, bid.map(({ id }) => id)])).toEqual([
      ['b', ['bid-0', 'bid-2']],
      ['a', ['bid-1']],
    ]);
  });

  it('writes the price as a decimal number without an exponent', () => {
    const text = writeBidResponse({
      requestId: 'r',
      currency: 'USD',
      bids: [bidParts(0, { priceMicros: priceMicros(1) })],
    });
    expect(text).toContain('"price":0.000001,');
  });

  it('adds an ext that is given', () => {
    const text = writeBidResponse({
      requestId: 'r',
      currency: 'USD',
      bids: [bidParts(0, {})],
      extJson: '{"a":1}',
    });
    expect(JSON.parse(text)).toMatchObject({ id: 'r', ext: { a: 1 } });
  });

  it('refuses an answer without bids', () => {
    expect(() => writeBidResponse({ requestId: 'r', currency: 'USD', bids: [] })).toThrow(RangeError);
  });
});

describe('writeNoBid', () => {
  it('says the reason, and ext where there is one', () => {
    expect(JSON.parse(writeNoBid('r"1', NBR.belowFloor))).toEqual({ id: 'r"1', nbr: 501 });
    expect(JSON.parse(writeNoBid('r', NBR.unknown, '{"explain":{}}'))).toEqual({
      id: 'r',
      nbr: 0,
      ext: { explain: {} },
    });
  });
});

describe('jsonText', () => {
  it.each(AWKWARD)('writes %j so that it is read as itself', (text) => {
    expect(JSON.parse(jsonText(text))).toBe(text);
    expect(Buffer.from(jsonText(text)).toString()).toBe(jsonText(text));
  });
});

function bidParts(number: number, parts: Partial<BidParts>): BidParts {
  return {
    id: `bid-${number}`,
    impId: String(number),
    priceMicros: priceMicros(2_500_000),
    admJson: jsonText('<a href="x">y</a>'),
    adJson: JSON.stringify(AD_MEMBERS).slice(1, -1),
    cid: 'c-1',
    seat: 's-1',
    dealId: '',
    expSec: 300,
    nurl: 'http://localhost/win?t=1&price=${AUCTION_PRICE}',
    burl: 'http://localhost/billing?t=1',
    lurl: 'http://localhost/loss?t=1',
    ...parts,
  };
}

/** Texts, prices and seats that differ with the seed. */
function answerFrom(seed: number): Answer {
  const text = (salt: number): string => AWKWARD[(seed * 7 + salt * 3) % AWKWARD.length] ?? '';
  const bids = Array.from({ length: 1 + (seed % 5) }, (_, i) =>
    bidParts(i, {
      id: text(i),
      impId: text(i + 1),
      priceMicros: priceMicros(1 + ((seed * 7_919 * (i + 1)) % 20_000_000)),
      admJson: jsonText(text(i + 2) + text(i + 3)),
      seat: text((seed + i) % 3),
      dealId: i % 2 === 0 ? '' : text(i + 4),
      nurl: `https://ads.example/win?t=${seed}&price=\${AUCTION_PRICE}`,
    }),
  );
  return { requestId: text(9), currency: 'USD', bids };
}

/** The oracle: the same answer as plain objects. */
function plainAnswer({ requestId, currency, bids }: Answer): object {
  const seats = [...new Set(bids.map(({ seat }) => seat))];
  const seatbid = seats.map((seat) => ({ bid: bids.filter((bid) => bid.seat === seat).map(plainBid), seat }));
  return { id: requestId, seatbid, cur: currency };
}

function plainBid(bid: BidParts): object {
  return {
    id: bid.id,
    impid: bid.impId,
    price: bid.priceMicros / 1_000_000,
    adm: JSON.parse(bid.admJson) as string,
    ...AD_MEMBERS,
    cid: bid.cid,
    ...(bid.dealId === '' ? {} : { dealid: bid.dealId }),
    exp: bid.expSec,
    nurl: bid.nurl,
    burl: bid.burl,
    lurl: bid.lurl,
  };
}
