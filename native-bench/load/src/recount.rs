//! The recount: every answer held against its request, and the sums of all of them against the campaigns, from nothing
//! but the answers and the notices that the exchange sent itself. It asks the bidder nothing.

mod answer_rules;
mod book;
mod campaigns;
mod response;
mod violation;
mod window;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::bodies::{Asked, UserNumber};
use crate::money::{CostNanos, PriceMicros, cost_of};
use answer_rules::AnswerRules;
pub use answer_rules::Unchecked;
pub use book::Sums;
use book::{Book, NewSale};
pub(crate) use book::{Breach, SaleNumber};
pub use campaigns::Campaigns;
use campaigns::{Campaign, CampaignNumber};
pub(crate) use response::{Bid, BidResponse};
use violation::Place;
pub use violation::{Rule, Violation, Violations};

/// What a bid without `exp` is held for: what the bidder holds a web banner's money, its shortest.
const DEFAULT_HELD_FOR: SignedDuration = SignedDuration::from_mins(5);
/// A bid held for longer than a day is held for a day; none asks for it.
const MOST_HELD_SEC: u64 = 86_400;
/// The only currency in which costs are known here.
const COST_CURRENCY: &str = "USD";

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecountReport {
    pub answers: u64,
    pub bids: u64,
    /// Bids whose campaign is in the campaigns' file, so that its limits were held against the sums.
    pub bids_of_known_campaigns: u64,
    pub sums: Sums,
    pub unchecked: Unchecked,
    pub violations: Violations,
}

/// A request and who made it.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) user: Option<UserNumber>,
}

/// `campaigns`: None where only the answers are held against their requests.
pub(crate) struct Recount {
    campaigns: Option<Campaigns>,
    book: Book,
    report: RecountReport,
}

impl Recount {
    pub(crate) fn new(campaigns: Option<Campaigns>) -> Self {
        Self { campaigns, book: Book::default(), report: RecountReport::default() }
    }

    /// Holds one answer against its request; None where no exchange could read it.
    pub(crate) fn read<'a>(&mut self, asked: &Asked, answer: &'a [u8]) -> Option<BidResponse<'a>> {
        self.report.answers += 1;
        let response = match BidResponse::read(answer) {
            Ok(response) => response,
            Err(found) => {
                let place = Place { request_id: &asked.id, impid: "", campaign_id: "" };
                self.report.violations.add(place.violates(Rule::AnswerReadable, "a BidResponse", found));
                return None;
            }
        };
        self.report.bids += response.bids().count() as u64;
        let mut rules = AnswerRules { asked, found: Vec::new(), unchecked: &mut self.report.unchecked };
        rules.check_answer(&response);
        for violation in rules.found {
            self.report.violations.add(violation);
        }
        Some(response)
    }

    /// Enters a bid that an exchange would take. None where the campaigns are not known, or it costs nothing that is.
    pub(crate) fn enter(
        &mut self,
        question: Question,
        bid: &Bid,
        price: PriceMicros,
        currency: &str,
        answered_at: Timestamp,
    ) -> Option<SaleNumber> {
        let campaigns = self.campaigns.as_ref()?;
        let place = Place { request_id: &question.asked.id, impid: &bid.impid, campaign_id: bid.campaign() };
        let Some((number, campaign)) = campaigns.find(bid.campaign()) else {
            let violation = place.violates(Rule::CampaignKnown, "a campaign of the file", bid.campaign());
            self.report.violations.add(violation);
            return None;
        };
        self.report.bids_of_known_campaigns += 1;
        for violation in campaign_violations(place, campaign, question, bid, price, currency) {
            self.report.violations.add(violation);
        }
        if question.asked.is_test {
            return None;
        }
        if currency != COST_CURRENCY {
            self.report.unchecked.costs += 1;
            return None;
        }
        let new = new_sale(number, campaign, question, bid, price, answered_at);
        let mut breaches = Vec::new();
        let sale = self.book.reserve(campaigns, &new, &mut breaches);
        add_breaches(&mut self.report.violations, place, breaches);
        Some(sale)
    }

    pub(crate) fn win(&mut self, sale: SaleNumber) {
        self.book.win(sale);
    }

    pub(crate) fn lose(&mut self, sale: SaleNumber) {
        self.book.lose(sale);
    }

    /// The billing notice that names that cost is about to be sent.
    pub(crate) fn bill(&mut self, sale: SaleNumber, cost: CostNanos) {
        self.book.bill(sale, cost);
    }

    /// The billing notice was answered, or given up.
    pub(crate) fn billed(&mut self, sale: SaleNumber, place: &SalePlace, at: Timestamp, is_accepted: bool) {
        let Some(campaigns) = &self.campaigns else { return };
        let mut breaches = Vec::new();
        self.book.billed(campaigns, sale, at, is_accepted, &mut breaches);
        add_breaches(&mut self.report.violations, place.as_place(), breaches);
    }

    pub(crate) fn into_report(self) -> RecountReport {
        RecountReport { sums: self.book.sums, ..self.report }
    }
}

/// Where a bid stands, for as long as its notices are on their way.
#[derive(Clone, Debug)]
pub(crate) struct SalePlace {
    pub(crate) request_id: String,
    pub(crate) impid: String,
    pub(crate) campaign_id: String,
}

impl SalePlace {
    fn as_place(&self) -> Place<'_> {
        Place { request_id: &self.request_id, impid: &self.impid, campaign_id: &self.campaign_id }
    }
}

fn add_breaches(violations: &mut Violations, place: Place, breaches: Vec<Breach>) {
    for Breach { rule, expected, found } in breaches {
        violations.add(place.violates(rule, expected, found));
    }
}

fn campaign_violations(
    place: Place,
    campaign: &Campaign,
    question: Question,
    bid: &Bid,
    price: PriceMicros,
    currency: &str,
) -> Vec<Violation> {
    let mut found = Vec::new();
    let crid = bid.crid.as_deref().unwrap_or("");
    let has_ids = !campaign.ads.is_empty() && campaign.ads.iter().all(|ad| ad.id.is_some());
    let ad = campaign.ads.iter().find(|ad| ad.id.as_deref() == Some(crid));
    if has_ids && ad.is_none() {
        found.push(place.violates(Rule::AdOfCampaign, "an ad of the campaign", crid));
    }
    if let Some(ad) = ad.filter(|ad| ad.w.is_some() && (ad.w, ad.h) != (bid.w, bid.h)) {
        let [expected, size] = [(ad.w, ad.h), (bid.w, bid.h)].map(|size| format!("{size:?}"));
        found.push(place.violates(Rule::AdOfCampaign, expected, size));
    }
    if let Some(most) = campaign.most_cpm.filter(|most| currency == COST_CURRENCY && price > *most) {
        let expected = format!("at most {} micros CPM", most.0);
        found.push(place.violates(Rule::PriceWithinBid, expected, bid.price_text()));
    }
    if !campaign.caps.is_empty() && question.user.is_none() {
        found.push(place.violates(Rule::CapNeedsUser, "a user that may be known", "none"));
    }
    found
}

fn new_sale(
    number: CampaignNumber,
    campaign: &Campaign,
    question: Question,
    bid: &Bid,
    price: PriceMicros,
    answered_at: Timestamp,
) -> NewSale {
    let multiplier = question.asked.imp(&bid.impid).map_or(0, |imp| imp.multiplier);
    let held_sec = bid.exp.map(|sec| i64::try_from(sec.min(MOST_HELD_SEC)).unwrap_or(0));
    NewSale {
        campaign: number,
        user: question.user,
        reserved: if campaign.most_cpm.is_some() { cost_of(price, multiplier) } else { CostNanos(0) },
        answered_at,
        held_for: held_sec.map_or(DEFAULT_HELD_FOR, SignedDuration::from_secs),
    }
}
