//! Whether a step's rate was kept, and if not, who was in the way.

use std::time::Duration;

use serde::Serialize;

use crate::tally::Tally;

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Kept,
    /// A result: the server answered less than was asked, or fell behind the schedule.
    ServerBehind,
    /// No result: load itself was late, or had no time left, so nothing is known of the server.
    LoadBehind,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::ServerBehind => "server-behind",
            Self::LoadBehind => "load-behind",
        }
    }
}

/// Of a thousand requests, so many must be sent on schedule as far as load is concerned: its lateness stays below a
/// millisecond up to the 99th percentile. What lies beyond is in the latencies, and told beside them.
const ON_SCHEDULE_PER_MILLE: u64 = 990;
/// Of a thousand requests, so many must be answered.
const ANSWERED_PER_MILLE: u64 = 999;
/// A server this far behind at the step's end didn't just pause, it falls behind.
const BEHIND_AFTER: Duration = Duration::from_millis(100);
/// Below this share of idle time load's own thread is the bottleneck, and requests may wait because of it.
const MIN_IDLE_SHARE: f64 = 0.02;

pub fn judge(tally: &Tally) -> Verdict {
    let own_on_time = tally.scheduled - tally.own_late_sends;
    if own_on_time * 1000 < tally.scheduled * ON_SCHEDULE_PER_MILLE {
        return Verdict::LoadBehind;
    }
    let server_kept =
        tally.answered * 1000 >= tally.scheduled * ANSWERED_PER_MILLE && tally.oldest_waiting <= BEHIND_AFTER;
    let idle_share = tally.idle.as_secs_f64() / tally.elapsed.as_secs_f64();
    match (server_kept, idle_share >= MIN_IDLE_SHARE) {
        (true, _) => Verdict::Kept,
        (false, true) => Verdict::ServerBehind,
        (false, false) => Verdict::LoadBehind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Tally {
        Tally {
            scheduled: 10_000,
            sent: 10_000,
            answered: 10_000,
            idle: Duration::from_secs(5),
            elapsed: Duration::from_secs(10),
            ..Tally::default()
        }
    }

    #[test]
    fn a_rate_is_kept_when_all_was_sent_in_time_and_answered() {
        assert_eq!(judge(&sound()), Verdict::Kept);
    }

    #[test]
    fn load_is_behind_when_more_than_one_in_a_hundred_left_late_by_its_own_doing() {
        let late = |own_late_sends| judge(&Tally { own_late_sends, ..sound() });
        assert_eq!(late(100), Verdict::Kept);
        assert_eq!(late(101), Verdict::LoadBehind);
    }

    #[test]
    fn the_server_is_behind_when_it_leaves_more_than_one_in_a_thousand_unanswered() {
        let answered = |answered| judge(&Tally { answered, ..sound() });
        assert_eq!(answered(9_990), Verdict::Kept);
        assert_eq!(answered(9_989), Verdict::ServerBehind);
    }

    #[test]
    fn the_server_is_behind_when_requests_still_wait_long_at_the_end() {
        let waiting = |oldest_waiting| judge(&Tally { oldest_waiting, ..sound() });
        assert_eq!(waiting(BEHIND_AFTER), Verdict::Kept);
        assert_eq!(waiting(BEHIND_AFTER + Duration::from_millis(1)), Verdict::ServerBehind);
    }

    #[test]
    fn a_pause_that_is_made_up_for_leaves_the_rate_kept() {
        let late_sends = 2_000;
        assert_eq!(judge(&Tally { late_sends, queued: 2_000, ..sound() }), Verdict::Kept);
    }

    #[test]
    fn the_server_is_not_blamed_while_load_has_no_time_left() {
        let tally =
            Tally { oldest_waiting: Duration::from_secs(1), idle: Duration::from_millis(100), ..sound() };
        assert_eq!(judge(&tally), Verdict::LoadBehind);
    }
}
