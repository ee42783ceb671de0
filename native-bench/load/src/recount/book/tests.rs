//! The sums of a campaign with three impressions a day, five ever, one a user and day.

use super::*;

const PRICE: CostNanos = CostNanos(2_000_000);
const HELD_FOR: SignedDuration = SignedDuration::from_secs(300);
/// Budgets of three impressions a day and five ever, at the full price; one impression a user and day.
const CAMPAIGN: &str = r#"[{"id":"c","bid":{"model":"cpm","amount":2},"dailyBudget":0.006,"lifetimeBudget":0.01,
    "frequencyCaps":[{"limit":1,"window":"day"}]}]"#;

struct Desk {
    campaigns: Campaigns,
    book: Book,
    breaches: Vec<Breach>,
}

impl Desk {
    fn new() -> Self {
        let campaigns = Campaigns::from_json(CAMPAIGN).expect("a campaign");
        Self { campaigns, book: Book::default(), breaches: Vec::new() }
    }

    fn bid(&mut self, user: u32, at: &str) -> SaleNumber {
        let new = NewSale {
            campaign: CampaignNumber(0),
            user: Some(UserNumber(user)),
            reserved: PRICE,
            answered_at: at.parse().expect("a time"),
            held_for: HELD_FOR,
        };
        let number = self.book.reserve(&self.campaigns, &new, &mut self.breaches);
        self.book.win(number);
        number
    }

    fn bill(&mut self, number: SaleNumber, cost: CostNanos, at: &str) {
        self.book.bill(number, cost);
        let at = at.parse().expect("a time");
        self.book.billed(&self.campaigns, number, at, true, &mut self.breaches);
    }

    fn rules(&self) -> Vec<Rule> {
        self.breaches.iter().map(|breach| breach.rule).collect()
    }
}

#[test]
fn open_bids_and_billed_ones_are_held_against_the_day() {
    let mut desk = Desk::new();
    let first = desk.bid(1, "2026-11-21T10:00:00Z");
    desk.bill(first, PRICE, "2026-11-21T10:00:01Z");
    desk.bid(2, "2026-11-21T10:00:02Z");
    desk.bid(3, "2026-11-21T10:00:03Z");
    assert_eq!(desk.rules(), []);
    desk.bid(4, "2026-11-21T10:00:04Z");
    assert_eq!(desk.rules(), [Rule::DailyReserved]);
    assert_eq!(
        (desk.breaches[0].expected.as_str(), desk.breaches[0].found.as_str()),
        ("at most 6000000 nanos", "8000000 nanos")
    );
}

#[test]
fn what_has_lost_expired_or_cleared_below_its_price_is_free_again() {
    let mut desk = Desk::new();
    let lost = desk.bid(1, "2026-11-21T10:00:00Z");
    desk.book.lose(lost);
    let cheap = desk.bid(2, "2026-11-21T10:00:00Z");
    desk.bill(cheap, CostNanos(1), "2026-11-21T10:00:01Z");
    desk.bid(3, "2026-11-21T10:00:02Z");
    desk.bid(4, "2026-11-21T10:00:03Z");
    desk.bid(5, "2026-11-21T10:06:00Z");
    assert_eq!(desk.rules(), []);
    assert_eq!(desk.book.sums.billed_nanos, CostNanos(1));
}

#[test]
fn an_expired_bid_is_free_as_soon_as_its_bidder_may_have_freed_it() {
    for (at, expected) in [("10:04:57", vec![Rule::DailyReserved]), ("10:04:58", vec![])] {
        let mut desk = Desk::new();
        for user in 1..=3 {
            desk.bid(user, "2026-11-21T10:00:00Z");
        }
        desk.bid(4, &format!("2026-11-21T{at}Z"));
        assert_eq!(desk.rules(), expected, "{at}");
    }
}

#[test]
fn billed_spend_is_held_against_the_day_and_the_lifetime() {
    let mut desk = Desk::new();
    for (user, day) in [(1, 21), (2, 21), (3, 21), (4, 22), (5, 22), (6, 23)] {
        let number = desk.bid(user, &format!("2026-11-{day}T10:00:00Z"));
        desk.bill(number, PRICE, &format!("2026-11-{day}T10:00:01Z"));
    }
    assert_eq!(desk.rules(), [Rule::LifetimeReserved, Rule::LifetimeBudget]);
    let mut desk = Desk::new();
    for user in 1..=4 {
        let number = desk.bid(user, "2026-11-21T10:00:00Z");
        desk.bill(number, PRICE, "2026-11-21T10:00:01Z");
    }
    assert_eq!(desk.rules(), [Rule::DailyReserved, Rule::DailyBudget]);
}

#[test]
fn a_sale_is_billed_once_whatever_comes_again() {
    let mut desk = Desk::new();
    let number = desk.bid(1, "2026-11-21T10:00:00Z");
    for _ in 0..3 {
        desk.bill(number, PRICE, "2026-11-21T10:00:01Z");
    }
    assert_eq!(desk.rules(), []);
    assert_eq!((desk.book.sums.billed_impressions, desk.book.sums.billed_nanos), (1, PRICE));
}

#[test]
fn impressions_are_held_against_the_cap_of_the_user_and_the_day() {
    let mut desk = Desk::new();
    for (user, at) in [(1, "21T10:00"), (2, "21T10:00"), (1, "22T10:00")] {
        let number = desk.bid(user, &format!("2026-11-{at}:00Z"));
        desk.bill(number, CostNanos(1), &format!("2026-11-{at}:01Z"));
    }
    assert_eq!(desk.rules(), []);
    let again = desk.bid(1, "2026-11-21T10:00:05Z");
    desk.bill(again, CostNanos(1), "2026-11-21T10:00:06Z");
    assert_eq!(desk.rules(), [Rule::FrequencyCap]);
}

#[test]
fn what_was_billed_late_or_over_midnight_or_not_at_all_proves_nothing() {
    let mut desk = Desk::new();
    for (bid, bill) in
        [("21T23:59:50", "22T00:00:10"), ("22T10:00:00", "22T10:05:00"), ("22T10:00:00", "22T10:00:02")]
    {
        let number = desk.bid(1, &format!("2026-11-{bid}Z"));
        desk.bill(number, PRICE, &format!("2026-11-{bill}Z"));
    }
    let refused = desk.bid(1, "2026-11-22T10:00:00Z");
    desk.book.bill(refused, PRICE);
    let at = "2026-11-22T10:00:01Z".parse().expect("a time");
    desk.book.billed(&desk.campaigns, refused, at, false, &mut desk.breaches);
    assert_eq!(desk.rules(), []);
    let sums = &desk.book.sums;
    assert_eq!((sums.billed_impressions, sums.late_impressions, sums.straddling_impressions), (3, 1, 1));
    assert_eq!(sums.capped_impressions, 1);
}
