//! The way of the answers from the engine to the exchange: into a pooled buffer, over a bounded queue. Cheap on the
//! engine's thread: a copy, no allocation once the buffers have grown, no call of the system. When the exchange falls
//! behind, answers are dropped and counted, never waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

/// What a buffer holds at first: more than an answer with one bid, so that few buffers ever grow.
const BUFFER_BYTES: usize = 4 * 1024;
/// A longer answer is dropped: hundreds of bids, which no exchange takes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The engine's end.
pub struct Sink {
    free: Receiver<Vec<u8>>,
    full: SyncSender<Answer>,
    dropped: Arc<AtomicU64>,
}

/// The exchange's end.
pub(crate) struct Source {
    free: SyncSender<Vec<u8>>,
    full: Receiver<Answer>,
    dropped: Arc<AtomicU64>,
}

pub(crate) struct Answer {
    pub(crate) body_index: u32,
    pub(crate) answered_at: Instant,
    pub(crate) bytes: Vec<u8>,
}

/// At most `capacity` answers wait between the two.
pub(crate) fn answer_queue(capacity: usize) -> (Sink, Source) {
    let (give, free) = sync_channel(capacity);
    let (full, take) = sync_channel(capacity);
    for _ in 0..capacity {
        give.try_send(Vec::with_capacity(BUFFER_BYTES)).expect("as many places as buffers");
    }
    let dropped = Arc::new(AtomicU64::new(0));
    let source = Source { free: give, full: take, dropped: Arc::clone(&dropped) };
    (Sink { free, full, dropped }, source)
}

impl Sink {
    /// Takes the body of a 200 answer to the body with that index.
    pub fn answered(&mut self, body_index: u32, answered_at: Instant, body: &[u8]) {
        let kept = body.len() <= MAX_ANSWER_BYTES && self.hand_over(body_index, answered_at, body);
        if !kept {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn hand_over(&mut self, body_index: u32, answered_at: Instant, body: &[u8]) -> bool {
        let Ok(mut bytes) = self.free.try_recv() else { return false };
        bytes.extend_from_slice(body);
        // There are as many places as buffers: it fails only where the exchange has ended.
        self.full.try_send(Answer { body_index, answered_at, bytes }).is_ok()
    }
}

impl Source {
    pub(crate) fn next(&self) -> Option<Answer> {
        self.full.try_recv().ok()
    }

    pub(crate) fn give_back(&self, mut bytes: Vec<u8>) {
        bytes.clear();
        // Where the engine has ended, its buffers end too.
        let _ = self.free.try_send(bytes);
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_arrive_in_their_order_and_buffers_are_used_again() {
        let (mut sink, source) = answer_queue(2);
        let mut places = Vec::new();
        for round in 0..4_u32 {
            sink.answered(round, Instant::now(), &round.to_be_bytes());
            let answer = source.next().expect("an answer");
            assert_eq!((answer.body_index, answer.bytes.as_slice()), (round, &round.to_be_bytes()[..]));
            places.push(answer.bytes.as_ptr());
            source.give_back(answer.bytes);
        }
        assert_eq!((places[0], places[1]), (places[2], places[3]));
        assert_eq!(source.dropped(), 0);
    }

    #[test]
    fn what_finds_no_buffer_is_dropped_and_counted() {
        let (mut sink, source) = answer_queue(2);
        for index in 0..5 {
            sink.answered(index, Instant::now(), b"answer");
        }
        assert_eq!(source.dropped(), 3);
        assert_eq!(std::iter::from_fn(|| source.next()).count(), 2);
    }

    #[test]
    fn an_endless_answer_is_dropped() {
        let (mut sink, source) = answer_queue(1);
        sink.answered(0, Instant::now(), &vec![b' '; MAX_ANSWER_BYTES + 1]);
        sink.answered(1, Instant::now(), b"answer");
        assert_eq!((source.dropped(), source.next().map(|answer| answer.body_index)), (1, Some(1)));
    }

    #[test]
    fn an_exchange_that_has_ended_costs_answers_and_no_panic() {
        let (mut sink, source) = answer_queue(1);
        let dropped = Arc::clone(&sink.dropped);
        drop(source);
        sink.answered(0, Instant::now(), b"answer");
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    }
}
