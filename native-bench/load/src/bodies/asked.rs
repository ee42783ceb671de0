//! What a request asks, as far as the recount needs it. Read leniently: real requests say numbers as strings, null for
//! a list, a number where a name belongs.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::money::{MICRO_DECIMALS, NANO_DECIMALS, scale};

const DEFAULT_CURRENCY: &str = "USD";
/// One impression, in millionths.
const ONE: u64 = 1_000_000;

#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) id: String,
    pub(crate) imps: Vec<AskedImp>,
    /// At least one.
    pub(crate) currencies: Vec<String>,
    pub(crate) category_taxonomy: u64,
    pub(crate) blocked_categories: Vec<String>,
    pub(crate) blocked_domains: Vec<String>,
    /// Who sees the ad, where a bidder may know it.
    pub(crate) user: Option<String>,
    pub(crate) is_test: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct AskedImp {
    pub(crate) id: String,
    pub(crate) floor: Floor,
    /// Sizes of the banner; empty where any will do, or where they are told as ratios.
    pub(crate) sizes: Vec<(u64, u64)>,
    /// By `mtype`: banner 1, video 2, audio 3, native 4.
    pub(crate) media_types: Vec<u64>,
    pub(crate) is_private: bool,
    pub(crate) deals: Vec<AskedDeal>,
    /// Impressions that one showing stands for, in millionths.
    pub(crate) multiplier: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct AskedDeal {
    pub(crate) id: String,
    pub(crate) floor: Floor,
    /// `at` 3: the floor is the price.
    pub(crate) is_fixed: bool,
}

/// In nanos CPM: a thousandth of a price's unit, so that a floor between two micros is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Floor {
    pub(crate) nanos: u64,
    pub(crate) currency: String,
}

impl Asked {
    /// What is wrong, in one sentence, where the body is no bid request.
    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        let wire: Members =
            serde_json::from_slice(body).map_err(|error| format!("no bid request: {error}"))?;
        let id = text(wire.get("id")).ok_or("no bid request: it has no id")?;
        let imps: Option<Vec<AskedImp>> = objects(wire.get("imp")).iter().map(read_imp).collect();
        let imps = imps.ok_or("an imp has no id")?;
        if imps.is_empty() {
            return Err("no bid request: it has no imp".to_owned());
        }
        let currencies = Some(texts(wire.get("cur"))).filter(|list| !list.is_empty());
        Ok(Self {
            id,
            imps,
            currencies: currencies.unwrap_or_else(|| vec![DEFAULT_CURRENCY.to_owned()]),
            category_taxonomy: integer(wire.get("cattax")).unwrap_or(1),
            blocked_categories: lower(texts(wire.get("bcat"))),
            blocked_domains: lower(texts(wire.get("badv"))),
            user: user_of(&wire),
            is_test: integer(wire.get("test")) == Some(1),
        })
    }

    pub(crate) fn imp(&self, id: &str) -> Option<&AskedImp> {
        self.imps.iter().find(|imp| imp.id == id)
    }
}

/// A value as it was written; None where it is absent or null.
type Raw<'a> = Option<&'a RawValue>;

/// The members of an object; none where it is something else.
#[derive(Default, Deserialize)]
struct Members<'a>(#[serde(borrow)] HashMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    fn get(&self, name: &str) -> Raw<'a> {
        self.0.get(name).copied().filter(|raw| raw.get() != "null")
    }
}

fn read_imp(imp: &Members) -> Option<AskedImp> {
    let pmp = members(imp.get("pmp"));
    let multiplier =
        members(imp.get("qty")).get("multiplier").and_then(|raw| scale(unquoted(raw), MICRO_DECIMALS));
    let media = ["banner", "video", "audio", "native"];
    Some(AskedImp {
        id: text(imp.get("id"))?,
        floor: floor(imp),
        sizes: banner_sizes(imp.get("banner")),
        media_types: (1..).zip(media).filter_map(|(mtype, name)| imp.get(name).map(|_| mtype)).collect(),
        is_private: integer(pmp.get("private_auction")) == Some(1),
        deals: objects(pmp.get("deals")).iter().filter_map(read_deal).collect(),
        multiplier: multiplier.and_then(|scaled| u64::try_from(scaled.units).ok()).unwrap_or(ONE),
    })
}

fn read_deal(deal: &Members) -> Option<AskedDeal> {
    Some(AskedDeal {
        id: text(deal.get("id"))?,
        floor: floor(deal),
        is_fixed: integer(deal.get("at")) == Some(3),
    })
}

/// Of an imp, or of a deal.
fn floor(place: &Members) -> Floor {
    // Digits behind the ninth are the dust of somebody's floats.
    let nanos = place.get("bidfloor").and_then(|raw| scale(unquoted(raw), NANO_DECIMALS));
    Floor {
        nanos: nanos.and_then(|scaled| u64::try_from(scaled.units).ok()).unwrap_or(0),
        currency: text(place.get("bidfloorcur")).unwrap_or_else(|| DEFAULT_CURRENCY.to_owned()),
    }
}

fn banner_sizes(banner: Raw) -> Vec<(u64, u64)> {
    let banner = members(banner);
    let formats = objects(banner.get("format"));
    if formats.iter().any(|format| format.get("wratio").is_some()) {
        return Vec::new();
    }
    let places = formats.iter().chain([&banner]);
    let pairs = places.map(|place| (integer(place.get("w")), integer(place.get("h"))));
    pairs.filter_map(|(w, h)| Some((w.filter(|w| *w > 0)?, h.filter(|h| *h > 0)?))).collect()
}

/// As Gavel has it: `buyeruid`, else `ifa`, else `id`; none for those who may not be followed.
fn user_of(request: &Members) -> Option<String> {
    let [user, device, regs] = ["user", "device", "regs"].map(|name| members(request.get(name)));
    let limits = [device.get("lmt"), device.get("dnt"), regs.get("coppa")];
    if limits.into_iter().any(|flag| integer(flag) == Some(1)) {
        return None;
    }
    let ids = [user.get("buyeruid"), device.get("ifa"), user.get("id")];
    ids.into_iter().find_map(|raw| text(raw).filter(|id| !id.is_empty()))
}

fn members<'a>(raw: Raw<'a>) -> Members<'a> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

fn objects<'a>(raw: Raw<'a>) -> Vec<Members<'a>> {
    list(raw).into_iter().map(|entry| members(Some(entry))).collect()
}

fn list<'a>(raw: Raw<'a>) -> Vec<&'a RawValue> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

fn texts(raw: Raw) -> Vec<String> {
    list(raw).into_iter().filter_map(|entry| text(Some(entry))).collect()
}

fn lower(names: Vec<String>) -> Vec<String> {
    names.into_iter().map(|name| name.to_ascii_lowercase()).collect()
}

/// A string, or a number in its own digits.
fn text(raw: Raw) -> Option<String> {
    let raw = raw?.get();
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'-' | b'0'..=b'9' => Some(raw.to_owned()),
        _ => None,
    }
}

fn integer(raw: Raw) -> Option<u64> {
    scale(unquoted(raw?), 0).filter(|scaled| scaled.exact).and_then(|scaled| u64::try_from(scaled.units).ok())
}

/// A number as a string is the number.
fn unquoted(raw: &RawValue) -> &str {
    raw.get().trim_matches('"')
}
