//! Which user comes: a few come all the time, most come once.

use rand::Rng;
use rand_distr::{Distribution, Zipf};

/// Users by rank: the k-th with a share proportional to 1 / k^exponent. Exponent 0: all alike.
#[derive(Clone, Debug)]
pub(crate) struct Users(Zipf<f64>);

impl Users {
    /// Panics for no users at all and for a negative exponent.
    pub(crate) fn new(count: u64, exponent: f64) -> Self {
        Self(Zipf::new(count as f64, exponent).expect("one user or more, and an exponent of 0 or more"))
    }

    /// A rank, 1 the commonest.
    pub(crate) fn pick(&self, random: &mut impl Rng) -> u64 {
        self.0.sample(random) as u64
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    use super::*;

    const SEED: u64 = 20_261_121;
    const DRAWS: u32 = 400_000;

    #[test]
    fn ranks_come_as_often_as_the_law_says() {
        const USERS: u64 = 1_000;
        let exponent = 1.1;
        let users = Users::new(USERS, exponent);
        let mut random = Pcg64Mcg::seed_from_u64(SEED);
        let mut seen = vec![0_u32; USERS as usize + 1];
        for _ in 0..DRAWS {
            seen[users.pick(&mut random) as usize] += 1;
        }
        let weight = |rank: u64| (rank as f64).powf(-exponent);
        let total: f64 = (1..=USERS).map(weight).sum();
        for rank in [1, 2, 3, 10, 50, 200] {
            let expected = f64::from(DRAWS) * weight(rank) / total;
            let found = f64::from(seen[rank as usize]);
            // Five standard deviations of the count.
            assert!((found - expected).abs() < 5.0 * expected.sqrt(), "rank {rank}: {found}, not {expected}");
        }
    }

    #[test]
    fn an_exponent_of_zero_makes_all_alike() {
        let users = Users::new(4, 0.0);
        let mut random = Pcg64Mcg::seed_from_u64(SEED);
        let first = (0..DRAWS).filter(|_| users.pick(&mut random) == 1).count() as f64;
        assert!((first / f64::from(DRAWS) - 0.25).abs() < 0.01);
    }
}
