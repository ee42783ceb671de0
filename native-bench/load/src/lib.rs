//! load: asks a bidder for bids at a rate of its own choosing, and recounts what it answers.

pub mod answer_times;
pub mod answers;
pub mod arrivals;
pub mod bodies;
pub mod cli;
pub mod connection;
pub mod engine;
pub mod exchange;
pub mod http;
pub mod measurement;
pub mod money;
pub mod pool;
pub mod process;
pub mod recount;
pub mod report;
pub mod schedule;
pub mod self_test;
pub mod slot;
pub mod table;
pub mod tally;
pub mod target;
pub mod verdict;
pub mod watch;
pub mod wrong_bidder;
