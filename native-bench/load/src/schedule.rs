//! Which rates are asked for, one after the other, and for how long.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// So many requests a second, whatever the server does.
    Open { rate_per_sec: u32 },
    /// As many as the connections carry: the next request follows an answer.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub pace: Pace,
    pub duration: Duration,
}

/// `1000:10s,5000:500ms`: steps of a rate a second and a duration.
pub fn parse_schedule(text: &str) -> Result<Vec<Step>, String> {
    text.split(',').map(parse_step).collect()
}

/// A longer time than a day is a slip of the keyboard.
const LONGEST: Duration = Duration::from_hours(24);

/// `250us`, `500ms`, `10s`, `2m`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let amount: u64 =
        digits.parse().map_err(|_| format!("\"{text}\" is no duration; write it like 500ms or 10s"))?;
    let duration = match &text[digits.len()..] {
        "us" => Duration::from_micros(amount),
        "ms" => Duration::from_millis(amount),
        "s" => Duration::from_secs(amount),
        "m" => Duration::from_secs(amount.saturating_mul(60)),
        unit => return Err(format!("\"{unit}\" is no unit of time; take us, ms, s or m")),
    };
    if duration > LONGEST {
        return Err(format!("\"{text}\" is more than a day; give less"));
    }
    Ok(duration)
}

/// How long a rate is kept up: a step in which nothing is due would have kept any.
pub fn parse_step_duration(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err(format!("\"{text}\" is no time to measure in; give more than 0")),
        duration => Ok(duration),
    }
}

fn parse_step(text: &str) -> Result<Step, String> {
    let (rate, duration) =
        text.split_once(':').ok_or_else(|| format!("\"{text}\" is no step; write it like 1000:10s"))?;
    let rate_per_sec = rate
        .parse()
        .ok()
        .filter(|&rate: &u32| rate > 0)
        .ok_or_else(|| format!("\"{rate}\" is no rate; give whole requests a second, at least 1"))?;
    Ok(Step { pace: Pace::Open { rate_per_sec }, duration: parse_step_duration(duration)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_read_step_by_step() {
        let step = |rate_per_sec, millis| Step {
            pace: Pace::Open { rate_per_sec },
            duration: Duration::from_millis(millis),
        };
        assert_eq!(
            parse_schedule("1000:10s,5000:500ms,20:2m"),
            Ok(vec![step(1000, 10_000), step(5000, 500), step(20, 120_000)])
        );
    }

    #[test]
    fn what_is_no_schedule_is_refused_by_name() {
        for (text, named) in [
            ("1000", "\"1000\" is no step"),
            ("0:1s", "\"0\" is no rate"),
            ("x:1s", "\"x\" is no rate"),
            ("1:s", "\"s\" is no duration"),
            ("1:1h", "\"h\" is no unit"),
            ("1:0s", "\"0s\" is no time to measure in"),
            ("1:1441m", "\"1441m\" is more than a day"),
            ("1:18446744073709551615m", "\"18446744073709551615m\" is more than a day"),
        ] {
            let told = parse_schedule(text).expect_err(text);
            assert!(told.starts_with(named), "{told}");
        }
    }
}
