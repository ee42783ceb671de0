//! What was measured, as it stands in the JSON. README.md says what each field means.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::bodies::Bodies;
use crate::exchange;
use crate::measurement::Plan;
use crate::process::{CpuTime, Machine};
use crate::schedule::{Pace, Step};
use crate::tally::{ErrorKind, Tally, Times};
use crate::verdict::{self, Verdict};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub machine: Machine,
    pub target: String,
    pub mode: &'static str,
    pub arrivals: &'static str,
    pub seed: u64,
    pub connections: u16,
    pub bodies: usize,
    pub mean_body_bytes: usize,
    pub warm_up_seconds: f64,
    pub steps: Vec<StepReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<exchange::Report>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    pub seconds: f64,
    /// None in a closed loop.
    pub intended_per_second: Option<u32>,
    pub achieved_per_second: f64,
    pub scheduled: u64,
    pub sent: u64,
    pub answered: u64,
    pub ok200: u64,
    pub no_content204: u64,
    pub other: u64,
    pub errors: BTreeMap<&'static str, u64>,
    pub latency: TimesReport,
    pub lateness: TimesReport,
    pub own_lateness: TimesReport,
    pub server: TimesReport,
    pub late_sends: u64,
    pub own_late_sends: u64,
    pub queued: u64,
    pub oldest_waiting_micros: u64,
    pub idle_percent: f64,
    pub cpu: CpuReport,
    /// The engine's thread alone.
    pub engine_core_percent: f64,
    /// None where no process was named.
    pub server_cpu: Option<CpuReport>,
    /// Cores that neither load nor the named processes kept busy.
    pub others_cores: f64,
    /// None in a closed loop, which has no schedule to keep.
    pub verdict: Option<Verdict>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimesReport {
    pub p50_micros: u64,
    pub p90_micros: u64,
    pub p99_micros: u64,
    pub p999_micros: u64,
    pub max_micros: u64,
    pub mean_micros: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CpuReport {
    pub user_micros: u64,
    pub system_micros: u64,
    pub micros_per_answer: f64,
    /// 100: one core, busy all the time.
    pub core_percent: f64,
}

/// CPU time spent during a step.
pub struct Spent {
    pub own: CpuTime,
    pub engine: Duration,
    pub server: Option<CpuTime>,
    pub machine: Duration,
}

impl Report {
    pub fn new(
        plan: &Plan,
        bodies: &Bodies,
        machine: Machine,
        steps: Vec<StepReport>,
        exchange: Option<exchange::Report>,
    ) -> Self {
        let is_closed = plan.steps.iter().all(|step| step.pace == Pace::Closed);
        Self {
            machine,
            target: format!("http://{}{}", plan.target.host, plan.target.path),
            mode: if is_closed { "closed" } else { "open" },
            arrivals: plan.law.name(),
            seed: plan.seed,
            connections: plan.connections,
            bodies: bodies.len(),
            mean_body_bytes: bodies.mean_bytes(),
            warm_up_seconds: plan.warm_up.as_secs_f64(),
            steps,
            exchange,
        }
    }
}

impl StepReport {
    pub fn new(step: &Step, tally: &Tally, spent: &Spent) -> Self {
        let elapsed_sec = tally.elapsed.as_secs_f64();
        let intended_per_second = match step.pace {
            Pace::Open { rate_per_sec } => Some(rate_per_sec),
            Pace::Closed => None,
        };
        let others = spent
            .machine
            .saturating_sub(spent.own.total())
            .saturating_sub(spent.server.unwrap_or_default().total());
        Self {
            seconds: step.duration.as_secs_f64(),
            intended_per_second,
            achieved_per_second: tally.answered_within as f64 / step.duration.as_secs_f64(),
            scheduled: tally.scheduled,
            sent: tally.sent,
            answered: tally.answered,
            ok200: tally.ok200,
            no_content204: tally.no_content204,
            other: tally.other,
            errors: ErrorKind::ALL.into_iter().map(|kind| (kind.name(), tally.errors_of(kind))).collect(),
            latency: TimesReport::new(&tally.latency),
            lateness: TimesReport::new(&tally.lateness),
            own_lateness: TimesReport::new(&tally.own_lateness),
            server: TimesReport::new(&tally.server),
            late_sends: tally.late_sends,
            own_late_sends: tally.own_late_sends,
            queued: tally.queued,
            oldest_waiting_micros: micros(tally.oldest_waiting),
            idle_percent: 100.0 * tally.idle.as_secs_f64() / elapsed_sec,
            cpu: CpuReport::new(spent.own, tally),
            engine_core_percent: 100.0 * spent.engine.as_secs_f64() / elapsed_sec,
            server_cpu: spent.server.map(|server| CpuReport::new(server, tally)),
            others_cores: others.as_secs_f64() / elapsed_sec,
            verdict: intended_per_second.map(|_| verdict::judge(tally)),
        }
    }
}

impl TimesReport {
    fn new(times: &Times) -> Self {
        Self {
            p50_micros: times.quantile_micros(0.5),
            p90_micros: times.quantile_micros(0.9),
            p99_micros: times.quantile_micros(0.99),
            p999_micros: times.quantile_micros(0.999),
            max_micros: times.max_micros(),
            mean_micros: times.mean_micros(),
        }
    }
}

impl CpuReport {
    fn new(spent: CpuTime, tally: &Tally) -> Self {
        let total = spent.total();
        Self {
            user_micros: micros(spent.user),
            system_micros: micros(spent.system),
            micros_per_answer: micros(total) as f64 / tally.answered.max(1) as f64,
            core_percent: 100.0 * total.as_secs_f64() / tally.elapsed.as_secs_f64(),
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const README: &str = include_str!("../../README.md");

    fn some_step() -> StepReport {
        let step = Step { pace: Pace::Open { rate_per_sec: 10 }, duration: Duration::from_secs(2) };
        let mut tally = Tally { elapsed: Duration::from_secs(2), ..Tally::default() };
        for millis in [1, 3] {
            tally.scheduled += 1;
            tally.answer(200);
            tally.answered_within += 1;
            tally.latency.record(Duration::from_millis(millis));
        }
        let cpu = CpuTime { user: Duration::from_millis(30), system: Duration::from_millis(10) };
        let spent = Spent { own: cpu, engine: cpu.user, server: Some(cpu), machine: Duration::from_secs(1) };
        StepReport::new(&step, &tally, &spent)
    }

    #[test]
    fn rates_and_cpu_times_are_of_the_step() {
        let report = some_step();
        assert_eq!(report.achieved_per_second, 1.0);
        assert!((report.latency.mean_micros / 2000.0 - 1.0).abs() < 0.001, "{}", report.latency.mean_micros);
        assert_eq!((report.cpu.micros_per_answer, report.cpu.core_percent), (20_000.0, 2.0));
        assert_eq!(report.engine_core_percent, 1.5);
        // 1 s of all cores, less 40 ms of load and 40 ms of the server, in 2 s.
        assert_eq!(report.others_cores, 0.46);
    }

    #[test]
    fn every_field_of_a_step_stands_in_the_readme() {
        let Ok(Value::Object(fields)) = serde_json::to_value(some_step()) else { panic!("no object") };
        let inner = ["latency", "cpu", "errors"].map(|name| fields[name].as_object().unwrap().keys());
        for name in fields.keys().chain(inner.into_iter().flatten()) {
            assert!(README.contains(&format!("`{name}`")), "{name}");
        }
    }
}
