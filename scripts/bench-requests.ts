/**
 * Bid requests out of a seed, in the world of src/campaigns/seeded.ts: about 1 KB of OpenRTB 2.6 each, one banner imp,
 * half from pages and half from apps, with the device, the place and the user that a large exchange sends.
 */
import { SEEDED_SIZES, seededValue } from '../src/campaigns/seeded.ts';
import { seededRandom, type SeededRandom } from '../src/campaigns/seeded-random.ts';

const DEVICE_TYPES: Readonly<Record<string, number>> = { mobile: 4, desktop: 2, tablet: 5, ctv: 3 };
const CONNECTION_TYPES: Readonly<Record<string, number>> = {
  ethernet: 1,
  wifi: 2,
  '3g': 5,
  '4g': 6,
  '5g': 7,
};
const USER_AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15',
] as const;
/** Longer than a closed loop ever waits: lateness is not what is measured. */
const TMAX_MS = 5_000;

/** Who sees the ads, and how long a bid is valid. */
export interface Audience {
  readonly users: number;
  /** The k-th user comes with a share proportional to 1 / k^exponent. */
  readonly exponent: number;
  readonly expSec: number;
}

/** `count` distinct bodies; without an audience each of a user of its own. */
export function seededBodies(count: number, seed: number, audience: Audience | null = null): string[] {
  const random = seededRandom(seed);
  const known = audience === null ? null : { expSec: audience.expSec, pick: zipfLaw(audience) };
  return Array.from({ length: count }, () => JSON.stringify(seededRequest(random, known)));
}

interface KnownAudience {
  readonly expSec: number;
  /** A user by an even draw from 0 to 1. */
  readonly pick: (draw: number) => number;
}

function zipfLaw({ users, exponent }: Audience): KnownAudience['pick'] {
  const sums = new Float64Array(users);
  let sum = 0;
  for (let rank = 1; rank <= users; rank++) sums[rank - 1] = sum += rank ** -exponent;
  return (draw) => {
    let [low, high] = [0, users - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? sum) > draw * sum) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

function seededRequest(random: SeededRandom, audience: KnownAudience | null): object {
  const isApp = random.chance(0.5);
  const id = random.uuid();
  const imp = seededImp(random);
  return {
    id,
    imp: [audience === null ? imp : { ...imp, exp: audience.expSec }],
    ...(isApp ? { app: seededApp(random) } : { site: seededSite(random) }),
    device: seededDevice(random),
    user: {
      ...seededUser(random),
      ...(audience === null ? {} : { buyeruid: `user-${audience.pick(random.next())}` }),
    },
    at: 1,
    tmax: TMAX_MS,
    cur: ['USD'],
    bcat: ['IAB25', 'IAB26', 'IAB7-39'],
    badv: ['blocked-one.example', 'blocked-two.example'],
    source: {
      tid: random.uuid(),
      schain: { complete: 1, ver: '1.0', nodes: [{ asi: 'exchange.example', sid: 'pub-1204', hp: 1 }] },
    },
  };
}

function seededImp(random: SeededRandom): object {
  const [w, h] = random.pick(SEEDED_SIZES);
  return {
    id: '1',
    tagid: `slot-${random.integer(1_000)}`,
    bidfloor: random.between(10, 100) / 100,
    bidfloorcur: 'USD',
    banner: {
      format: [{ w, h }],
      pos: 1,
      battr: [1, 3, 8, 9],
      mimes: ['image/jpeg', 'image/png', 'image/gif'],
    },
    exp: 300,
  };
}

function seededSite(random: SeededRandom): object {
  const domain = seededValue(random, 'domain');
  return {
    id: `site-${random.integer(10_000)}`,
    domain,
    cat: [seededValue(random, 'category')],
    page: `https://${domain}/2026/${random.integer(100_000)}`,
    publisher: { id: 'pub-1204', name: 'Example Media' },
  };
}

function seededApp(random: SeededRandom): object {
  const bundle = seededValue(random, 'app');
  return {
    id: `app-${random.integer(10_000)}`,
    name: 'Example',
    bundle,
    cat: [seededValue(random, 'category')],
    ver: '4.1',
    publisher: { id: 'pub-1204', name: 'Example Media' },
  };
}

function seededDevice(random: SeededRandom): object {
  const [regionCountry, region] = seededValue(random, 'region').split('-');
  const country = seededValue(random, 'country');
  return {
    ua: random.pick(USER_AGENTS),
    ip: `203.0.113.${random.integer(256)}`,
    devicetype: DEVICE_TYPES[seededValue(random, 'deviceType')],
    os: seededValue(random, 'os'),
    osv: '17.5',
    language: seededValue(random, 'language'),
    js: 1,
    lmt: 0,
    connectiontype: CONNECTION_TYPES[seededValue(random, 'connectionType')],
    ifa: random.uuid(),
    geo: {
      country,
      ...(country === regionCountry ? { region } : {}),
      city: seededValue(random, 'city'),
      type: 2,
    },
    w: 1_170,
    h: 2_532,
  };
}

function seededUser(random: SeededRandom): object {
  return {
    id: random.uuid(),
    yob: random.between(1950, 2005),
    gender: seededValue(random, 'gender'),
    keywords: `${seededValue(random, 'interest')},${seededValue(random, 'interest')}`,
    data: [
      {
        id: 'dmp',
        segment: [{ id: seededValue(random, 'segment') }, { id: seededValue(random, 'segment') }],
      },
    ],
  };
}
