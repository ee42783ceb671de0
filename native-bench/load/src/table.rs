//! What was measured, for people to read.

use std::fmt::Write;

use crate::exchange;
use crate::report::StepReport;
use crate::verdict::Verdict;

const HEADINGS: &str = "  asked/s   kept/s       200       204   errors   p50 ms   p99 ms    p99.9      max  srv p99  own p99  load %   srv %  verdict";

/// A line a step. Latencies count from the intended time; `srv` is from the write to the answer, `own` what load itself
/// was late.
pub fn steps_table(steps: &[StepReport]) -> String {
    let rows = steps.iter().map(row);
    let remarks = steps.iter().filter_map(remark);
    std::iter::once(HEADINGS.to_owned())
        .chain(rows)
        .chain(remarks)
        .fold(String::new(), |text, line| text + &line + "\n")
}

/// What became of the answers and their notices, and what was wrong with them.
pub fn exchange_lines(report: &exchange::Report) -> String {
    let recount = &report.recount;
    let mut text = format!(
        "{} answers and {} bids recounted, {} not; {} won, {} lost, {} heard nothing\n",
        recount.answers, recount.bids, report.not_recounted, report.won, report.lost, report.silent
    );
    let notices = &report.notices;
    let kinds = [
        ("win", &notices.win),
        ("billing", &notices.billing),
        ("loss", &notices.loss),
        ("impression", &notices.impression),
        ("click", &notices.click),
    ];
    for (name, figures) in kinds.into_iter().filter(|(_, figures)| figures.sent + figures.undelivered > 0) {
        let taken = figures.no_content204 + figures.other_success;
        let refused = figures.unauthorized401 + figures.other;
        writeln!(
            text,
            "{name} notices: {} sent, {taken} taken, {refused} refused, {} failed, {} not sent in time",
            figures.sent, figures.errors, figures.undelivered
        )
        .expect("a String takes all text");
    }
    for (rule, count) in &recount.violations.by_rule {
        writeln!(text, "violated {count} times: {rule:?}").expect("a String takes all text");
    }
    for violation in &recount.violations.first {
        writeln!(text, "{violation:?}").expect("a String takes all text");
    }
    text
}

fn row(step: &StepReport) -> String {
    let millis = |micros: u64| format!("{:.3}", micros as f64 / 1e3);
    let errors: u64 = step.errors.values().sum();
    format!(
        "{:>9} {:>8.0} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7.0} {:>7}  {}",
        step.intended_per_second.map_or("closed".to_owned(), |rate| rate.to_string()),
        step.achieved_per_second,
        step.ok200,
        step.no_content204,
        step.other + errors,
        millis(step.latency.p50_micros),
        millis(step.latency.p99_micros),
        millis(step.latency.p999_micros),
        millis(step.latency.max_micros),
        millis(step.server.p99_micros),
        millis(step.own_lateness.p99_micros),
        step.cpu.core_percent,
        step.server_cpu.as_ref().map_or("-".to_owned(), |cpu| format!("{:.0}", cpu.core_percent)),
        step.verdict.map_or("-", Verdict::name),
    )
}

/// What a person should know beside the figures; None where they speak for themselves.
fn remark(step: &StepReport) -> Option<String> {
    let rate = step.intended_per_second?;
    match step.verdict? {
        Verdict::Kept => None,
        Verdict::LoadBehind => Some(format!(
            "load could not keep {rate}/s: {} of {} requests left more than 1 ms late by its own doing, and it was idle for \
             {:.1} % of the time, so this is no figure of the server; give load a core of its own or ask for less",
            step.own_late_sends, step.scheduled, step.idle_percent
        )),
        Verdict::ServerBehind => Some(format!(
            "the server could not keep {rate}/s over these connections: {} of {} requests were answered, and the oldest \
             that waited for a connection at the end had waited {:.1} ms",
            step.answered,
            step.scheduled,
            step.oldest_waiting_micros as f64 / 1e3
        )),
    }
}
