//! Money from the text that it stands in, as integers: never by way of a float.
//!
//! A price is in micros of a currency unit per thousand impressions (CPM), a cost in nanos of a USD; the cost of one
//! impression at P micros CPM is P nanos.

use serde::{Deserialize, Serialize};

/// A CPM price in millionths of a currency unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PriceMicros(pub u64);

/// An amount of money in billionths of a USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CostNanos(pub u64);

pub(crate) const MICRO_DECIMALS: u32 = 6;
pub(crate) const NANO_DECIMALS: u32 = 9;
/// A JSON number with more digits is no price that anyone has sent; it also keeps the sums below within i128.
const MAX_DIGITS: usize = 28;
/// Beyond it 10^exponent does not fit.
const MAX_EXPONENT: i32 = 30;

/// A decimal as a whole number of 10^-decimals, cut where it is finer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scaled {
    pub(crate) units: i128,
    /// Nothing was cut.
    pub(crate) exact: bool,
}

/// Reads a JSON number: digits, a point, an exponent. None where `text` is no number or beyond all money.
pub(crate) fn scale(text: &str, decimals: u32) -> Option<Scaled> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || whole.len() + fraction.len() > MAX_DIGITS || exponent.abs() > MAX_EXPONENT {
        return None;
    }
    let mut units: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        units = units * 10 + i128::from(char::from(digit).to_digit(10)?);
    }
    let shift = exponent - i32::try_from(fraction.len()).ok()? + i32::try_from(decimals).ok()?;
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 {
        return Some(Scaled { units: sign * units.checked_mul(power)?, exact: true });
    }
    Some(Scaled { units: sign * (units / power), exact: units % power == 0 })
}

/// `multiplier` impressions (in millionths: a screen may stand for 2.5) at `price`, cut to a nano.
pub(crate) fn cost_of(price: PriceMicros, multiplier: u64) -> CostNanos {
    let nanos = u128::from(price.0) * u128::from(multiplier) / 1_000_000;
    CostNanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// The shortest decimal of a price: what an exchange puts in place of `${AUCTION_PRICE}`.
pub(crate) fn decimal_of(price: PriceMicros) -> String {
    let text = format!("{}.{:06}", price.0 / 1_000_000, price.0 % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exactly(units: i128) -> Option<Scaled> {
        Some(Scaled { units, exact: true })
    }

    #[test]
    fn a_decimal_is_scaled_to_the_digit() {
        assert_eq!(scale("2.4", 6), exactly(2_400_000));
        assert_eq!(scale("0.000001", 6), exactly(1));
        assert_eq!(scale("9007199.254740993", 9), exactly(9_007_199_254_740_993));
        assert_eq!(scale("-1", 6), exactly(-1_000_000));
        assert_eq!(scale("1.5e-5", 6), exactly(15));
        assert_eq!(scale("25E2", 6), exactly(2_500_000_000));
    }

    #[test]
    fn what_is_finer_is_cut_and_said() {
        assert_eq!(scale("0.30000000000000004", 9), Some(Scaled { units: 300_000_000, exact: false }));
        assert_eq!(scale("1e-7", 6), Some(Scaled { units: 0, exact: false }));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", ".5", "1,5", "NaN", "1e99", "0x10", "1e", "12345678901234567890123456789"] {
            assert_eq!(scale(text, 6), None, "{text}");
        }
    }

    #[test]
    fn a_price_is_written_as_it_was_read() {
        for text in ["2.4", "0.000001", "10", "0.61"] {
            let micros = u64::try_from(scale(text, 6).expect("a decimal").units).expect("positive");
            assert_eq!(decimal_of(PriceMicros(micros)), text);
        }
    }

    #[test]
    fn one_impression_costs_the_digits_of_its_price() {
        assert_eq!(cost_of(PriceMicros(2_400_000), 1_000_000), CostNanos(2_400_000));
        assert_eq!(cost_of(PriceMicros(2_400_000), 2_500_000), CostNanos(6_000_000));
    }
}
