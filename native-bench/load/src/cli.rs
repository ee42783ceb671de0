//! The command line: what `load` can be told, and what it means.

mod exchange_options;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use exchange_options::ExchangeOptions;

use crate::arrivals::Law;
use crate::bodies::BodyPlan;
use crate::measurement::Plan;
use crate::schedule::{Pace, Step, parse_duration, parse_schedule, parse_step_duration};
use crate::target::{Target, parse_target};

/// Asks a bidder for bids at a rate of its own choosing, and recounts what it answers.
#[derive(Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Measures a server.
    Run(Box<Run>),
    /// Shows on servers of its own that load sees a stall that a closed loop hides, and finds every kind of wrong bid.
    SelfTest,
}

#[derive(Args)]
pub struct Run {
    /// Where bid requests go, e.g. http://127.0.0.1:8080/openrtb2/bid
    #[arg(long, value_parser = parse_target)]
    url: Target,
    #[command(flatten)]
    pace: PaceOptions,
    /// How long to keep up --rate or --closed.
    #[arg(long = "for", value_parser = parse_step_duration, default_value = "10s", conflicts_with = "schedule")]
    duration: Duration,
    /// Not reported, at the pace of the first step.
    #[arg(long, value_parser = parse_duration, default_value = "2s")]
    warm_up: Duration,
    /// Connections at most; each carries one request at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    #[arg(long, value_enum, default_value_t = ArrivalLaw::Poisson)]
    arrivals: ArrivalLaw,
    /// Of the arrivals and of seeded bodies.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Without an answer for so long, a request has failed; what waits for a connection so long after its step is not sent.
    #[arg(long, value_parser = parse_duration, default_value = "1s")]
    timeout: Duration,
    /// Stops to sleep so long before a request is due: costs CPU time, saves the time of waking up.
    #[arg(long, value_parser = parse_duration, default_value = "0us")]
    spin: Duration,
    /// A process of the server, whose CPU time to tell; may be given several times.
    #[arg(long = "pid")]
    pids: Vec<u32>,
    /// Writes all figures as JSON into a file, or to standard output with -.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Writes, for each 200 and 202, the place of its body and when it was read, in microseconds of the monotonic clock.
    #[arg(long)]
    pub answers: Option<PathBuf>,
    #[command(flatten)]
    pub bodies: BodyOptions,
    #[command(flatten)]
    pub exchange: ExchangeOptions,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct PaceOptions {
    /// Requests a second.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Several rates one after the other, e.g. 1000:10s,5000:10s
    #[arg(long, value_parser = read_schedule)]
    schedule: Option<Schedule>,
    /// As many as the connections carry; hides what a slow answer delays, so it only tells a limit.
    #[arg(long)]
    closed: bool,
}

#[derive(Args)]
#[command(next_help_heading = "Bodies")]
pub struct BodyOptions {
    /// Bid requests from a file, one JSON a line, instead of seeded ones.
    #[arg(long = "bodies")]
    pub file: Option<PathBuf>,
    /// The file's lines need not be bid requests; nothing can be recounted then.
    #[arg(long, requires = "file", conflicts_with = "asked")]
    pub any: bool,
    /// Distinct seeded bodies; sent in turn, and again from the first.
    #[arg(long, default_value_t = BodyPlan::default().count, value_parser = read_count)]
    body_count: usize,
    #[arg(long, default_value_t = BodyPlan::default().users, value_parser = clap::value_parser!(u64).range(1..))]
    users: u64,
    /// Exponent of the law by which users come: 0 is evenly.
    #[arg(long, default_value_t = BodyPlan::default().zipf_exponent, value_parser = read_exponent)]
    zipf: f64,
    /// Milliseconds that every request allows.
    #[arg(long, default_value_t = BodyPlan::default().tmax_ms)]
    tmax: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum ArrivalLaw {
    Constant,
    Poisson,
}

/// A type of its own, as clap takes a bare Vec for an option given several times.
#[derive(Clone)]
struct Schedule(Vec<Step>);

fn read_schedule(text: &str) -> Result<Schedule, String> {
    parse_schedule(text).map(Schedule)
}

impl Run {
    pub fn plan(&self) -> Plan {
        Plan {
            target: self.url.clone(),
            connections: self.connections,
            warm_up: self.warm_up,
            steps: self.steps(),
            law: match self.arrivals {
                ArrivalLaw::Constant => Law::Constant,
                ArrivalLaw::Poisson => Law::Poisson,
            },
            seed: self.seed,
            timeout: self.timeout,
            spin: self.spin,
            pids: self.pids.clone(),
        }
    }

    fn steps(&self) -> Vec<Step> {
        let duration = self.duration;
        match (&self.pace.schedule, self.pace.rate) {
            (Some(Schedule(steps)), _) => steps.clone(),
            (None, Some(rate_per_sec)) => vec![Step { pace: Pace::Open { rate_per_sec }, duration }],
            (None, None) => vec![Step { pace: Pace::Closed, duration }],
        }
    }
}

impl BodyOptions {
    pub fn plan(&self, seed: u64) -> BodyPlan {
        BodyPlan {
            count: self.body_count,
            seed,
            users: self.users,
            zipf_exponent: self.zipf,
            tmax_ms: self.tmax,
            ..BodyPlan::default()
        }
    }
}

fn read_count(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| format!("\"{text}\" is no count; give 1 or more"))
}

fn read_exponent(text: &str) -> Result<f64, String> {
    let exponent = text.parse().ok().filter(|exponent: &f64| exponent.is_finite() && *exponent >= 0.0);
    exponent.ok_or_else(|| format!("\"{text}\" is no exponent; give 0 or more"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn run(arguments: &str) -> Result<Run, String> {
        let all =
            ["load", "run", "--url", "http://127.0.0.1:1/"].into_iter().chain(arguments.split_whitespace());
        match Cli::try_parse_from(all).map_err(|error| error.to_string())?.command {
            Command::Run(run) => Ok(*run),
            Command::SelfTest => unreachable!("run was asked for"),
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_rate_a_schedule_or_a_closed_loop_become_steps() {
        let step = |pace, secs| Step { pace, duration: Duration::from_secs(secs) };
        let open = |rate_per_sec| Pace::Open { rate_per_sec };
        assert_eq!(run("--rate 5000").unwrap().steps(), [step(open(5000), 10)]);
        assert_eq!(run("--closed --for 3s").unwrap().steps(), [step(Pace::Closed, 3)]);
        let steps = run("--schedule 1:1s,2:2s").unwrap().steps();
        assert_eq!(steps, [step(open(1), 1), step(open(2), 2)]);
    }

    #[test]
    fn exactly_one_pace_is_taken() {
        assert!(run("").is_err());
        assert!(run("--rate 1 --closed").is_err());
        assert!(run("--rate 0").is_err());
        assert!(run("--schedule 1:1s --for 1s").is_err());
        assert!(run("--rate 1 --for 0s").is_err());
    }

    #[test]
    fn what_only_the_exchange_does_is_refused_without_one() {
        for option in ["--campaigns c.json", "--win-share 1", "--notice-delay 1s", "--drain 1s"] {
            assert!(run(&format!("--rate 1 {option}")).is_err(), "{option}");
            assert!(run(&format!("--rate 1 --exchange {option}")).is_ok(), "{option}");
            assert!(run(&format!("--rate 1 --recount {option}")).is_ok(), "{option}");
        }
    }

    #[test]
    fn bodies_that_are_no_bid_requests_come_from_a_file_and_are_not_recounted() {
        assert!(run("--rate 1 --bodies some.jsonl --any").is_ok());
        assert!(run("--rate 1 --any").is_err());
        assert!(run("--rate 1 --bodies some.jsonl --any --recount").is_err());
    }

    #[test]
    fn bodies_that_could_not_be_made_are_refused() {
        for option in ["--users 0", "--body-count 0", "--zipf=-1", "--zipf NaN", "--zipf inf"] {
            assert!(run(&format!("--rate 1 {option}")).is_err(), "{option}");
        }
        assert!(run("--rate 1 --users 1 --zipf 0").is_ok());
    }
}
