//! Each kind of wrongness is found, by its rule and by no other; what is right passes.

use super::*;
use crate::wrong_bidder::{self, Wrong};

const BODY: &str = r#"{"id":"r1","imp":[{"id":"1","bidfloor":0.61,"banner":{"w":300,"h":250}}],
    "bcat":["IAB7"],"badv":["blocked.example"],"user":{"id":"u"}}"#;

/// Two answers in the same way to the same request, every bid of them won and billed.
fn recounted(body: &str, answer: impl Fn(&[u8]) -> Vec<u8>) -> RecountReport {
    let campaigns = Campaigns::from_json(&wrong_bidder::campaigns_json()).unwrap();
    let mut recount = Recount::new(Some(campaigns));
    let asked = Asked::read(body.as_bytes()).unwrap();
    let user = asked.user.as_ref().map(|_| UserNumber(0));
    let at: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
    for _ in 0..2 {
        let answer = answer(body.as_bytes());
        let Some(response) = recount.read(&asked, &answer) else { continue };
        for (_, bid) in response.bids() {
            let Some(price) = bid.price().filter(|_| asked.imp(&bid.impid).is_some()) else { continue };
            let question = Question { asked: &asked, user };
            let Some(sale) = recount.enter(question, bid, price, response.currency(), at) else { continue };
            let place = SalePlace {
                request_id: asked.id.clone(),
                impid: bid.impid.to_string(),
                campaign_id: bid.campaign().to_owned(),
            };
            recount.bill(sale, CostNanos(price.0));
            recount.billed(sale, &place, at + SignedDuration::from_secs(1), true);
        }
    }
    recount.into_report()
}

fn rules(report: &RecountReport) -> Vec<Rule> {
    report.violations.by_rule.keys().copied().collect()
}

#[test]
fn a_right_answer_passes() {
    let report = recounted(BODY, |body| wrong_bidder::answer(Wrong::Nothing, body));
    assert_eq!(rules(&report), [], "{:?}", report.violations.first);
    assert_eq!((report.answers, report.bids, report.bids_of_known_campaigns), (2, 2, 2));
    assert_eq!((report.sums.billed_impressions, report.sums.billed_nanos), (2, CostNanos(2 * 1_110_000)));
}

#[test]
fn every_way_to_be_wrong_is_found_by_its_rule_and_no_other() {
    for wrong in Wrong::ALL {
        let report = recounted(BODY, |body| wrong_bidder::answer(wrong, body));
        let expected: Vec<Rule> = match wrong {
            // What is billed beyond the budget was bid beyond it before.
            Wrong::OverDailyBudget => vec![Rule::DailyBudget, Rule::DailyReserved],
            Wrong::OverLifetimeBudget => vec![Rule::LifetimeBudget, Rule::LifetimeReserved],
            _ => wrong.rule().into_iter().collect(),
        };
        assert_eq!(rules(&report), expected, "{wrong:?}: {:?}", report.violations.first);
    }
}

#[test]
fn a_violation_says_where_and_what() {
    let report = recounted(BODY, |body| wrong_bidder::answer(Wrong::Size, body));
    let first = &report.violations.first[0];
    assert_eq!((first.request_id.as_str(), first.impid.as_str()), ("r1", "1"));
    assert_eq!((first.expected.as_str(), first.found.as_str()), ("one of [(300, 250)]", "Some((301, 250))"));
    assert_eq!(report.violations.of(Rule::SizeOffered), 2);
}

#[test]
fn only_the_first_violations_are_kept_and_all_are_counted() {
    let mut violations = Violations::default();
    let place = Place { request_id: "r", impid: "1", campaign_id: "c" };
    for _ in 0..50 {
        violations.add(place.violates(Rule::SizeOffered, "", ""));
    }
    assert_eq!((violations.total, violations.of(Rule::SizeOffered), violations.first.len()), (50, 50, 20));
}

/// The answer of a right bidder, changed as text.
fn changed(from: &'static str, to: &'static str) -> impl Fn(&[u8]) -> Vec<u8> {
    move |body| {
        let answer = String::from_utf8(wrong_bidder::answer(Wrong::Nothing, body)).unwrap();
        assert!(answer.contains(from), "{answer}");
        answer.replacen(from, to, 1).into_bytes()
    }
}

#[test]
fn a_wrong_type_anywhere_loses_the_answer() {
    for (from, to) in [
        ("\"w\":300", "\"w\":300.5"),
        ("\"cat\":[\"IAB24-1\"]", "\"cat\":\"IAB24-1\""),
        ("\"id\":\"r1\"", "\"id\":1"),
        ("\"impid\":\"1\"", "\"impid\":1"),
        ("\"exp\":300", "\"exp\":\"300\""),
    ] {
        let report = recounted(BODY, changed(from, to));
        assert_eq!(rules(&report), [Rule::AnswerReadable], "{to}");
    }
}

#[test]
fn a_bid_names_its_campaign_its_creative_and_its_advertiser() {
    for (from, to) in [
        ("\"cid\":\"d", "\"xid\":\"d"),
        ("\"crid\":\"ad", "\"xrid\":\"ad"),
        ("\"adomain\":", "\"domains\":"),
        ("\"adm\":", "\"markup\":"),
    ] {
        let report = recounted(BODY, changed(from, to));
        assert_eq!(report.violations.of(Rule::CreativeNamed), 2, "{to}");
    }
}

#[test]
fn a_deal_has_a_floor_of_its_own_and_a_fixed_one_is_paid_to_the_digit() {
    let body = |deal: &str| {
        BODY.replace(r#""banner""#, &format!(r#""pmp":{{"private_auction":1,"deals":[{deal}]}},"banner""#))
    };
    let dealt = || changed("\"exp\":300", "\"exp\":300,\"dealid\":\"d\"");
    assert_eq!(rules(&recounted(&body(r#"{"id":"d","bidfloor":1.11}"#), dealt())), []);
    assert_eq!(rules(&recounted(&body(r#"{"id":"d","bidfloor":1.11,"at":3}"#), dealt())), []);
    for deal in [r#"{"id":"d","bidfloor":1.110001}"#, r#"{"id":"d","bidfloor":1.109999,"at":3}"#] {
        assert_eq!(rules(&recounted(&body(deal), dealt())), [Rule::PriceAtLeastFloor], "{deal}");
    }
    let without = recounted(&body(r#"{"id":"d"}"#), changed("\"exp\":300", "\"exp\":301"));
    assert_eq!(rules(&without), [Rule::DealOffered]);
}

#[test]
fn blocks_hold_for_children_and_subdomains_and_for_no_namesakes() {
    for (from, to) in [("IAB24-1", "IAB7"), ("IAB24-1", "IAB7-39")] {
        assert_eq!(rules(&recounted(BODY, changed(from, to))), [Rule::CategoryNotBlocked], "{to}");
    }
    for to in ["blocked.example", "a.Blocked.example"] {
        assert_eq!(rules(&recounted(BODY, changed("right.example", to))), [Rule::DomainNotBlocked], "{to}");
    }
    assert_eq!(rules(&recounted(BODY, changed("IAB24-1", "IAB70"))), []);
    assert_eq!(rules(&recounted(BODY, changed("right.example", "unblocked.example"))), []);
}

#[test]
fn a_capped_campaign_bids_for_nobody_unknown() {
    let unknown = BODY.replace(r#""user":{"id":"u"}"#, r#""user":{"id":"u"},"device":{"lmt":1}"#);
    let report = recounted(&unknown, |body| wrong_bidder::answer(Wrong::OverCap, body));
    assert_eq!(rules(&report), [Rule::CapNeedsUser]);
}

#[test]
fn what_cannot_be_compared_is_counted_as_unchecked() {
    let foreign = BODY.replace(r#""bidfloor":0.61"#, r#""bidfloor":9,"bidfloorcur":"JPY""#);
    let report = recounted(&foreign, changed("\"cattax\":1", "\"cattax\":7"));
    assert_eq!(rules(&report), []);
    assert_eq!(report.unchecked, Unchecked { floors: 2, categories: 2, costs: 0 });
    let euros = BODY.replace(r#""user""#, r#""cur":["EUR"],"user""#);
    let report = recounted(&euros, |body| wrong_bidder::answer(Wrong::Nothing, body));
    assert_eq!((report.unchecked.costs, report.sums.billed_impressions), (2, 0));
}

#[test]
fn a_test_request_costs_nothing() {
    let test = BODY.replace(r#""user""#, r#""test":1,"user""#);
    let report = recounted(&test, |body| wrong_bidder::answer(Wrong::OverDailyBudget, body));
    assert_eq!((rules(&report), report.sums.billed_impressions), (vec![], 0));
}
