//! What is counted and timed in one step.

use std::time::Duration;

use hdrhistogram::Histogram;

/// A request later than this left too late to count as sent on schedule.
pub const LATE_AFTER: Duration = Duration::from_millis(1);
/// The largest time kept apart; above any timeout that makes sense against a bidder.
const MAX_MICROS: u64 = 120_000_000;
/// A recorded time is off by less than a thousandth.
const SIGNIFICANT_DIGITS: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ErrorKind {
    /// No connection could be made.
    Connect,
    /// The connection ended between the request and its answer.
    Reset,
    Timeout,
    Malformed,
    Chunked,
    TooLong,
}

impl ErrorKind {
    pub const ALL: [Self; 6] =
        [Self::Connect, Self::Reset, Self::Timeout, Self::Malformed, Self::Chunked, Self::TooLong];

    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Malformed => "malformed",
            Self::Chunked => "chunked",
            Self::TooLong => "tooLong",
        }
    }
}

/// Times of one kind, in microseconds.
pub struct Times(Histogram<u64>);

impl Times {
    pub fn new() -> Self {
        Self(Histogram::new_with_max(MAX_MICROS, SIGNIFICANT_DIGITS).expect("sound bounds"))
    }

    pub fn record(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(MAX_MICROS);
        self.0.saturating_record(micros);
    }

    pub fn quantile_micros(&self, quantile: f64) -> u64 {
        self.0.value_at_quantile(quantile)
    }

    pub fn max_micros(&self) -> u64 {
        self.0.max()
    }

    pub fn mean_micros(&self) -> f64 {
        self.0.mean()
    }
}

impl Default for Times {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Default)]
pub struct Tally {
    /// Requests that the schedule asked for.
    pub scheduled: u64,
    /// Requests that were written, at least in part.
    pub sent: u64,
    pub answered: u64,
    /// Of the answered, those that came before the step ended.
    pub answered_within: u64,
    pub ok200: u64,
    pub no_content204: u64,
    pub other: u64,
    /// By the place of their kind in ErrorKind::ALL.
    pub errors: [u64; ErrorKind::ALL.len()],
    /// Sent later than LATE_AFTER, for whatever reason.
    pub late_sends: u64,
    /// Noticed, or sent though a connection was free, later than LATE_AFTER: by load's own doing.
    pub own_late_sends: u64,
    /// Waited for a connection.
    pub queued: u64,
    /// From the intended time to the answer. What timed out or was never sent is in it with the time that it had waited
    /// by then: else the slowest requests would be the ones left out.
    pub latency: Times,
    /// From the intended time to the write.
    pub lateness: Times,
    /// The part of the lateness that is load's own doing.
    pub own_lateness: Times,
    /// From the write to the answer.
    pub server: Times,
    /// When the step ended: how long its oldest request had waited for a connection.
    pub oldest_waiting: Duration,
    /// Time in which load had nothing to do.
    pub idle: Duration,
    /// From the step's start until nothing of it was left to wait for.
    pub elapsed: Duration,
}

impl Tally {
    pub fn error(&mut self, kind: ErrorKind) {
        self.errors[kind as usize] += 1;
    }

    pub fn errors_of(&self, kind: ErrorKind) -> u64 {
        self.errors[kind as usize]
    }

    pub fn answer(&mut self, status: u16) {
        self.answered += 1;
        match status {
            200 => self.ok200 += 1,
            204 => self.no_content204 += 1,
            _ => self.other += 1,
        }
    }

    pub fn own_delay(&mut self, delay: Duration) {
        self.own_lateness.record(delay);
        if delay > LATE_AFTER {
            self.own_late_sends += 1;
        }
    }

    pub fn send(&mut self, lateness: Duration) {
        self.sent += 1;
        self.lateness.record(lateness);
        if lateness > LATE_AFTER {
            self.late_sends += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_thousandth() {
        let mut times = Times::new();
        for micros in 1..=100_000 {
            times.record(Duration::from_micros(micros));
        }
        for (quantile, micros) in [(0.5, 50_000.0), (0.9, 90_000.0), (0.99, 99_000.0), (0.999, 99_900.0)] {
            let told = times.quantile_micros(quantile) as f64;
            assert!((told / micros - 1.0).abs() < 0.001, "{quantile}: {told}");
        }
        assert!((times.mean_micros() / 50_000.5 - 1.0).abs() < 0.001);
        assert!(times.max_micros() >= 100_000);
    }

    #[test]
    fn a_time_above_the_largest_is_kept_as_the_largest() {
        let mut times = Times::new();
        times.record(Duration::from_secs(100_000));
        assert!(times.max_micros() >= MAX_MICROS);
    }

    #[test]
    fn answers_are_counted_by_status_and_errors_by_kind() {
        let mut tally = Tally::default();
        for status in [200, 200, 204, 500] {
            tally.answer(status);
        }
        tally.error(ErrorKind::Timeout);
        assert_eq!((tally.answered, tally.ok200, tally.no_content204, tally.other), (4, 2, 1, 1));
        for kind in ErrorKind::ALL {
            assert_eq!(tally.errors_of(kind), u64::from(kind == ErrorKind::Timeout), "{}", kind.name());
        }
    }

    #[test]
    fn a_send_is_late_only_above_the_limit() {
        let mut tally = Tally::default();
        tally.send(LATE_AFTER);
        tally.send(LATE_AFTER + Duration::from_nanos(1));
        assert_eq!((tally.sent, tally.late_sends, tally.own_late_sends), (2, 1, 0));
    }
}
