/**
 * The exchange's substitution macros. They stay literal in the markup and the URLs that we send; the exchange
 * fills them in when it calls. What comes back may be unexpanded, a test value, or anything at all.
 */
import { microsRoundedUp, type PriceMicros } from '../money.ts';

export const AUCTION_MACRO = {
  auctionId: '${AUCTION_ID}',
  bidId: '${AUCTION_BID_ID}',
  impId: '${AUCTION_IMP_ID}',
  seatId: '${AUCTION_SEAT_ID}',
  adId: '${AUCTION_AD_ID}',
  price: '${AUCTION_PRICE}',
  currency: '${AUCTION_CURRENCY}',
  marketBidRatio: '${AUCTION_MBR}',
  loss: '${AUCTION_LOSS}',
  minToWin: '${AUCTION_MIN_TO_WIN}',
  multiplier: '${AUCTION_MULTIPLIER}',
  impTimestamp: '${AUCTION_IMP_TS}',
  discountPercent: '${AUCTION_DISCOUNT_PCT}',
  discountCpm: '${AUCTION_DISCOUNT_CPM}',
} as const;

/** No impression has cost a million units a thousand times over in any currency: a larger number is no price. */
const MAX_PRICE_UNITS = 1_000_000_000;
/** A decimal number of 2^53 micros has 17 digits; the rest of a longer text is noise. */
const MAX_NUMBER_LENGTH = 32;
/** Loss reasons of exchanges' own start at 500; none numbers them above this. */
const MAX_LOSS_REASON = 9_999;

/**
 * The clearing price that an exchange put in place of `${AUCTION_PRICE}`, in the currency of the bid. null where
 * it is none: empty, `AUDIT`, the macro itself (also URL-encoded), no decimal number, zero or less, beyond all
 * prices. What is null books nothing.
 */
export function readAuctionPrice(text: string): PriceMicros | null {
  const price = readDecimal(text);
  return price === null || price <= 0 || price > MAX_PRICE_UNITS ? null : microsRoundedUp(price);
}

/** The reason in place of `${AUCTION_LOSS}` (OpenRTB 3.0's list); null where it is no such number. */
export function readLossReason(text: string): number | null {
  const reason = readDecimal(text);
  return reason === null || !Number.isInteger(reason) || reason < 0 || reason > MAX_LOSS_REASON
    ? null
    : reason;
}

/** Digits, a point, an exponent: not the hexadecimal, the infinities and the blanks that Number() takes too. */
function readDecimal(text: string): number | null {
  if (text.length > MAX_NUMBER_LENGTH || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text)) return null;
  return Number(text);
}
