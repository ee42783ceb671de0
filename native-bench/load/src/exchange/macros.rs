//! The substitution macros of OpenRTB 2.6, as the exchange fills them in.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const OPENING: &str = "${AUCTION_";
/// Behind a macro's name: its value in Base64.
const BASE64_SUFFIX: &str = ":B64";

/// What the exchange says of one bid. An empty text is what a macro without a value becomes.
#[derive(Debug, Default)]
pub(crate) struct MacroValues<'a> {
    pub(crate) auction_id: &'a str,
    pub(crate) bid_id: &'a str,
    pub(crate) imp_id: &'a str,
    pub(crate) seat_id: &'a str,
    pub(crate) ad_id: &'a str,
    /// The clearing price, CPM.
    pub(crate) price: &'a str,
    pub(crate) currency: &'a str,
    /// A reason of OpenRTB 3.0's list.
    pub(crate) loss: &'a str,
    pub(crate) min_to_win: &'a str,
}

/// The text with every macro filled in.
pub(crate) fn substitute<'a>(text: &'a str, values: &MacroValues) -> Cow<'a, str> {
    if !text.contains(OPENING) {
        return Cow::Borrowed(text);
    }
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = next_macro(rest) {
        filled.push_str(before);
        let (name, is_base64) = name.strip_suffix(BASE64_SUFFIX).map_or((name, false), |name| (name, true));
        match values.of(name) {
            Some(value) if is_base64 => STANDARD.encode_string(value, &mut filled),
            Some(value) => filled.push_str(value),
            None => filled.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    filled.push_str(rest);
    Cow::Owned(filled)
}

/// The first macro of the text that is none of OpenRTB's, or that does not end.
pub(crate) fn unknown_macro(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(start) = rest.find(OPENING) {
        let (_, name, after) = next_macro(rest).unwrap_or((&rest[..start], &rest[start..], ""));
        let plain = name.strip_suffix(BASE64_SUFFIX).unwrap_or(name);
        if MacroValues::default().of(plain).is_none() {
            return Some(name);
        }
        rest = after;
    }
    None
}

/// What stands before it, its name (`AUCTION_…`), what stands behind it.
fn next_macro(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find(OPENING)?;
    let end = start + text[start..].find('}')?;
    Some((&text[..start], &text[start + 2..end], &text[end + 1..]))
}

impl<'a> MacroValues<'a> {
    fn of(&self, name: &str) -> Option<&'a str> {
        Some(match name {
            "AUCTION_ID" => self.auction_id,
            "AUCTION_BID_ID" => self.bid_id,
            "AUCTION_IMP_ID" => self.imp_id,
            "AUCTION_SEAT_ID" => self.seat_id,
            "AUCTION_AD_ID" => self.ad_id,
            "AUCTION_PRICE" => self.price,
            "AUCTION_CURRENCY" => self.currency,
            "AUCTION_LOSS" => self.loss,
            "AUCTION_MIN_TO_WIN" => self.min_to_win,
            // The market's ratio, a multiplier of screens, discounts: this exchange has none.
            "AUCTION_MBR"
            | "AUCTION_MULTIPLIER"
            | "AUCTION_IMP_TS"
            | "AUCTION_DISCOUNT_PCT"
            | "AUCTION_DISCOUNT_CPM" => "",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: MacroValues = MacroValues {
        auction_id: "r1",
        bid_id: "b1",
        imp_id: "1",
        seat_id: "s",
        ad_id: "a",
        price: "1.25",
        currency: "USD",
        loss: "102",
        min_to_win: "1.26",
    };

    #[test]
    fn every_macro_becomes_its_value() {
        let text = "https://x/${AUCTION_ID}/${AUCTION_BID_ID}/${AUCTION_IMP_ID}/${AUCTION_SEAT_ID}/${AUCTION_AD_ID}\
                    ?p=${AUCTION_PRICE}${AUCTION_CURRENCY}&l=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}&r=${AUCTION_MBR}.";
        assert_eq!(substitute(text, &VALUES), "https://x/r1/b1/1/s/a?p=1.25USD&l=102&m=1.26&r=.");
    }

    #[test]
    fn a_value_may_be_asked_for_in_base64() {
        assert_eq!(substitute("p=${AUCTION_PRICE:B64}&q", &VALUES), "p=MS4yNQ==&q");
    }

    #[test]
    fn text_without_macros_and_macros_that_nobody_knows_stay() {
        for text in ["https://x/?a=${OTHER}&price=1", "${AUCTION_TIME}", "${AUCTION_PRICE", "$", ""] {
            assert_eq!(substitute(text, &VALUES), text);
        }
    }

    #[test]
    fn a_macro_that_is_none_is_named() {
        assert_eq!(unknown_macro("a=${AUCTION_PRICE}&b=${AUCTION_LOSS:B64}"), None);
        assert_eq!(unknown_macro("a=${AUCTION_PRICE}&b=${AUCTION_PRIZE}"), Some("AUCTION_PRIZE"));
        assert_eq!(unknown_macro("a=${AUCTION_PRICE"), Some("${AUCTION_PRICE"));
    }
}
