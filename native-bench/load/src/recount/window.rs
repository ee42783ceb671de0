//! The fixed windows of frequency caps, and the days of budgets.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Window {
    Minute,
    Hour,
    Day,
    Week,
    Lifetime,
}

const SECONDS_OF_MINUTE: i64 = 60;
const SECONDS_OF_HOUR: i64 = 3_600;
const EPOCH: Date = Date::constant(1970, 1, 1);
/// 1970-01-01 was a Thursday: the days from the Monday before it.
const EPOCH_WEEKDAY: i64 = 3;

impl Window {
    /// The number of the window that holds the moment: minutes and hours in UTC, days and weeks (from Monday) in the zone.
    pub(crate) fn number(self, at: Timestamp, zone: &TimeZone) -> i64 {
        match self {
            Self::Minute => at.as_second().div_euclid(SECONDS_OF_MINUTE),
            Self::Hour => at.as_second().div_euclid(SECONDS_OF_HOUR),
            Self::Day => day_number(at, zone),
            Self::Week => (day_number(at, zone) + EPOCH_WEEKDAY).div_euclid(7),
            Self::Lifetime => 0,
        }
    }

    /// The number of the window that holds both moments and all between them.
    pub(crate) fn holding(self, from: Timestamp, to: Timestamp, zone: &TimeZone) -> Option<i64> {
        let number = self.number(from, zone);
        (self.number(to, zone) == number).then_some(number)
    }
}

fn day_number(at: Timestamp, zone: &TimeZone) -> i64 {
    let date = zone.to_datetime(at).date();
    i64::from((date - EPOCH).get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(window: Window, at: &str, zone: &str) -> i64 {
        window.number(at.parse().expect("a time"), &TimeZone::get(zone).expect("a zone"))
    }

    #[test]
    fn a_day_begins_at_midnight_of_the_zone() {
        let day = |at| number(Window::Day, at, "America/New_York");
        assert_eq!(day("2026-11-21T04:59:59Z") + 1, day("2026-11-21T05:00:00Z"));
        // The day on which the clocks go back has 25 hours.
        assert_eq!(day("2026-11-01T04:00:00Z"), day("2026-11-02T04:59:59Z"));
        assert_eq!(number(Window::Day, "1970-01-02T00:00:00Z", "UTC"), 1);
    }

    #[test]
    fn a_week_begins_on_monday() {
        let week = |at| number(Window::Week, at, "UTC");
        assert_eq!(week("2026-11-22T23:59:59Z") + 1, week("2026-11-23T00:00:00Z"));
        assert_eq!(week("2026-11-23T00:00:00Z"), week("2026-11-29T23:59:59Z"));
        assert_eq!(week("1969-12-29T00:00:00Z"), 0);
    }

    #[test]
    fn minutes_and_hours_are_those_of_utc_and_a_lifetime_is_one() {
        for (window, last, next) in [
            (Window::Minute, "2026-11-21T10:00:59.9Z", "2026-11-21T10:01:00Z"),
            (Window::Hour, "2026-11-21T10:59:59.9Z", "2026-11-21T11:00:00Z"),
        ] {
            assert_eq!(number(window, last, "Asia/Kolkata") + 1, number(window, next, "Asia/Kolkata"));
        }
        assert_eq!(number(Window::Lifetime, "2026-11-21T10:00:00Z", "UTC"), 0);
    }

    #[test]
    fn a_stretch_over_a_boundary_is_in_no_window() {
        let zone = TimeZone::UTC;
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        assert_eq!(
            Window::Minute.holding(at("2026-11-21T10:00:59Z"), at("2026-11-21T10:01:01Z"), &zone),
            None
        );
        assert!(
            Window::Hour.holding(at("2026-11-21T10:00:59Z"), at("2026-11-21T10:01:01Z"), &zone).is_some()
        );
    }
}
