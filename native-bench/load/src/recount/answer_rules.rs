//! What one answer must hold against its request, whatever campaigns there are.

use std::borrow::Cow;
use std::collections::HashSet;

use super::response::{Bid, BidResponse};
use super::violation::{Place, Rule, Violation};
use crate::bodies::{Asked, AskedImp, Floor};
use crate::exchange::unknown_macro;
use crate::money::{MICRO_DECIMALS, scale};

const NANOS_PER_MICRO: u128 = 1_000;
const BANNER: u64 = 1;
/// Content Taxonomy 1.0, the one whose codes tell their parents.
const TAXONOMY_OF_PARENTS: u64 = 1;

/// What could not be compared, and so is neither right nor wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unchecked {
    /// Floors in another currency than the bid's.
    pub floors: u64,
    /// Categories of another taxonomy than the block list's.
    pub categories: u64,
    /// Bids in another currency than USD, whose cost is not known here.
    pub costs: u64,
}

pub(super) struct AnswerRules<'a> {
    pub(super) asked: &'a Asked,
    pub(super) found: Vec<Violation>,
    pub(super) unchecked: &'a mut Unchecked,
}

impl<'a> AnswerRules<'a> {
    pub(super) fn check_answer(&mut self, response: &BidResponse) {
        let place = Place { request_id: &self.asked.id, impid: "", campaign_id: "" };
        if response.id != self.asked.id {
            self.found.push(place.violates(Rule::ResponseId, self.asked.id.as_str(), response.id.as_ref()));
        }
        if response.bids().next().is_none() && !self.asked.is_test {
            self.found.push(place.violates(Rule::HoldsBid, "a bid", "none"));
        }
        if !self.asked.currencies.iter().any(|allowed| allowed == response.currency()) {
            let expected = self.asked.currencies.join(" or ");
            self.found.push(place.violates(Rule::CurrencyAllowed, expected, response.currency()));
        }
        let (mut ids, mut imps) = (HashSet::new(), HashSet::new());
        for (_, bid) in response.bids() {
            let place = self.place(bid);
            if bid.id.is_empty() || !ids.insert(bid.id.as_ref()) {
                self.found.push(place.violates(Rule::BidId, "an id of its own", bid.id.as_ref()));
            }
            if !imps.insert(bid.impid.as_ref()) {
                self.found.push(place.violates(Rule::OneBidAnImp, "one bid", "a second one"));
            }
            match self.asked.imp(&bid.impid) {
                Some(imp) => self.check_bid(imp, bid, response.currency()),
                None => self.found.push(place.violates(
                    Rule::ImpKnown,
                    "an imp of the request",
                    bid.impid.as_ref(),
                )),
            }
        }
    }

    fn place<'b>(&self, bid: &'b Bid) -> Place<'b>
    where
        'a: 'b,
    {
        Place { request_id: &self.asked.id, impid: &bid.impid, campaign_id: bid.campaign() }
    }

    fn check_bid(&mut self, imp: &AskedImp, bid: &Bid, currency: &str) {
        self.check_price(imp, bid, currency);
        self.check_creative(imp, bid);
        self.check_blocks(bid);
        self.check_urls(bid);
    }

    fn check_price(&mut self, imp: &AskedImp, bid: &Bid, currency: &str) {
        let place = self.place(bid);
        if bid.price().is_none() {
            self.found.push(place.violates(Rule::PricePositive, "whole micros above 0", bid.price_text()));
            return;
        }
        let deal = bid.dealid.as_deref().map(|id| (id, imp.deals.iter().find(|deal| deal.id == id)));
        match deal {
            None if imp.is_private => {
                self.found.push(place.violates(
                    Rule::DealOffered,
                    "a deal of the private auction",
                    "no dealid",
                ));
            }
            None => self.check_floor(&imp.floor, false, bid, currency),
            Some((_, Some(deal))) => self.check_floor(&deal.floor, deal.is_fixed, bid, currency),
            Some((id, None)) => self.found.push(place.violates(Rule::DealOffered, "a deal of the imp", id)),
        }
    }

    fn check_floor(&mut self, floor: &Floor, is_fixed: bool, bid: &Bid, currency: &str) {
        if floor.nanos == 0 && !is_fixed {
            return;
        }
        if floor.currency != currency {
            self.unchecked.floors += 1;
            return;
        }
        let micros =
            scale(bid.price_text(), MICRO_DECIMALS).and_then(|scaled| u128::try_from(scaled.units).ok());
        let nanos = micros.unwrap_or(0) * NANOS_PER_MICRO;
        let floor_nanos = u128::from(floor.nanos);
        if nanos < floor_nanos || (is_fixed && nanos >= floor_nanos + NANOS_PER_MICRO) {
            let expected =
                format!("{} {} nanos CPM", if is_fixed { "just" } else { "at least" }, floor.nanos);
            self.found.push(self.place(bid).violates(Rule::PriceAtLeastFloor, expected, bid.price_text()));
        }
    }

    fn check_creative(&mut self, imp: &AskedImp, bid: &Bid) {
        let place = self.place(bid);
        let mtype = bid.mtype.unwrap_or(0);
        if !imp.media_types.contains(&mtype) {
            let expected = format!("one of {:?}", imp.media_types);
            self.found.push(place.violates(Rule::MediaTypeOffered, expected, mtype.to_string()));
        }
        let size = bid.w.zip(bid.h);
        let fits = size.is_some_and(|size| imp.sizes.is_empty() || imp.sizes.contains(&size));
        if mtype == BANNER && !fits {
            let expected = format!("one of {:?}", imp.sizes);
            self.found.push(place.violates(Rule::SizeOffered, expected, format!("{size:?}")));
        }
        let is_absent = |text: &Option<Cow<str>>| text.as_deref().is_none_or(str::is_empty);
        let named = [("cid", &bid.cid), ("crid", &bid.crid), ("adm", &bid.adm)];
        for (field, _) in named.into_iter().filter(|(_, text)| is_absent(text)) {
            self.found.push(place.violates(Rule::CreativeNamed, field, "nothing"));
        }
        if bid.adomain.is_empty() {
            self.found.push(place.violates(Rule::CreativeNamed, "adomain", "nothing"));
        }
    }

    fn check_blocks(&mut self, bid: &Bid) {
        let place = self.place(bid);
        let taxonomy = self.asked.category_taxonomy;
        if !bid.cat.is_empty() && bid.cattax.unwrap_or(TAXONOMY_OF_PARENTS) == taxonomy {
            for category in &bid.cat {
                let category = category.to_ascii_lowercase();
                let blocks = |blocked: &&String| is_same_or_below(&category, blocked, taxonomy);
                if let Some(blocked) = self.asked.blocked_categories.iter().find(blocks) {
                    self.found.push(place.violates(
                        Rule::CategoryNotBlocked,
                        format!("not {blocked}"),
                        category,
                    ));
                }
            }
        } else if !self.asked.blocked_categories.is_empty() {
            self.unchecked.categories += 1;
        }
        for domain in &bid.adomain {
            let domain = domain.to_ascii_lowercase();
            let blocks =
                |blocked: &&String| domain.strip_suffix(blocked.as_str()).is_some_and(is_whole_label);
            if let Some(blocked) = self.asked.blocked_domains.iter().find(blocks) {
                self.found.push(place.violates(Rule::DomainNotBlocked, format!("not {blocked}"), domain));
            }
        }
    }

    fn check_urls(&mut self, bid: &Bid) {
        let place = self.place(bid);
        let notices = [
            ("nurl", &bid.nurl, "${AUCTION_PRICE"),
            ("burl", &bid.burl, "${AUCTION_PRICE"),
            ("lurl", &bid.lurl, "${AUCTION_LOSS"),
        ];
        for (name, url, needed) in notices {
            let url = url.as_deref().unwrap_or("");
            let is_absolute = url.starts_with("http://") || url.starts_with("https://");
            if !is_absolute || url.bytes().any(|byte| !byte.is_ascii_graphic()) {
                self.found.push(place.violates(Rule::NoticeUrls, format!("{name}: an absolute URL"), url));
            } else if !url.contains(needed) {
                self.found.push(place.violates(Rule::NoticeUrls, format!("{name}: {needed}}}"), url));
            }
        }
        for text in [&bid.nurl, &bid.burl, &bid.lurl, &bid.adm].into_iter().flatten() {
            if let Some(name) = unknown_macro(text) {
                self.found.push(place.violates(Rule::NoticeUrls, "a macro of OpenRTB", name));
            }
        }
    }
}

/// In the taxonomy that tells parents, IAB7 stands for IAB7-39 too.
fn is_same_or_below(category: &str, blocked: &str, taxonomy: u64) -> bool {
    category
        .strip_prefix(blocked)
        .is_some_and(|below| below.is_empty() || (taxonomy == TAXONOMY_OF_PARENTS && below.starts_with('-')))
}

/// What stands before a blocked domain is nothing, or a subdomain.
fn is_whole_label(before: &str) -> bool {
    before.is_empty() || before.ends_with('.')
}
