//! How the exchange behaves.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use crate::recount::Campaigns;
use crate::schedule::parse_duration;

/// Shares are of 0 to 1.
#[derive(Debug)]
pub struct ExchangePlan {
    pub seed: u64,
    /// Where every notice goes, whatever host its URL names: the bidder under test and nobody else.
    pub notices_to: SocketAddr,
    /// Connections for notices at most, beside those of the engine.
    pub connections: usize,
    /// Of the bids, the share that wins.
    pub win_share: f64,
    /// Of the others, the share that is told so; the rest hears nothing.
    pub loss_share: f64,
    /// Of the notices, the share that is sent a second time.
    pub duplicate_share: f64,
    /// Of the winners, the share whose billing notice is sent only after `late_delay`.
    pub late_share: f64,
    /// Of the winners, the share whose impression pixel is loaded.
    pub pixel_share: f64,
    /// Of the winners, the share that is clicked.
    pub click_share: f64,
    /// From the answer to the first notice; from that to the next one it is as long again.
    pub notice_delay: DelayRange,
    pub late_delay: Duration,
    /// How long notices are still sent once the engine has ended.
    pub drain_limit: Duration,
    /// Answers that may wait for the exchange; beyond it they are dropped and counted.
    pub waiting_answers: usize,
    /// What the sums are held against; None: only the answers against their requests.
    pub campaigns: Option<Campaigns>,
}

impl ExchangePlan {
    pub fn new(notices_to: SocketAddr) -> Self {
        Self {
            seed: 1,
            notices_to,
            connections: 64,
            win_share: 0.3,
            loss_share: 0.5,
            duplicate_share: 0.02,
            late_share: 0.0,
            pixel_share: 0.0,
            click_share: 0.0,
            notice_delay: DelayRange { least: Duration::from_millis(50), most: Duration::from_secs(2) },
            late_delay: Duration::from_secs(5),
            drain_limit: Duration::from_secs(10),
            // A fifth of a second at 80,000 a second.
            waiting_answers: 16_384,
            campaigns: None,
        }
    }
}

/// Any time from `least` to `most`, all alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelayRange {
    pub least: Duration,
    pub most: Duration,
}

impl FromStr for DelayRange {
    type Err = String;

    /// `50ms..2s`, or one time for both.
    fn from_str(text: &str) -> Result<Self, String> {
        let (least, most) = text.split_once("..").unwrap_or((text, text));
        let (least, most) = (parse_duration(least)?, parse_duration(most)?);
        if least > most {
            return Err(format!("\"{text}\" ends before it begins"));
        }
        Ok(Self { least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_delays_is_two_times_or_one() {
        let range = |least, most| {
            let [least, most] = [least, most].map(Duration::from_millis);
            Ok(DelayRange { least, most })
        };
        assert_eq!("50ms..2s".parse(), range(50, 2_000));
        assert_eq!("1s".parse(), range(1_000, 1_000));
        assert!("2s..1s".parse::<DelayRange>().is_err());
        assert!("soon".parse::<DelayRange>().is_err());
    }
}
