//! load held against servers that are known to be wrong: what it must see, it is shown to see.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::arrivals::Law;
use crate::bodies::{self, Bodies, BodyPlan};
use crate::exchange::{self, DelayRange, ExchangePlan};
use crate::measurement::{Plan, measure};
use crate::recount::Campaigns;
use crate::report::StepReport;
use crate::schedule::{Pace, Step};
use crate::target::Target;
use crate::wrong_bidder::{self, Wrong};

/// What was to be seen, and whether it was.
pub struct Check {
    pub title: String,
    pub is_seen: bool,
    /// The figures that decide it.
    pub found: String,
}

const STALL: Duration = Duration::from_millis(50);
/// In the open loop a stall of 50 ms delays 50 of these 1000 requests, so that the p99 is 40 ms.
const RATE_PER_SEC: u32 = 1_000;
const MEASURED_FOR: Duration = Duration::from_secs(1);
/// Over the whole time of a measurement, and in its midst.
const STALLS_AFTER: Duration = Duration::from_millis(500);
const CONNECTIONS: u16 = 4;
/// Half the stall: on either side there is room for a busy machine.
const SEEN_FROM_MICROS: u64 = 25_000;

/// So many that each kind of wrongness finds a request that it can be wrong about.
const BODIES: usize = 200;
/// So few that each is asked about often enough to pass a cap.
const USERS: u64 = 10;
/// Every body once.
const RECOUNTED: Step =
    Step { pace: Pace::Open { rate_per_sec: 1_000 }, duration: Duration::from_millis(BODIES as u64) };

/// All checks, in their order.
pub fn run() -> io::Result<Vec<Check>> {
    let bodies = Arc::new(bodies::seeded(&BodyPlan { count: BODIES, users: USERS, ..BodyPlan::default() }));
    let mut checks = vec![check_open_loop(&bodies)?, check_closed_loop(&bodies)?];
    for wrong in Wrong::ALL {
        checks.push(check_recount(wrong, &bodies)?);
    }
    Ok(checks)
}

fn check_open_loop(bodies: &Bodies) -> io::Result<Check> {
    let step = measure_stall(Pace::Open { rate_per_sec: RATE_PER_SEC }, bodies)?;
    Ok(Check {
        title: "the open loop's p99 shows that the server stalled for 50 ms".to_owned(),
        is_seen: step.latency.p99_micros >= SEEN_FROM_MICROS
            && step.latency.max_micros >= micros(STALL) * 9 / 10,
        found: figures(&step),
    })
}

fn check_closed_loop(bodies: &Bodies) -> io::Result<Check> {
    let step = measure_stall(Pace::Closed, bodies)?;
    Ok(Check {
        title: "a closed loop's p99 hides the same stall".to_owned(),
        is_seen: step.latency.p99_micros < SEEN_FROM_MICROS
            && step.latency.max_micros >= micros(STALL) * 9 / 10,
        found: figures(&step),
    })
}

/// A bidder that is wrong in one way, and an exchange that believes it.
fn check_recount(wrong: Wrong, bodies: &Arc<Bodies>) -> io::Result<Check> {
    let address = serve(move |request, out| match request.method {
        "POST" => floor::write_answer("200 OK", &wrong_bidder::answer(wrong, request.body), out),
        _ => out.extend_from_slice(b"HTTP/1.1 204 No Content\r\n\r\n"),
    })?;
    let campaigns = Campaigns::from_json(&wrong_bidder::campaigns_json()).map_err(io::Error::other)?;
    let notice_delay = DelayRange { least: Duration::ZERO, most: Duration::from_millis(10) };
    let exchange = ExchangePlan {
        win_share: 1.0,
        notice_delay,
        campaigns: Some(campaigns),
        ..ExchangePlan::new(address)
    };
    let (mut sink, handle) = exchange::start(exchange, Arc::clone(bodies))?;
    measure(&plan_of(address, RECOUNTED), bodies, |body_index, at, body| {
        sink.answered(body_index, at, body)
    })?;
    let report = handle.finish()?;
    let violations = &report.recount.violations;
    let is_recounted = report.not_recounted == 0 && report.recount.answers == BODIES as u64;
    let (title, is_seen) = match wrong.rule() {
        None => {
            ("the recount finds nothing wrong with a bidder that is right".to_owned(), violations.total == 0)
        }
        Some(rule) => (format!("the recount finds {wrong:?} by the rule {rule:?}"), violations.of(rule) > 0),
    };
    let found = format!("{} violations in {} answers", violations.total, report.recount.answers);
    Ok(Check { title, is_seen: is_seen && is_recounted, found })
}

/// A server that stalls once in the middle of the measurement, and answers at once otherwise.
fn measure_stall(pace: Pace, bodies: &Bodies) -> io::Result<StepReport> {
    let mut first_at = None;
    let mut has_stalled = false;
    let address = serve(move |_, out| {
        let since_first = first_at.get_or_insert_with(Instant::now).elapsed();
        if !has_stalled && since_first >= STALLS_AFTER {
            thread::sleep(STALL);
            has_stalled = true;
        }
        out.extend_from_slice(b"HTTP/1.1 204 No Content\r\n\r\n");
    })?;
    let plan = plan_of(address, Step { pace, duration: MEASURED_FOR });
    let steps = measure(&plan, bodies, |_, _, _| {})?;
    steps.into_iter().next().ok_or_else(|| io::Error::other("the step has no report"))
}

fn plan_of(address: SocketAddr, step: Step) -> Plan {
    Plan {
        target: Target { address, host: address.to_string(), path: "/openrtb2/bid".to_owned() },
        connections: CONNECTIONS,
        warm_up: Duration::ZERO,
        steps: vec![step],
        law: Law::Constant,
        seed: 1,
        timeout: Duration::from_secs(5),
        spin: Duration::ZERO,
        pids: Vec::new(),
    }
}

/// Serves on a thread of its own for as long as the process lives.
fn serve(answer: impl FnMut(&floor::Request, &mut Vec<u8>) + Send + 'static) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("server".to_owned()).spawn(move || floor::serve(listener, answer))?;
    Ok(address)
}

fn figures(step: &StepReport) -> String {
    let millis = |micros: u64| micros as f64 / 1e3;
    format!(
        "{} requests, p99 {:.1} ms, max {:.1} ms",
        step.answered,
        millis(step.latency.p99_micros),
        millis(step.latency.max_micros)
    )
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).expect("a short time")
}
