//! When requests are due, as an exchange sends them: by a law and a seed, not by when answers come.

use std::time::Duration;

use rand::SeedableRng;
use rand_distr::{Distribution, Exp};
use rand_pcg::Pcg64;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// The same gap between any two.
    Constant,
    /// Independent of each other, as requests of many users are: gaps by an exponential law.
    Poisson,
}

impl Law {
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Poisson => "poisson",
        }
    }
}

/// The times at which requests are due, counted from the step's start; ends with the step.
pub struct Arrivals {
    gaps: Gaps,
    duration: Duration,
}

enum Gaps {
    Constant { rate_per_sec: u64, count: u64 },
    Poisson { law: Exp<f64>, random: Box<Pcg64>, at_sec: f64 },
}

const NANOS_PER_SEC: u64 = 1_000_000_000;

impl Arrivals {
    pub fn new(law: Law, rate_per_sec: u32, duration: Duration, seed: u64) -> Self {
        assert!(rate_per_sec > 0, "a rate is at least 1 a second");
        let gaps = match law {
            Law::Constant => Gaps::Constant { rate_per_sec: u64::from(rate_per_sec), count: 0 },
            Law::Poisson => Gaps::Poisson {
                law: Exp::new(f64::from(rate_per_sec)).expect("a positive rate"),
                random: Box::new(Pcg64::seed_from_u64(seed)),
                at_sec: 0.0,
            },
        };
        Self { gaps, duration }
    }
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let due = match &mut self.gaps {
            // Multiplied before divided, so that no rounding adds up over a long step.
            Gaps::Constant { rate_per_sec, count } => {
                let whole_sec = *count / *rate_per_sec;
                let nanos = *count % *rate_per_sec * NANOS_PER_SEC / *rate_per_sec;
                *count += 1;
                Duration::from_secs(whole_sec) + Duration::from_nanos(nanos)
            }
            Gaps::Poisson { law, random, at_sec } => {
                *at_sec += law.sample(random);
                Duration::from_secs_f64(*at_sec)
            }
        };
        (due < self.duration).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE_PER_SEC: u32 = 20_000;
    const DURATION: Duration = Duration::from_secs(10);

    fn gaps_sec(seed: u64) -> Vec<f64> {
        let mut before = Duration::ZERO;
        Arrivals::new(Law::Poisson, RATE_PER_SEC, DURATION, seed)
            .map(|due| (due - std::mem::replace(&mut before, due)).as_secs_f64())
            .collect()
    }

    #[test]
    fn constant_arrivals_are_evenly_spaced_and_exactly_as_many() {
        let dues: Vec<_> = Arrivals::new(Law::Constant, 3, Duration::from_secs(100), 1).collect();
        assert_eq!(dues.len(), 300);
        assert_eq!(dues[0], Duration::ZERO);
        assert_eq!(dues[1], Duration::from_nanos(333_333_333));
        assert_eq!(dues[299], Duration::from_nanos(99_666_666_666));
    }

    #[test]
    fn poisson_arrivals_keep_the_rate_in_the_mean() {
        for seed in 0..5 {
            let count = gaps_sec(seed).len() as f64;
            // Five standard deviations of a Poisson count.
            let expected = f64::from(RATE_PER_SEC) * DURATION.as_secs_f64();
            assert!((count - expected).abs() < 5.0 * expected.sqrt(), "seed {seed}: {count}");
        }
    }

    #[test]
    fn poisson_gaps_follow_the_exponential_law() {
        for seed in 0..5 {
            let mut gaps = gaps_sec(seed);
            gaps.sort_by(f64::total_cmp);
            let count = gaps.len() as f64;
            // Kolmogorov and Smirnov: the largest distance between the measured distribution and the law.
            let distance = gaps.iter().enumerate().fold(0.0_f64, |largest, (rank, gap)| {
                let law = 1.0 - (-gap * f64::from(RATE_PER_SEC)).exp();
                largest.max((law - (rank as f64 + 0.5) / count).abs())
            });
            // 1.95 / √n is passed by chance once in a thousand times; the seeds are fixed.
            assert!(distance < 1.95 / count.sqrt(), "seed {seed}: {distance}");
        }
    }

    #[test]
    fn a_seed_always_gives_the_same_arrivals() {
        assert_eq!(gaps_sec(7), gaps_sec(7));
        assert_ne!(gaps_sec(7), gaps_sec(8));
    }
}
