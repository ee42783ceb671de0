//! What the exchange makes of a bid: it wins, it loses and is told, or it hears nothing; by the seed and by nothing else.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::macros::{MacroValues, substitute};
use super::notice::{Notice, NoticeKind, NoticedSale, split_url};
use super::plan::ExchangePlan;
use crate::bodies::AskedImp;
use crate::money::{PriceMicros, cost_of, decimal_of};
use crate::recount::{Bid, SaleNumber, SalePlace};

/// OpenRTB 3.0: lost to a higher bid.
const LOST_TO_HIGHER_BID: &str = "102";
const NANOS_PER_MICRO: u64 = 1_000;
/// How the bidder's own URLs are told among those of the markup.
const PIXEL_PATH: &str = "/impression?t=";
const CLICK_PATH: &str = "/click?t=";

/// A bid that may win, and where it stands.
pub(super) struct Contender<'a> {
    pub(super) request_id: &'a str,
    pub(super) imp: &'a AskedImp,
    pub(super) bid: &'a Bid<'a>,
    pub(super) seat: &'a str,
    pub(super) price: PriceMicros,
    pub(super) currency: &'a str,
    pub(super) sale: Option<SaleNumber>,
    pub(super) answered_at: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Won,
    Lost,
    Silent,
}

pub(super) struct Auction {
    random: Pcg64Mcg,
}

impl Auction {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Pcg64Mcg::seed_from_u64(seed) }
    }

    /// The outcome, and its notices with the moments that they are due.
    pub(super) fn decide(
        &mut self,
        plan: &ExchangePlan,
        contender: &Contender,
        notices: &mut Vec<(Instant, Notice)>,
    ) -> Outcome {
        let random = &mut self.random;
        let outcome = match () {
            () if random.random_bool(plan.win_share) => Outcome::Won,
            () if random.random_bool(plan.loss_share) => Outcome::Lost,
            () => Outcome::Silent,
        };
        let price = clearing_price(random, contender);
        let mut timetable = Timetable { random, plan, contender, price, notices };
        match outcome {
            Outcome::Won => timetable.win(),
            Outcome::Lost => timetable.lose(),
            Outcome::Silent => {}
        }
        outcome
    }
}

/// From the floor to the bid; in a deal with a fixed price just the bid.
fn clearing_price(random: &mut impl Rng, contender: &Contender) -> PriceMicros {
    let deal_id = contender.bid.dealid.as_deref();
    let deal = contender.imp.deals.iter().find(|deal| deal_id == Some(deal.id.as_str()));
    if deal.is_some_and(|deal| deal.is_fixed) {
        return contender.price;
    }
    let floor = deal.map_or(&contender.imp.floor, |deal| &deal.floor);
    let is_comparable = floor.currency == contender.currency;
    let least = if is_comparable { floor.nanos.div_ceil(NANOS_PER_MICRO).max(1) } else { 1 };
    PriceMicros(random.random_range(least.min(contender.price.0)..=contender.price.0))
}

struct Timetable<'a, R> {
    random: &'a mut R,
    plan: &'a ExchangePlan,
    contender: &'a Contender<'a>,
    price: PriceMicros,
    notices: &'a mut Vec<(Instant, Notice)>,
}

impl<R: Rng> Timetable<'_, R> {
    fn win(&mut self) {
        let contender = self.contender;
        let won_at = contender.answered_at + self.delay();
        self.put(NoticeKind::Win, won_at, contender.bid.nurl.as_deref());
        let is_late = self.random.random_bool(self.plan.late_share);
        let shown_at = won_at + if is_late { self.plan.late_delay } else { self.delay() };
        self.put(NoticeKind::Billing, shown_at, contender.bid.burl.as_deref());
        let markup = contender.bid.adm.as_deref().unwrap_or("");
        if self.random.random_bool(self.plan.pixel_share) {
            self.put(NoticeKind::Impression, shown_at, find_url(markup, PIXEL_PATH));
        }
        if self.random.random_bool(self.plan.click_share) {
            let clicked_at = shown_at + self.delay();
            self.put(NoticeKind::Click, clicked_at, find_url(markup, CLICK_PATH));
        }
    }

    fn lose(&mut self) {
        let lost_at = self.contender.answered_at + self.delay();
        self.put(NoticeKind::Loss, lost_at, self.contender.bid.lurl.as_deref());
    }

    fn put(&mut self, kind: NoticeKind, due: Instant, url: Option<&str>) {
        let Some(url) = url else { return };
        let url = substitute(url, &self.macro_values(kind, &decimal_of(self.price))).into_owned();
        let Some((host, path)) = split_url(&url) else { return };
        let (host, path, sale) = (host.to_owned(), path.to_owned(), self.noticed_sale());
        let notice = Notice { kind, host, path, sale, is_repeat: false, attempts: 0 };
        if self.random.random_bool(self.plan.duplicate_share) {
            let again = due + self.delay();
            self.notices.push((again, Notice { is_repeat: true, ..notice.clone() }));
        }
        self.notices.push((due, notice));
    }

    fn macro_values<'b>(&self, kind: NoticeKind, price: &'b str) -> MacroValues<'b>
    where
        Self: 'b,
    {
        let Contender { request_id, bid, seat, currency, .. } = *self.contender;
        let is_lost = kind == NoticeKind::Loss;
        MacroValues {
            auction_id: request_id,
            bid_id: &bid.id,
            imp_id: &bid.impid,
            seat_id: seat,
            ad_id: bid.adid.as_deref().unwrap_or(""),
            // Who has lost is not told at what price another won.
            price: if is_lost { "" } else { price },
            currency,
            loss: if is_lost { LOST_TO_HIGHER_BID } else { "0" },
            min_to_win: if is_lost { "" } else { price },
        }
    }

    fn noticed_sale(&self) -> Option<NoticedSale> {
        let Contender { request_id, imp, bid, sale, .. } = self.contender;
        let place = SalePlace {
            request_id: (*request_id).to_owned(),
            impid: imp.id.clone(),
            campaign_id: bid.campaign().to_owned(),
        };
        sale.map(|number| NoticedSale { number, place, cost: cost_of(self.price, imp.multiplier) })
    }

    fn delay(&mut self) -> Duration {
        let range = self.plan.notice_delay;
        range.least + (range.most - range.least).mul_f64(self.random.random::<f64>())
    }
}

/// The URL with that path in the markup, out of the quotes that it stands in.
fn find_url<'a>(markup: &'a str, path: &str) -> Option<&'a str> {
    let at = markup.find(path)?;
    let is_quote = |mark: char| mark == '"' || mark == '\'';
    let start = markup[..at].rfind(is_quote)? + 1;
    let length = markup[start..].find(is_quote)?;
    Some(&markup[start..start + length])
}
