/**
 * Reads a bid request: JSON.parse, then hand-written normalisation into BidRequest. It is on the path of every
 * request, so absent lists are shared and every field is read once. A schema library would read all fields
 * that nobody asks for, and would refuse the dirt that must not cost the bid.
 */
import { isNegative } from './check-imp.ts';
import { CATTAX_DEFAULT } from './codes.ts';
import { readAttributes } from './attributes.ts';
import { type JsonObject, NO_TEXTS, readArray, readFlag, readInteger, readObject, readText } from './dirt.ts';
import { normaliseHost } from './host.ts';
import { lengthProblem, MAX_CODES, MAX_NAMES, readNames } from './lists.ts';
import { readImp } from './parse-imp.ts';
import { findPrivacyProblem, readPrivacy } from './parse-privacy.ts';
import type { BidRequest, Channel, Imp, ParsedRequest, SupplyChain, UserAgent } from './request.ts';

/** Imps of one request that are read; the rest get no bid. Exchanges send a few, test suites some dozens. */
export const MAX_IMPS = 100;
/** Nodes of a supply chain that are kept: real chains have fewer than ten. A longer one counts as incomplete. */
export const MAX_SUPPLY_CHAIN_NODES = 100;

const DEFAULT_CURRENCIES: readonly string[] = Object.freeze(['USD']);
const NO_USER_AGENT: UserAgent = Object.freeze({
  ua: '',
  brands: NO_TEXTS,
  platform: '',
  mobile: null,
  sender: 'device',
});
const DEVICE_DIMENSIONS = ['w', 'h', 'ppi', 'pxratio'] as const;
/** The identifier of a device whose owner has forbidden it: the same for all of them. */
const ZERO_IFA = '00000000-0000-0000-0000-000000000000';

/**
 * Normalises the text of a bid request, OpenRTB 2.5 or 2.6. `nowMs` (epoch milliseconds) turns a year of birth
 * into an age. Never throws: what is no OpenRTB is `ok: false`, with the field's path and a message that starts
 * with it. An imp with a problem of its own stays in the list, as long as one sound imp is beside it.
 */
export function parseBidRequest(body: string, nowMs: number): ParsedRequest {
  if (body === '') return refuse('body: is empty');
  let decoded: unknown;
  try {
    decoded = JSON.parse(body);
  } catch {
    return refuse('body: is not JSON');
  }
  const root = readObject(decoded);
  if (root === null) return refuse('body: must be a JSON object');
  const problem = findRequestProblem(root);
  if (problem !== '') return refuse(problem);
  const imps = readImps(readArray(root.imp));
  const impsProblem = findImpsProblem(imps);
  if (impsProblem !== '') return refuse(impsProblem);
  const request = readRequest(root, imps, nowMs);
  const listProblem = findLongList(request);
  return listProblem === '' ? { ok: true, request } : refuse(listProblem);
}

function refuse(problem: string): ParsedRequest {
  return { ok: false, field: problem.slice(0, problem.indexOf(':')), message: problem };
}

function findRequestProblem(root: JsonObject): string {
  if (readText(root.id) === '') return 'id: is missing';
  if (!Array.isArray(root.imp)) return 'imp: is missing';
  if (root.imp.length === 0) return 'imp: is empty';
  const places = countPlaces(root);
  if (places > 1) return 'site: at most one of site, app and dooh may be present';
  if (isNegative(root, 'tmax')) return 'tmax: must not be negative';
  const device = readObject(root.device);
  const user = readObject(root.user);
  return (
    (device === null ? '' : deviceProblem(device)) ||
    (user === null ? '' : geoProblem('user', user)) ||
    findPrivacyProblem(readObject(root.regs), user)
  );
}

function countPlaces(root: JsonObject): number {
  return (
    (readObject(root.site) === null ? 0 : 1) +
    (readObject(root.app) === null ? 0 : 1) +
    (readObject(root.dooh) === null ? 0 : 1)
  );
}

function deviceProblem(device: JsonObject): string {
  for (const field of DEVICE_DIMENSIONS) {
    if (isNegative(device, field)) return `device.${field}: must not be negative`;
  }
  return geoProblem('device', device);
}

function geoProblem(owner: string, of: JsonObject): string {
  const geo = readObject(of.geo);
  return geo !== null && isNegative(geo, 'accuracy') ? `${owner}.geo.accuracy: must not be negative` : '';
}

function readImps(list: readonly unknown[]): readonly Imp[] {
  const imps: Imp[] = [];
  const count = Math.min(list.length, MAX_IMPS);
  for (let i = 0; i < count; i++) imps.push(readImp(list[i], i));
  return imps;
}

/** Two imps of one id, or no sound imp at all. At most MAX_IMPS, so comparing each with each is cheap. */
function findImpsProblem(imps: readonly Imp[]): string {
  let hasSound = false;
  for (let i = 0; i < imps.length; i++) {
    const imp = imps[i];
    if (imp === undefined) break;
    if (imp.problem === '') hasSound = true;
    if (imp.id === '') continue;
    for (let earlier = 0; earlier < i; earlier++) {
      if (imps[earlier]?.id === imp.id) return `imp[${i}].id: is also the id of imp[${earlier}]`;
    }
  }
  return hasSound ? '' : (imps[0]?.problem ?? 'imp: is empty');
}

/** Lists are counted once their doubles are gone, so only in the request as it was read. */
function findLongList(request: BidRequest): string {
  return (
    lengthProblem('bcat', request.blockedCategories, MAX_NAMES) ||
    lengthProblem('acat', request.allowedCategories, MAX_NAMES) ||
    lengthProblem('badv', request.blockedDomains, MAX_NAMES) ||
    lengthProblem('bapp', request.blockedApps, MAX_NAMES) ||
    lengthProblem('wseat', request.allowedSeats, MAX_NAMES) ||
    lengthProblem('bseat', request.blockedSeats, MAX_NAMES) ||
    lengthProblem('cur', request.currencies, MAX_NAMES) ||
    lengthProblem('regs.gpp_sid', request.privacy.gppSections, MAX_CODES)
  );
}

function readRequest(root: JsonObject, imps: readonly Imp[], nowMs: number): BidRequest {
  const site = readObject(root.site);
  const app = readObject(root.app);
  const device = readObject(root.device);
  const user = readObject(root.user);
  const allowedSeats = readNames(root.wseat);
  const blockedSeats = readNames(root.bseat);
  const tmaxMs = readInteger(root.tmax);
  return {
    id: readText(root.id),
    test: readFlag(root.test),
    explain: root.ext !== undefined && readFlag(readObject(root.ext)?.explain),
    tmaxMs: tmaxMs === null || tmaxMs <= 0 ? null : tmaxMs,
    currencies: readCurrencies(root.cur),
    allowedSeats,
    blockedSeats,
    blockedCategories: readNames(root.bcat, upperCase),
    allowedCategories: readNames(root.acat, upperCase),
    cattax: readCattax(root.cattax),
    blockedDomains: readNames(root.badv, normaliseHost),
    blockedApps: readNames(root.bapp),
    attributes: readAttributes(site, app, device, user, nowMs),
    userAgent: device === null ? NO_USER_AGENT : readUserAgent(device),
    ip: device === null ? '' : readText(device.ip),
    ipv6: device === null ? '' : readText(device.ipv6),
    userId: readUserId(user, device),
    privacy: readPrivacy(readObject(root.regs), user, device),
    channel: channelOf(site, app, root.dooh),
    supplyChain: root.source === undefined ? null : readSupplyChain(readObject(root.source)),
    imps,
    seatListsCollide: allowedSeats.length > 0 && blockedSeats.length > 0,
  };
}

function readCurrencies(value: unknown): readonly string[] {
  const currencies = readNames(value, upperCase);
  return currencies.length === 0 ? DEFAULT_CURRENCIES : currencies;
}

/** Taxonomies are numbered from 1; 0 is a sender's word for none. */
function readCattax(value: unknown): number {
  const cattax = readInteger(value);
  return cattax === null || cattax <= 0 ? CATTAX_DEFAULT : cattax;
}

function readUserAgent(device: JsonObject): UserAgent {
  const ua = readText(device.ua);
  const hints = device.sua === undefined ? null : readObject(device.sua);
  if (hints === null) return ua === '' ? NO_USER_AGENT : { ...NO_USER_AGENT, ua };
  const mobile = readInteger(hints.mobile);
  return {
    ua,
    brands: readBrands(readArray(hints.browsers)),
    platform: readText(readObject(hints.platform)?.brand),
    mobile: mobile === 0 || mobile === 1 ? mobile === 1 : null,
    sender: 'device',
  };
}

function readBrands(browsers: readonly unknown[]): readonly string[] {
  if (browsers.length === 0) return NO_TEXTS;
  const brands: string[] = [];
  for (const browser of browsers) {
    const brand = readText(readObject(browser)?.brand).trim().toLowerCase();
    if (brand !== '') brands.push(brand);
  }
  return brands;
}

/** `user.buyeruid`, else `device.ifa`, else `user.id`. */
function readUserId(user: JsonObject | null, device: JsonObject | null): string {
  const buyerId = user === null ? '' : readText(user.buyeruid);
  if (buyerId !== '') return buyerId;
  const ifa = device === null ? '' : readText(device.ifa);
  if (ifa !== '' && ifa !== ZERO_IFA) return ifa;
  return user === null ? '' : readText(user.id);
}

function channelOf(site: JsonObject | null, app: JsonObject | null, dooh: unknown): Channel {
  if (site !== null) return 'site';
  if (app !== null) return 'app';
  return readObject(dooh) === null ? 'none' : 'dooh';
}

/** A chain is incomplete only where it says so: `complete` is often left out. */
function readSupplyChain(source: JsonObject | null): SupplyChain | null {
  const chain = readObject(source?.schain) ?? readObject(readObject(source?.ext)?.schain);
  if (chain === null) return null;
  const list = readArray(chain.nodes);
  const count = Math.min(list.length, MAX_SUPPLY_CHAIN_NODES);
  const nodes: { readonly asi: string; readonly sid: string }[] = [];
  for (let i = 0; i < count; i++) {
    const node = readObject(list[i]);
    if (node !== null) nodes.push({ asi: normaliseHost(readText(node.asi)), sid: readText(node.sid) });
  }
  const saysIncomplete = chain.complete === false || readInteger(chain.complete) === 0;
  return { complete: !saysIncomplete && list.length <= MAX_SUPPLY_CHAIN_NODES, nodes };
}

function upperCase(text: string): string {
  return text.trim().toUpperCase();
}
