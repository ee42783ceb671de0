//! The sums: what was bid and is open, and what was billed, by campaign and day, and the billed impressions by user and
//! window. Always a lower bound of what the bidder must know itself: a bid is entered after it was made, and
//! what ends it is entered when it is sent. So a sum above the budget is wrong beyond doubt.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::campaigns::{Campaign, CampaignNumber, Campaigns};
use super::violation::Rule;
use super::window::Window;
use crate::bodies::UserNumber;
use crate::money::CostNanos;

/// Longer than from the decision of a bid to its answer: by so much earlier it may have been made, and may expire.
const BID_AGE: SignedDuration = SignedDuration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SaleNumber(u64);

/// A bid that was made, as the sums see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewSale {
    pub(crate) campaign: CampaignNumber,
    pub(crate) user: Option<UserNumber>,
    /// 0 where a click or a conversion is paid.
    pub(crate) reserved: CostNanos,
    pub(crate) answered_at: Timestamp,
    /// How long the bid says that its money is held.
    pub(crate) held_for: SignedDuration,
}

/// A rule that a sum breaks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) rule: Rule,
    pub(crate) expected: String,
    pub(crate) found: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sums {
    pub billed_impressions: u64,
    pub billed_nanos: CostNanos,
    /// Billed after the bid had expired: charged whatever the bidder does, so in no sum that is held against a limit.
    pub late_impressions: u64,
    pub late_nanos: CostNanos,
    /// Billed in another window than bid in, which no cap's sum can claim.
    pub straddling_impressions: u64,
    /// Impressions that were counted against a cap.
    pub capped_impressions: u64,
}

#[derive(Debug)]
struct Sale {
    campaign: CampaignNumber,
    user: Option<UserNumber>,
    day: Option<i64>,
    made_at: Timestamp,
    expires_at: Timestamp,
    /// What of the budget it holds open; nothing once it has ended.
    open: CostNanos,
    /// It won: a billing notice comes, be it after its expiry.
    is_won: bool,
    /// What the billing notice on its way says.
    billing: CostNanos,
}

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    open: CostNanos,
    billed: CostNanos,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    sales: HashMap<SaleNumber, Sale>,
    expiries: BinaryHeap<Reverse<(Timestamp, SaleNumber)>>,
    days: HashMap<(CampaignNumber, i64), Account>,
    lifetimes: HashMap<CampaignNumber, Account>,
    shown: HashMap<(CampaignNumber, u8, UserNumber, i64), u32>,
    last: u64,
    pub(crate) sums: Sums,
}

impl Book {
    /// Enters a bid, under a number that its notices name.
    pub(crate) fn reserve(
        &mut self,
        campaigns: &Campaigns,
        new: &NewSale,
        breaches: &mut Vec<Breach>,
    ) -> SaleNumber {
        let campaign = campaigns.at(new.campaign);
        let made_at = new.answered_at - BID_AGE;
        self.expire(new.answered_at);
        self.last += 1;
        let number = SaleNumber(self.last);
        let sale = Sale {
            campaign: new.campaign,
            user: new.user,
            day: Window::Day.holding(made_at, new.answered_at, &campaign.zone),
            made_at,
            expires_at: made_at + new.held_for,
            open: new.reserved,
            is_won: false,
            billing: CostNanos(0),
        };
        self.expiries.push(Reverse((sale.expires_at, number)));
        self.change(&sale, |account| account.open.0 += new.reserved.0);
        if campaign.is_strict {
            let held = |account: Account| account.open.0 + account.billed.0;
            self.hold(&sale, campaign, [Rule::DailyReserved, Rule::LifetimeReserved], held, breaches);
        }
        self.sales.insert(number, sale);
        number
    }

    /// The bid has won, and is going to be billed.
    pub(crate) fn win(&mut self, number: SaleNumber) {
        if let Some(sale) = self.sales.get_mut(&number) {
            sale.is_won = true;
        }
    }

    /// The bid has lost, and its bidder is about to be told.
    pub(crate) fn lose(&mut self, number: SaleNumber) {
        if let Some(sale) = self.sales.remove(&number) {
            self.change(&sale, |account| account.open.0 -= sale.open.0);
        }
    }

    /// The billing notice is about to be sent: what the price leaves of the reservation is free from here on.
    pub(crate) fn bill(&mut self, number: SaleNumber, cost: CostNanos) {
        let Some(mut sale) = self.sales.remove(&number) else { return };
        let freed = sale.open.0.saturating_sub(cost.0);
        self.change(&sale, |account| account.open.0 -= freed);
        sale.open.0 -= freed;
        sale.billing = cost;
        self.sales.insert(number, sale);
    }

    /// The billing notice was answered, or given up.
    pub(crate) fn billed(
        &mut self,
        campaigns: &Campaigns,
        number: SaleNumber,
        answered_at: Timestamp,
        is_accepted: bool,
        breaches: &mut Vec<Breach>,
    ) {
        let Some(sale) = self.sales.remove(&number) else { return };
        self.change(&sale, |account| account.open.0 -= sale.open.0);
        if !is_accepted {
            return;
        }
        self.sums.billed_impressions += 1;
        self.sums.billed_nanos.0 += sale.billing.0;
        if answered_at >= sale.expires_at {
            self.sums.late_impressions += 1;
            self.sums.late_nanos.0 += sale.billing.0;
            return;
        }
        let campaign = campaigns.at(sale.campaign);
        self.change(&sale, |account| account.billed.0 += sale.billing.0);
        if campaign.is_strict {
            let billed = |account: Account| account.billed.0;
            self.hold(&sale, campaign, [Rule::DailyBudget, Rule::LifetimeBudget], billed, breaches);
        }
        self.count_shown(&sale, campaign, answered_at, breaches);
    }

    /// Ends what the bidder may have given back before it made the bid that was answered now.
    fn expire(&mut self, now: Timestamp) {
        while self.expiries.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            let Some(Reverse((_, number))) = self.expiries.pop() else { return };
            let Some(mut sale) = self.sales.remove(&number) else { continue };
            self.change(&sale, |account| account.open.0 -= sale.open.0);
            sale.open = CostNanos(0);
            if sale.is_won {
                self.sales.insert(number, sale);
            }
        }
    }

    fn change(&mut self, sale: &Sale, change: impl Fn(&mut Account)) {
        if let Some(day) = sale.day {
            change(self.days.entry((sale.campaign, day)).or_default());
        }
        change(self.lifetimes.entry(sale.campaign).or_default());
    }

    fn hold(
        &self,
        sale: &Sale,
        campaign: &Campaign,
        [daily, lifetime]: [Rule; 2],
        sum: impl Fn(Account) -> u64,
        breaches: &mut Vec<Breach>,
    ) {
        let day = sale.day.and_then(|day| self.days.get(&(sale.campaign, day)));
        let ever = self.lifetimes.get(&sale.campaign);
        for (rule, account, budget) in
            [(daily, day, Some(campaign.daily_budget)), (lifetime, ever, campaign.lifetime_budget)]
        {
            let (Some(account), Some(budget)) = (account, budget) else { continue };
            let found = sum(*account);
            if found > budget.0 {
                let expected = format!("at most {} nanos", budget.0);
                breaches.push(Breach { rule, expected, found: format!("{found} nanos") });
            }
        }
    }

    fn count_shown(&mut self, sale: &Sale, campaign: &Campaign, at: Timestamp, breaches: &mut Vec<Breach>) {
        let Some(user) = sale.user else { return };
        for (place, cap) in (0..).zip(&campaign.caps) {
            let Some(window) = cap.window.holding(sale.made_at, at, &campaign.zone) else {
                self.sums.straddling_impressions += 1;
                continue;
            };
            self.sums.capped_impressions += 1;
            let shown = self.shown.entry((sale.campaign, place, user, window)).or_default();
            *shown += 1;
            if *shown > cap.limit {
                breaches.push(Breach {
                    rule: Rule::FrequencyCap,
                    expected: format!("at most {} a {:?} and user", cap.limit, cap.window),
                    found: shown.to_string(),
                });
            }
        }
    }
}
