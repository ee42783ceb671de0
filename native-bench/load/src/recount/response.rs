//! A BidResponse as strictly as real exchanges read it: one wrong JSON type loses the whole answer.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::money::{MICRO_DECIMALS, PriceMicros, scale};

#[derive(Debug, Deserialize)]
pub(crate) struct BidResponse<'a> {
    #[serde(borrow)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) seatbid: Vec<SeatBid<'a>>,
    #[serde(borrow)]
    pub(crate) cur: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SeatBid<'a> {
    #[serde(borrow)]
    pub(crate) seat: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) bid: Vec<Bid<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Bid<'a> {
    #[serde(borrow)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) impid: Cow<'a, str>,
    #[serde(borrow)]
    price: &'a RawValue,
    #[serde(borrow)]
    pub(crate) adm: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) adomain: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) cat: Vec<Cow<'a, str>>,
    pub(crate) cattax: Option<u64>,
    #[serde(borrow)]
    pub(crate) cid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) crid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) adid: Option<Cow<'a, str>>,
    pub(crate) w: Option<u64>,
    pub(crate) h: Option<u64>,
    pub(crate) mtype: Option<u64>,
    pub(crate) exp: Option<u64>,
    #[serde(borrow)]
    pub(crate) dealid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) nurl: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) burl: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) lurl: Option<Cow<'a, str>>,
}

impl<'a> BidResponse<'a> {
    /// What is wrong, in one sentence, where an exchange could not read it.
    pub(crate) fn read(answer: &'a [u8]) -> Result<Self, String> {
        let response: Self = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
        for (_, bid) in response.bids() {
            let price = bid.price_text();
            scale(price, MICRO_DECIMALS).ok_or_else(|| format!("price: expected a number, found {price}"))?;
        }
        Ok(response)
    }

    /// USD where the answer does not say.
    pub(crate) fn currency(&self) -> &str {
        self.cur.as_deref().unwrap_or("USD")
    }

    pub(crate) fn bids(&self) -> impl Iterator<Item = (&SeatBid<'a>, &Bid<'a>)> {
        self.seatbid.iter().flat_map(|seat| seat.bid.iter().map(move |bid| (seat, bid)))
    }
}

impl Bid<'_> {
    pub(crate) fn price_text(&self) -> &str {
        self.price.get()
    }

    /// None where it is zero, negative, or finer than a micro.
    pub(crate) fn price(&self) -> Option<PriceMicros> {
        let scaled = scale(self.price_text(), MICRO_DECIMALS).filter(|scaled| scaled.exact)?;
        u64::try_from(scaled.units).ok().filter(|micros| *micros > 0).map(PriceMicros)
    }

    /// Whose bid it is; '' where it does not say.
    pub(crate) fn campaign(&self) -> &str {
        self.cid.as_deref().unwrap_or("")
    }
}
