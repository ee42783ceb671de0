//! What was found wrong: counts by rule, and the first of them in full.

use std::collections::BTreeMap;

use serde::Serialize;

/// Enough to see what is wrong; the counts say how often.
const FIRST_KEPT: usize = 20;

/// What an answer, or the sum of many, must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// It is JSON of the types that exchanges insist on.
    AnswerReadable,
    /// `id` is the request's.
    ResponseId,
    /// An answer of 200 holds a bid, unless the request was a test.
    HoldsBid,
    /// `cur` is one that the request allows.
    CurrencyAllowed,
    /// `impid` names an imp of the request.
    ImpKnown,
    /// At most one bid an imp.
    OneBidAnImp,
    /// Every bid of an answer has an id of its own, and it is not empty.
    BidId,
    /// Above zero, and whole micros.
    PricePositive,
    /// At least the floor of the imp, or of the deal; a fixed deal's price is its floor.
    PriceAtLeastFloor,
    /// `dealid` is one of the imp's; a private auction takes no bid without one.
    DealOffered,
    /// `mtype` is one that the imp offers.
    MediaTypeOffered,
    /// A banner's `w` and `h` are among the imp's sizes.
    SizeOffered,
    /// `cat` is not in `bcat`, nor is a parent of it.
    CategoryNotBlocked,
    /// `adomain` is not in `badv`, nor is a parent of it.
    DomainNotBlocked,
    /// `cid`, `crid`, `adomain` and `adm` are there.
    CreativeNamed,
    /// `nurl`, `burl` and `lurl` are absolute URLs with the macros of their purpose, and no macro is unknown.
    NoticeUrls,
    /// `cid` is a campaign of the campaigns' file.
    CampaignKnown,
    /// `crid` is an ad of its campaign and `w` and `h` are that ad's.
    AdOfCampaign,
    /// A cpm campaign's price is at most its bid.
    PriceWithinBid,
    /// A campaign with caps bids only for users that may be known.
    CapNeedsUser,
    /// Billed impressions of a user in a window are at most the cap.
    FrequencyCap,
    /// Billed spend of a day is at most the daily budget.
    DailyBudget,
    /// Billed spend is at most the lifetime budget.
    LifetimeBudget,
    /// Billed spend of a day and what is bid and open is at most the daily budget (strict campaigns).
    DailyReserved,
    /// Billed spend and what is bid and open is at most the lifetime budget (strict campaigns).
    LifetimeReserved,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    pub rule: Rule,
    pub request_id: String,
    pub impid: String,
    pub campaign_id: String,
    pub expected: String,
    pub found: String,
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violations {
    pub total: u64,
    pub by_rule: BTreeMap<Rule, u64>,
    pub first: Vec<Violation>,
}

impl Violations {
    pub(crate) fn add(&mut self, violation: Violation) {
        self.total += 1;
        *self.by_rule.entry(violation.rule).or_default() += 1;
        if self.first.len() < FIRST_KEPT {
            self.first.push(violation);
        }
    }

    pub fn of(&self, rule: Rule) -> u64 {
        self.by_rule.get(&rule).copied().unwrap_or(0)
    }
}

/// Where in the traffic something stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) impid: &'a str,
    pub(crate) campaign_id: &'a str,
}

impl Place<'_> {
    pub(crate) fn violates(
        self,
        rule: Rule,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Violation {
        Violation {
            rule,
            request_id: self.request_id.to_owned(),
            impid: self.impid.to_owned(),
            campaign_id: self.campaign_id.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}
