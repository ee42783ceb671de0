//! The options of the exchange behind the load.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::exchange::{DelayRange, ExchangePlan};
use crate::recount::Campaigns;
use crate::schedule::parse_duration;

/// --exchange or --recount: without one of them no other option here means anything.
const ASKED: &str = "asked";

#[derive(Args)]
#[command(next_help_heading = "Exchange")]
pub struct ExchangeOptions {
    /// Reads and recounts the answers, lets a share of the bids win, and sends their notices.
    #[arg(long, group = ASKED)]
    exchange: bool,
    /// As --exchange, and fails where an answer could not be recounted.
    #[arg(long, group = ASKED)]
    pub recount: bool,
    /// Campaigns as GET /campaigns answers, whose budgets and caps the sums are held against.
    #[arg(long, requires = ASKED)]
    campaigns: Option<PathBuf>,
    /// Of the bids, the share that wins.
    #[arg(long, requires = ASKED, default_value_t = 0.3, value_parser = read_share)]
    win_share: f64,
    /// Of the others, the share that is told so.
    #[arg(long, requires = ASKED, default_value_t = 0.5, value_parser = read_share)]
    loss_share: f64,
    /// Of the notices, the share that is sent twice.
    #[arg(long, requires = ASKED, default_value_t = 0.02, value_parser = read_share)]
    duplicate_share: f64,
    /// Of the winners, the share that is billed only after --late-delay.
    #[arg(long, requires = ASKED, default_value_t = 0.0, value_parser = read_share)]
    late_share: f64,
    /// Of the winners, the share whose impression pixel is loaded.
    #[arg(long, requires = ASKED, default_value_t = 0.0, value_parser = read_share)]
    pixel_share: f64,
    /// Of the winners, the share that is clicked.
    #[arg(long, requires = ASKED, default_value_t = 0.0, value_parser = read_share)]
    click_share: f64,
    /// From an answer to its first notice, and from that to the next.
    #[arg(long, requires = ASKED, default_value = "50ms..2s")]
    notice_delay: DelayRange,
    #[arg(long, requires = ASKED, default_value = "5s", value_parser = parse_duration)]
    late_delay: Duration,
    /// How long notices are still sent after the last step.
    #[arg(long, requires = ASKED, default_value = "10s", value_parser = parse_duration)]
    drain: Duration,
    /// Connections for notices at most, beside the measured ones.
    #[arg(long, requires = ASKED, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    notice_connections: u16,
}

impl ExchangeOptions {
    /// None where no exchange was asked for.
    pub fn plan(&self, notices_to: SocketAddr, seed: u64) -> io::Result<Option<ExchangePlan>> {
        if !self.exchange && !self.recount {
            return Ok(None);
        }
        Ok(Some(ExchangePlan {
            seed,
            connections: usize::from(self.notice_connections),
            win_share: self.win_share,
            loss_share: self.loss_share,
            duplicate_share: self.duplicate_share,
            late_share: self.late_share,
            pixel_share: self.pixel_share,
            click_share: self.click_share,
            notice_delay: self.notice_delay,
            late_delay: self.late_delay,
            drain_limit: self.drain,
            campaigns: self.campaigns.as_deref().map(Campaigns::from_file).transpose()?,
            ..ExchangePlan::new(notices_to)
        }))
    }
}

fn read_share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("\"{text}\" is no share; give a number from 0 to 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_number_from_0_to_1() {
        assert_eq!(read_share("0.3"), Ok(0.3));
        for text in ["1.1", "-0.1", "NaN", "some"] {
            assert!(read_share(text).is_err(), "{text}");
        }
    }
}
