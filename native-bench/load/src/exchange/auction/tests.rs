//! Many auctions over the same bid.

use super::*;
use crate::bodies::Asked;
use crate::recount::BidResponse;
use crate::wrong_bidder::{self, Wrong};

const BIDS: u32 = 4_000;
const BODY: &str =
    r#"{"id":"r1","imp":[{"id":"1","bidfloor":0.5,"banner":{"w":300,"h":250}}],"user":{"id":"u"}}"#;

/// All notices of many auctions over the same bid, and how many bids were won and lost.
fn auctions(change: impl Fn(&mut ExchangePlan)) -> (Vec<Notice>, usize, usize) {
    let mut plan = ExchangePlan::new(([127, 0, 0, 1], 1).into());
    change(&mut plan);
    let asked = Asked::read(BODY.as_bytes()).unwrap();
    let answer = wrong_bidder::answer(Wrong::Nothing, BODY.as_bytes());
    let response = BidResponse::read(&answer).unwrap();
    let (_, bid) = response.bids().next().unwrap();
    let contender = Contender {
        request_id: "r1",
        imp: &asked.imps[0],
        bid,
        seat: "seat",
        price: bid.price().unwrap(),
        currency: "USD",
        sale: None,
        answered_at: Instant::now(),
    };
    let mut auction = Auction::new(7);
    let mut notices = Vec::new();
    let outcomes: Vec<Outcome> = (0..BIDS).map(|_| auction.decide(&plan, &contender, &mut notices)).collect();
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    let won_and_lost = (count(Outcome::Won), count(Outcome::Lost));
    (notices.into_iter().map(|(_, notice)| notice).collect(), won_and_lost.0, won_and_lost.1)
}

fn count(notices: &[Notice], kind: NoticeKind) -> usize {
    notices.iter().filter(|notice| notice.kind == kind).count()
}

#[test]
fn the_shares_are_kept_and_every_winner_is_won_and_billed() {
    let (notices, won, lost) = auctions(|plan| plan.duplicate_share = 0.0);
    assert!((1_050..1_350).contains(&won), "{won} of {BIDS} won");
    assert!((1_250..1_550).contains(&lost), "{lost} of {BIDS} lost");
    let kinds = [NoticeKind::Win, NoticeKind::Billing, NoticeKind::Loss].map(|kind| count(&notices, kind));
    assert_eq!(kinds, [won, won, lost]);
}

#[test]
fn the_clearing_price_is_from_the_floor_to_the_bid_and_the_same_in_both_notices() {
    let (notices, _, _) = auctions(|plan| plan.duplicate_share = 0.0);
    let price =
        |notice: &Notice| notice.path.split_once("price=").map(|(_, price)| price.to_owned()).unwrap();
    let winners: Vec<&Notice> = notices.iter().filter(|notice| notice.kind != NoticeKind::Loss).collect();
    for pair in winners.chunks(2) {
        assert_eq!(price(pair[0]), price(pair[1]));
        let cpm: f64 = price(pair[0]).parse().unwrap();
        assert!((0.5..=1.0).contains(&cpm), "{cpm}");
    }
    assert!(notices.iter().all(|notice| !notice.path.contains('$')));
}

#[test]
fn a_loss_says_why_and_no_price() {
    let (notices, _, _) = auctions(|plan| (plan.win_share, plan.loss_share) = (0.0, 1.0));
    assert!(notices.iter().all(|notice| notice.path == "/loss?t=1&reason=102"), "{:?}", notices[0]);
}

#[test]
fn pixels_and_clicks_are_taken_from_the_markup() {
    let (notices, won, _) = auctions(|plan| {
        (plan.duplicate_share, plan.pixel_share, plan.click_share) = (0.0, 1.0, 1.0);
    });
    assert_eq!((count(&notices, NoticeKind::Impression), count(&notices, NoticeKind::Click)), (won, won));
    let path = |kind| notices.iter().find(|notice| notice.kind == kind).map(|notice| notice.path.as_str());
    assert_eq!(path(NoticeKind::Impression), Some("/impression?t=1"));
    assert_eq!(path(NoticeKind::Click), Some("/click?t=1"));
}

#[test]
fn a_duplicate_is_the_same_notice_again() {
    let (notices, won, _) = auctions(|plan| (plan.duplicate_share, plan.loss_share) = (1.0, 0.0));
    assert_eq!(notices.len(), won * 4);
    for pair in notices.chunks(2) {
        assert_eq!((pair[0].is_repeat, pair[1].is_repeat), (true, false));
        assert_eq!(pair[0].path, pair[1].path);
    }
}
