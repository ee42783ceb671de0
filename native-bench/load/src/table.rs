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
    // What load could not keep is no figure of the server, so none is shown.
    let is_result = step.verdict != Some(Verdict::LoadBehind);
    let shown = |figure: String| if is_result { figure } else { "-".to_owned() };
    let millis = |micros: u64| format!("{:.3}", micros as f64 / 1e3);
    let of_server = |micros: u64| shown(millis(micros));
    let errors: u64 = step.errors.values().sum();
    format!(
        "{:>9} {:>8} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7.0} {:>7}  {}",
        step.intended_per_second.map_or("closed".to_owned(), |rate| rate.to_string()),
        shown(format!("{:.0}", step.achieved_per_second)),
        step.ok200,
        step.no_content204,
        step.other + errors,
        of_server(step.latency.p50_micros),
        of_server(step.latency.p99_micros),
        of_server(step.latency.p999_micros),
        of_server(step.latency.max_micros),
        of_server(step.server.p99_micros),
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::CpuTime;
    use crate::report::Spent;
    use crate::schedule::{Pace, Step};
    use crate::tally::Tally;

    #[test]
    fn a_rate_that_load_did_not_keep_is_not_shown() {
        let duration = Duration::from_secs(1);
        let row_of = |own_late_sends| {
            let mut tally = Tally { scheduled: 7_777, answered: 7_777, own_late_sends, ..Tally::default() };
            tally.answered_within = 7_777;
            (tally.idle, tally.elapsed) = (duration, duration);
            tally.latency.record(Duration::from_micros(1_234));
            let (own, engine, machine) = (CpuTime::default(), Duration::ZERO, Duration::ZERO);
            let step = Step { pace: Pace::Open { rate_per_sec: 8_000 }, duration };
            row(&StepReport::new(&step, &tally, &Spent { own, engine, server: None, machine }))
        };
        let (kept, behind) = (row_of(0), row_of(7_777));
        assert!(kept.contains("7777") && kept.contains("1.234"), "{kept}");
        assert!(!behind.contains("7777") && !behind.contains("1.234"), "{behind}");
        assert_eq!(kept.len() - "kept".len(), behind.len() - "load-behind".len());
    }
}
