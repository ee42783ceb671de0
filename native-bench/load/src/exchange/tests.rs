//! The exchange against a bidder of the test's own, over real sockets.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;

use super::*;
use crate::bodies::{BodyPlan, seeded};
use crate::recount::{Campaigns, Rule};
use crate::wrong_bidder::{self, Wrong};

const BODIES: usize = 400;

/// What the bidder's side heard: how often each path came, over how many connections.
#[derive(Default)]
struct Heard {
    paths: HashMap<String, u32>,
    connections: u32,
}

/// A bidder that takes notices, and answers each as `status` says: by its path, and how often it came before.
fn bidder(status: fn(&str, u32) -> &'static str) -> (SocketAddr, Arc<Mutex<Heard>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::new(Mutex::new(Heard::default()));
    let told = Arc::clone(&heard);
    thread::spawn(move || {
        for stream in listener.incoming() {
            told.lock().unwrap().connections += 1;
            let told = Arc::clone(&told);
            thread::spawn(move || serve(&stream.unwrap(), &told, status));
        }
    });
    (address, heard)
}

/// Until the peer ends the connection, or the answer is to end it.
fn serve(mut stream: &TcpStream, heard: &Mutex<Heard>, status: fn(&str, u32) -> &'static str) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(first) = lines.next() {
        while lines.next().is_some_and(|line| !line.is_empty()) {}
        let path = first.split(' ').nth(1).unwrap().to_owned();
        let before = {
            let mut heard = heard.lock().unwrap();
            let count = heard.paths.entry(path.clone()).or_default();
            *count += 1;
            *count - 1
        };
        let status = status(&path, before);
        if status.is_empty() || write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

fn quick(notices_to: SocketAddr) -> ExchangePlan {
    let notice_delay = DelayRange { least: Duration::from_millis(1), most: Duration::from_millis(5) };
    let campaigns = Campaigns::from_json(&wrong_bidder::campaigns_json()).ok();
    ExchangePlan { notice_delay, campaigns, ..ExchangePlan::new(notices_to) }
}

/// Every body answered once in that way.
fn run(plan: ExchangePlan, wrong: Wrong, users: u64) -> Report {
    let bodies =
        Arc::new(seeded(&BodyPlan { count: BODIES, users, several_imps_share: 0.0, ..BodyPlan::default() }));
    let (mut sink, handle) = start(plan, Arc::clone(&bodies)).unwrap();
    for index in 0..BODIES {
        let answer = wrong_bidder::answer(wrong, bodies.body(index));
        sink.answered(u32::try_from(index).unwrap(), Instant::now(), &answer);
    }
    handle.finish().unwrap()
}

#[test]
fn winners_are_won_and_billed_and_losers_told_over_few_connections() {
    let (address, heard) = bidder(|_, _| "204 No Content");
    let plan = ExchangePlan { connections: 4, duplicate_share: 0.0, ..quick(address) };
    let report = run(plan, Wrong::Nothing, 1_000);
    assert_eq!(report.recount.violations.total, 0, "{:?}", report.recount.violations.first);
    assert_eq!((report.not_recounted, report.recount.answers), (0, BODIES as u64));
    assert_eq!(report.won + report.lost + report.silent, BODIES as u64);
    let AllNoticeFigures { win, billing, loss, .. } = &report.notices;
    for (figures, count) in [(win, report.won), (billing, report.won), (loss, report.lost)] {
        assert_eq!(figures, &NoticeFigures { sent: count, no_content204: count, ..NoticeFigures::default() });
    }
    assert_eq!(report.recount.sums.billed_impressions, report.won);
    let heard = heard.lock().unwrap();
    assert!((1..=4).contains(&heard.connections), "{} connections", heard.connections);
    assert_eq!(u64::from(heard.paths.values().sum::<u32>()), 2 * report.won + report.lost);
}

#[test]
fn a_duplicate_is_sent_and_is_no_second_impression() {
    let (address, _) = bidder(|_, _| "204 No Content");
    let report = run(ExchangePlan { duplicate_share: 1.0, ..quick(address) }, Wrong::Nothing, 1_000);
    let billing = &report.notices.billing;
    assert_eq!(
        (billing.sent, billing.repeats, billing.no_content204),
        (2 * report.won, report.won, 2 * report.won)
    );
    assert_eq!(report.recount.sums.billed_impressions, report.won);
}

#[test]
fn the_same_seed_lets_the_same_bids_win() {
    let (address, _) = bidder(|_, _| "204 No Content");
    let [first, again] = [(); 2].map(|()| run(quick(address), Wrong::Nothing, 1_000));
    assert_eq!(first.notices, again.notices);
    assert_eq!(first.recount.sums, again.recount.sums);
}

#[test]
fn what_the_bidder_cannot_take_now_is_sent_again() {
    // The first time it is away, the second time it hangs up.
    let (address, _) = bidder(|_, before| match before {
        0 => "503 Service Unavailable",
        1 => "",
        _ => "204 No Content",
    });
    let plan = ExchangePlan { duplicate_share: 0.0, win_share: 1.0, ..quick(address) };
    let bodies = Arc::new(seeded(&BodyPlan { count: 1, several_imps_share: 0.0, ..BodyPlan::default() }));
    let (mut sink, handle) = start(plan, Arc::clone(&bodies)).unwrap();
    sink.answered(0, Instant::now(), &wrong_bidder::answer(Wrong::Nothing, bodies.body(0)));
    let report = handle.finish().unwrap();
    let AllNoticeFigures { win, billing, .. } = report.notices;
    for figures in [win, billing] {
        assert_eq!(
            figures,
            NoticeFigures { sent: 1, retries: 2, no_content204: 1, ..NoticeFigures::default() }
        );
    }
}

#[test]
fn refusals_and_silence_are_told_apart_and_bill_nothing() {
    let (address, _) =
        bidder(|path, _| if path.starts_with("/billing") { "401 Unauthorized" } else { "404 Not Found" });
    let report = run(quick(address), Wrong::Nothing, 1_000);
    let AllNoticeFigures { win, billing, .. } = &report.notices;
    assert_eq!((billing.unauthorized401, win.other), (billing.sent, win.sent));
    assert_eq!(report.recount.sums.billed_impressions, 0);

    let nobody = ([127, 0, 0, 1], 1).into();
    let plan = ExchangePlan { drain_limit: Duration::from_millis(200), ..quick(nobody) };
    let report = run(plan, Wrong::Nothing, 1_000);
    assert_eq!(report.notices.win.errors, report.notices.win.sent);
}

#[test]
fn draining_ends_at_its_limit() {
    let (address, heard) = bidder(|_, _| "204 No Content");
    let plan = ExchangePlan {
        late_share: 1.0,
        late_delay: Duration::from_secs(3_600),
        drain_limit: Duration::from_secs(2),
        duplicate_share: 0.0,
        ..quick(address)
    };
    let report = run(plan, Wrong::Nothing, 1_000);
    let AllNoticeFigures { win, billing, .. } = &report.notices;
    assert_eq!((win.no_content204, billing.sent, billing.undelivered), (report.won, 0, report.won));
    assert!(heard.lock().unwrap().paths.keys().all(|path| !path.starts_with("/billing")));
}

#[test]
fn what_a_wrong_bidder_lets_be_billed_is_found() {
    let (address, _) = bidder(|_, _| "204 No Content");
    for (wrong, rule) in [
        (Wrong::OverCap, Rule::FrequencyCap),
        (Wrong::OverDailyBudget, Rule::DailyBudget),
        (Wrong::OverLifetimeBudget, Rule::LifetimeBudget),
        (Wrong::Size, Rule::SizeOffered),
    ] {
        let report = run(quick(address), wrong, 5);
        assert!(report.recount.violations.of(rule) > 0, "{wrong:?}");
    }
}
