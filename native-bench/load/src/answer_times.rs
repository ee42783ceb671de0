//! When each answer was read, for whoever compares that with what became of the request elsewhere.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

pub struct AnswerTimes {
    started: Instant,
    /// The same moment on the clock that all processes of the machine share.
    started_at: Duration,
    times: Vec<(u32, Instant)>,
}

impl Default for AnswerTimes {
    fn default() -> Self {
        let now = Duration::try_from(clock_gettime(ClockId::Monotonic));
        let started_at = now.expect("a clock that counts up from zero");
        Self { started: Instant::now(), started_at, times: Vec::new() }
    }
}

impl AnswerTimes {
    pub fn note(&mut self, body_index: u32, answered_at: Instant) {
        self.times.push((body_index, answered_at));
    }

    /// A line an answer: the place of its body, a space, microseconds of the monotonic clock.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        for &(body_index, answered_at) in &self.times {
            let at = self.started_at + answered_at.saturating_duration_since(self.started);
            writeln!(file, "{body_index} {}", at.as_micros())?;
        }
        file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn answers_stand_in_their_order_at_their_moments() {
        let path = std::env::temp_dir().join(format!("load-answers-{}.txt", std::process::id()));
        let mut times = AnswerTimes::default();
        let first = times.started + Duration::from_millis(5);
        times.note(7, first);
        times.note(3, first + Duration::from_micros(20));
        times.write(&path).expect("written");
        let text = fs::read_to_string(&path).expect("read");
        fs::remove_file(&path).expect("removed");
        let lines: Vec<(u32, u128)> = text
            .lines()
            .map(|line| line.split_once(' ').expect("two words"))
            .map(|(place, micros)| (place.parse().expect("a place"), micros.parse().expect("a time")))
            .collect();
        let at = (times.started_at + Duration::from_millis(5)).as_micros();
        assert_eq!(lines, [(7, at), (3, at + 20)]);
    }
}
