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

/// `250us`, `500ms`, `10s`, `2m`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let amount: u64 =
        digits.parse().map_err(|_| format!("\"{text}\" is no duration; write it like 500ms or 10s"))?;
    match &text[digits.len()..] {
        "us" => Ok(Duration::from_micros(amount)),
        "ms" => Ok(Duration::from_millis(amount)),
        "s" => Ok(Duration::from_secs(amount)),
        "m" => Ok(Duration::from_secs(amount * 60)),
        unit => Err(format!("\"{unit}\" is no unit of time; take us, ms, s or m")),
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
    Ok(Step { pace: Pace::Open { rate_per_sec }, duration: parse_duration(duration)? })
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
        ] {
            let told = parse_schedule(text).expect_err(text);
            assert!(told.starts_with(named), "{told}");
        }
    }
}
