//! What bodies to make.

/// Seeded bodies, in the world of Gavel's seeded campaigns (src/campaigns/seeded.ts).
#[derive(Clone, Debug, PartialEq)]
pub struct BodyPlan {
    pub count: usize,
    pub seed: u64,
    /// How many users there are; the k-th comes with a share proportional to 1 / k^zipf_exponent.
    pub users: u64,
    pub zipf_exponent: f64,
    /// The `tmax` of every request.
    pub tmax_ms: u32,
    /// Of the requests, the share with two or three imps.
    pub several_imps_share: f64,
    /// Of the imps, the share that also offers deals.
    pub deal_share: f64,
    /// The `exp` of every imp: how long a bid's money is held. 0: not said.
    pub exp_sec: u32,
}

impl Default for BodyPlan {
    fn default() -> Self {
        Self {
            count: 20_000,
            seed: 1,
            users: 1_000_000,
            zipf_exponent: 1.1,
            // What exchanges allow; a bidder that is late by it does not bid.
            tmax_ms: 300,
            several_imps_share: 0.15,
            deal_share: 0.05,
            exp_sec: 300,
        }
    }
}
