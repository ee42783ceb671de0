/** OpenRTB 2.6 as far as it is read and written here. Requests may hold more, which is ignored. */
import { EXPLAINED_CANDIDATES } from '../../auction/explanation.ts';
import { CANDIDATE_REASONS, NBR } from '../../openrtb/codes.ts';
import { anyList, anyText, form, list, number, object, ref, type Schema } from './schema.ts';

const flag: Schema = { type: 'integer', enum: [0, 1] };
const code: Schema = { type: 'integer', minimum: 0 };
const pixels: Schema = { type: 'integer', minimum: 0 };
const positive: Schema = { type: 'integer', minimum: 1 };
const string: Schema = { type: 'string' };
const open: Schema = { type: 'object' };
const strings: Schema = { type: 'array', items: string };
const codes: Schema = { type: 'array', items: code };
const price: Schema = { type: 'number', minimum: 0 };

const geo = form({ country: string, region: string, city: string, accuracy: pixels }, []);
const content = form({ cat: strings }, []);
const schain = form(
  { complete: flag, nodes: anyList(form({ asi: string, sid: string }, []), 'Sellers, the first one first.') },
  [],
);
const banner = form(
  {
    w: pixels,
    h: pixels,
    format: anyList(
      form({ w: pixels, h: pixels, wratio: positive, hratio: positive, wmin: pixels }, []),
      'Sizes that fit.',
    ),
    btype: codes,
    battr: codes,
    mimes: strings,
    api: codes,
  },
  [],
);
const deal = form(
  { id: string, bidfloor: price, bidfloorcur: string, at: code, wseat: strings, wadomain: strings },
  ['id'],
);
const imp = form(
  {
    id: { type: 'string', minLength: 1 },
    banner,
    video: open,
    audio: open,
    native: open,
    bidfloor: price,
    bidfloorcur: string,
    secure: flag,
    instl: flag,
    exp: code,
    tagid: string,
    qty: form({ multiplier: { type: 'number', exclusiveMinimum: 0 } }, []),
    pmp: form({ private_auction: flag, deals: { type: 'array', items: deal } }, []),
  },
  ['id'],
);
const place = { id: string, cat: strings, content };
const device = form(
  {
    ua: string,
    sua: form(
      {
        browsers: anyList(form({ brand: string }, []), 'Client hints.'),
        platform: form({ brand: string }, []),
        mobile: flag,
      },
      [],
    ),
    ip: string,
    ipv6: string,
    geo,
    devicetype: code,
    os: string,
    language: string,
    connectiontype: code,
    ifa: string,
    lmt: flag,
    dnt: flag,
  },
  [],
);
const user = form(
  {
    id: string,
    buyeruid: string,
    yob: { type: 'integer' },
    gender: string,
    keywords: string,
    kwarray: strings,
    consent: string,
    geo,
    data: anyList(form({ segment: anyList(form({ id: string }, []), 'Segments.') }, []), 'Audiences.'),
  },
  [],
);
const nbr: Schema = {
  type: 'integer',
  enum: Object.values(NBR),
  description: `Why there is no bid: ${Object.entries(NBR)
    .map(([name, number]) => `${number} ${name}`)
    .join(', ')}.`,
};
const answerExt = object(
  { explain: ref('Explanation') },
  [],
  'With `ext.explain` in the request and a management key.',
);

export const OPENRTB_SCHEMAS = {
  BidRequest: {
    ...form(
      {
        id: { type: 'string', minLength: 1 },
        imp: {
          type: 'array',
          minItems: 1,
          items: imp,
          description: 'What is offered: the first 100 are read.',
        },
        site: form({ ...place, domain: string, page: string }, []),
        app: form({ ...place, bundle: string }, []),
        dooh: open,
        device,
        user,
        regs: form({ coppa: flag, gdpr: flag, us_privacy: string, gpp: string, gpp_sid: codes }, []),
        source: form({ schain }, []),
        test: { ...flag, description: '1: answered as usual, charged nothing, and a no-bid says why.' },
        tmax: { ...code, description: 'Milliseconds that the exchange waits.' },
        cur: strings,
        wseat: strings,
        bseat: strings,
        acat: strings,
        bcat: strings,
        cattax: code,
        badv: strings,
        bapp: strings,
        ext: form(
          { explain: { ...flag, description: '1, with a management key: why each candidate bids or not.' } },
          [],
        ),
      },
      ['id', 'imp'],
      'OpenRTB 2.6 or 2.5. At most one of site, app and dooh. Wrong JSON types are read where that is unambiguous.',
    ),
    example: {
      id: 'r1',
      imp: [{ id: '1', banner: { w: 300, h: 250 }, bidfloor: 0.5 }],
      site: { domain: 'news.example', page: 'https://news.example/a' },
      device: { os: 'Android', devicetype: 1, geo: { country: 'USA' } },
      user: { id: 'u1' },
      tmax: 100,
    },
  },
  BidResponse: object(
    {
      id: string,
      seatbid: anyList(
        object({ bid: { type: 'array', minItems: 1, items: ref('Bid') }, seat: string }),
        'Bids by seat.',
      ),
      cur: { type: 'string', pattern: '^[A-Z]{3}$' },
      ext: answerExt,
    },
    ['ext'],
    'At most one bid an imp.',
  ),
  NoBid: object(
    { id: string, nbr, ext: answerExt },
    ['ext'],
    'Only for `test` and `ext.explain`; otherwise 204.',
  ),
  Bid: object(
    {
      id: string,
      impid: string,
      price: number('CPM in `cur`.', { exclusiveMinimum: 0 }),
      adm: { ...string, description: 'Markup, with `${AUCTION_PRICE}` and the like left to the exchange.' },
      adomain: strings,
      cat: strings,
      cattax: code,
      attr: codes,
      crid: { ...string, description: 'The ad’s id.' },
      adid: { ...string, description: 'The ad’s id.' },
      w: positive,
      h: positive,
      mtype: positive,
      cid: { ...string, description: 'The campaign’s id.' },
      dealid: string,
      exp: { ...positive, description: 'Seconds that the bid’s money is held.' },
      nurl: string,
      burl: string,
      lurl: string,
    },
    ['cat', 'cattax', 'attr', 'dealid'],
  ),
  Explanation: object({
    imps: anyList(
      object({
        impid: string,
        nbr,
        candidates: list(
          object({
            campaignId: string,
            reason: { type: 'string', enum: [...CANDIDATE_REASONS.map(([reason]) => reason), 'eligible'] },
            rule: anyText('The rule that decides.'),
          }),
          EXPLAINED_CANDIDATES,
          'The best-paying campaigns.',
        ),
      }),
      'By imp.',
    ),
    truncated: { type: 'boolean', description: 'There are more campaigns than are told.' },
  }),
} satisfies Readonly<Record<string, Schema>>;
