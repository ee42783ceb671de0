//! Moments of the monotonic clock as times of day.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

pub(super) struct Clock {
    started: Instant,
    started_at: Timestamp,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), started_at: Timestamp::now() }
    }

    pub(super) fn at(&self, moment: Instant) -> Timestamp {
        let since = moment.saturating_duration_since(self.started);
        self.started_at + SignedDuration::try_from(since).unwrap_or(SignedDuration::MAX)
    }
}
