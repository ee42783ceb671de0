//! One measurement: a warm-up that nobody reports, then step after step, each with the CPU time it took.

use std::io;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use crate::arrivals::Law;
use crate::bodies::Bodies;
use crate::engine::Engine;
use crate::http::RequestHead;
use crate::pool::Pool;
use crate::process::{self, CpuTime};
use crate::report::{Spent, StepReport};
use crate::schedule::Step;
use crate::target::Target;

pub struct Plan {
    pub target: Target,
    pub connections: u16,
    /// At the pace of the first step; zero for none.
    pub warm_up: Duration,
    pub steps: Vec<Step>,
    pub law: Law,
    pub seed: u64,
    pub timeout: Duration,
    pub spin: Duration,
    /// The server's processes, whose CPU time is told.
    pub pids: Vec<u32>,
}

/// Linux wakes a thread up to 50 µs late unless it asks for less; a nanosecond is the least.
const TIMER_SLACK: NonZeroU64 = NonZeroU64::MIN;

/// Runs all steps on this thread.
pub fn measure(
    plan: &Plan,
    bodies: &Bodies,
    sink: impl FnMut(u32, Instant, &[u8]),
) -> io::Result<Vec<StepReport>> {
    rustix::thread::set_current_timer_slack(Some(TIMER_SLACK))?;
    let head = RequestHead::new(&plan.target.path, &plan.target.host);
    let pool = Pool::open(plan.target.address, head, plan.connections, plan.timeout).map_err(|error| {
        io::Error::new(error.kind(), format!("no connection to {}: {error}", plan.target.address))
    })?;
    let mut engine = Engine {
        pool,
        bodies,
        law: plan.law,
        seed: plan.seed,
        timeout: plan.timeout,
        spin: plan.spin,
        sink,
        next_body: 0,
    };
    if let (Some(first), false) = (plan.steps.first(), plan.warm_up.is_zero()) {
        engine.run(Step { duration: plan.warm_up, ..*first })?;
    }
    let mut reports = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        let before = spent(&plan.pids)?;
        let tally = engine.run(*step)?;
        reports.push(StepReport::new(step, &tally, &since(&before, &spent(&plan.pids)?)));
    }
    Ok(reports)
}

/// CPU time spent so far.
fn spent(pids: &[u32]) -> io::Result<Spent> {
    let server = pids.iter().try_fold(CpuTime::default(), |sum, &pid| {
        let cpu = process::cpu_of(pid)
            .map_err(|error| io::Error::new(error.kind(), format!("process {pid} can't be read: {error}")))?;
        Ok::<_, io::Error>(CpuTime { user: sum.user + cpu.user, system: sum.system + cpu.system })
    })?;
    Ok(Spent {
        own: process::cpu_of(std::process::id())?,
        engine: process::own_thread_cpu(),
        server: (!pids.is_empty()).then_some(server),
        machine: process::machine_busy()?,
    })
}

fn since(before: &Spent, after: &Spent) -> Spent {
    Spent {
        own: after.own - before.own,
        engine: after.engine - before.engine,
        server: after.server.zip(before.server).map(|(after, before)| after - before),
        machine: after.machine - before.machine,
    }
}
