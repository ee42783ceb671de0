//! load: the command.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use load::answer_times::AnswerTimes;
use load::cli::{Cli, Command, Run};
use load::measurement::measure;
use load::report::Report;
use load::verdict::Verdict;
use load::{bodies, exchange, process, self_test, table};

/// Only load's own lateness: what was recounted holds, what was timed doesn't.
const LOAD_BEHIND: u8 = 3;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(run) => run_measurement(&run),
        Command::SelfTest => run_self_test(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("load: {error}");
        ExitCode::FAILURE
    })
}

fn run_measurement(run: &Run) -> io::Result<ExitCode> {
    let plan = run.plan();
    let bodies = Arc::new(match &run.bodies.file {
        Some(path) if run.bodies.any => bodies::any_from_file(path)?,
        Some(path) => bodies::from_file(path)?,
        None => bodies::seeded(&run.bodies.plan(run.seed)),
    });
    let exchange = run.exchange.plan(plan.target.address, run.seed)?;
    let started = exchange.map(|plan| exchange::start(plan, Arc::clone(&bodies))).transpose()?;
    let (mut sink, handle) = started.unzip();
    let mut times = run.answers.is_some().then(AnswerTimes::default);
    let steps = measure(&plan, &bodies, |body_index, answered_at, body| {
        if let Some(times) = &mut times {
            times.note(body_index, answered_at);
        }
        if let Some(sink) = &mut sink {
            sink.answered(body_index, answered_at, body);
        }
    })?;
    if let (Some(path), Some(times)) = (&run.answers, &times) {
        times.write(path)?;
    }
    eprint!("{}", table::steps_table(&steps));
    let exchange = handle.map(exchange::Handle::finish).transpose()?;
    if let Some(exchange) = &exchange {
        eprint!("{}", table::exchange_lines(exchange));
    }
    let report = Report::new(&plan, &bodies, process::machine(), steps, exchange);
    if let Some(path) = &run.json {
        write_json(path, &report)?;
    }
    Ok(judge(&report, run.exchange.recount))
}

/// Says what is wrong with the report, and fails where something is.
fn judge(report: &Report, needs_all_recounted: bool) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    if report.steps.iter().any(|step| step.verdict == Some(Verdict::LoadBehind)) {
        eprintln!("load: a rate was not kept by load itself, so the times of its step are no result");
        code = ExitCode::from(LOAD_BEHIND);
    }
    let Some(exchange) = &report.exchange else { return code };
    let (violations, not_recounted) = (exchange.recount.violations.total, exchange.not_recounted);
    if violations > 0 {
        eprintln!("load: the recount found {violations} violations");
        code = ExitCode::FAILURE;
    }
    if needs_all_recounted && not_recounted > 0 {
        eprintln!("load: {not_recounted} answers came too fast to be recounted; ask for less");
        code = ExitCode::FAILURE;
    }
    code
}

fn write_json(path: &Path, report: &Report) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    if path == Path::new("-") { io::stdout().write_all(text.as_bytes()) } else { std::fs::write(path, text) }
}

fn run_self_test() -> io::Result<ExitCode> {
    let checks = self_test::run()?;
    for check in &checks {
        eprintln!("{} {}: {}", if check.is_seen { "seen  " } else { "MISSED" }, check.title, check.found);
    }
    let is_all_seen = checks.iter().all(|check| check.is_seen);
    Ok(if is_all_seen { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
