//! Sends requests when they are due and times their answers, on the thread that calls it.
//!
//! Open loop: a request is due at its intended time whatever the server does. If no connection is free then, it
//! waits in a queue, and its latency counts from the intended time all the same.

use std::collections::VecDeque;
use std::io;
use std::iter::Peekable;
use std::time::{Duration, Instant};

use crate::arrivals::{Arrivals, Law};
use crate::bodies::Bodies;
use crate::pool::Pool;
use crate::schedule::{Pace, Step};
use crate::slot::{Flight, Launch, Turn};
use crate::tally::{ErrorKind, Tally};

/// How often requests are looked through for those that have waited too long for an answer.
const EXPIRE_EVERY: Duration = Duration::from_millis(20);
/// A wait shorter than this slept for nothing: the events were there already.
const READY_WITHIN: Duration = Duration::from_micros(5);
/// Waiting requests that fit without more memory: a second at the highest rates.
const QUEUE_ROOM: usize = 1 << 16;

pub struct Engine<'a, S> {
    pub pool: Pool,
    pub bodies: &'a Bodies,
    pub law: Law,
    pub seed: u64,
    /// Without an answer for so long, a request has failed. What waits for a connection so long after a step's end
    /// is never sent.
    pub timeout: Duration,
    /// So long before a request is due it stops to sleep, and asks again and again instead.
    pub spin: Duration,
    /// Gets every 200 and 202: the place of its request's body, when it was read, its bytes.
    pub sink: S,
    /// The body of the next request; goes on over all steps.
    pub next_body: usize,
}

impl<S: FnMut(u32, Instant, &[u8])> Engine<'_, S> {
    /// Runs one step to its last answer.
    pub fn run(&mut self, step: Step) -> io::Result<Tally> {
        let due = match step.pace {
            Pace::Open { rate_per_sec } => {
                Due::At(Arrivals::new(self.law, rate_per_sec, step.duration, self.seed).peekable())
            }
            Pace::Closed => Due::WhenFree,
        };
        // The next step's arrivals are others.
        self.seed = self.seed.wrapping_add(1);
        let start = Instant::now();
        let run = Run {
            engine: self,
            due,
            queue: VecDeque::with_capacity(QUEUE_ROOM),
            tally: Tally::default(),
            start,
            end: start + step.duration,
            now: start,
            expire_at: start + EXPIRE_EVERY,
            ended: false,
        };
        run.complete()
    }
}

enum Due {
    At(Peekable<Arrivals>),
    WhenFree,
}

struct Run<'e, 'a, S> {
    engine: &'e mut Engine<'a, S>,
    due: Due,
    /// Intended times of the requests that wait for a connection.
    queue: VecDeque<Instant>,
    tally: Tally,
    start: Instant,
    end: Instant,
    /// Read when it matters, not more often: a reading is not free.
    now: Instant,
    expire_at: Instant,
    ended: bool,
}

impl<S: FnMut(u32, Instant, &[u8])> Run<'_, '_, S> {
    fn complete(mut self) -> io::Result<Tally> {
        loop {
            self.now = Instant::now();
            self.launch();
            if self.now >= self.expire_at {
                self.expire();
            }
            if self.now >= self.end {
                self.end();
                if self.queue.is_empty() && self.engine.pool.in_flight() == 0 {
                    self.tally.elapsed = self.now - self.start;
                    return Ok(self.tally);
                }
            }
            for index in 0..self.wait()? {
                self.turn(index);
                self.launch();
            }
        }
    }

    /// Sends what is due, first what waits already.
    fn launch(&mut self) {
        while self.engine.pool.has_free()
            && let Some(intended) = self.queue.pop_front()
        {
            self.now = Instant::now();
            self.send(intended);
        }
        while let Some(intended) = self.take_due() {
            self.tally.scheduled += 1;
            if self.engine.pool.has_free() {
                self.now = Instant::now();
                self.tally.own_delay(self.now - intended);
                self.send(intended);
            } else {
                self.tally.own_delay(self.now - intended);
                self.tally.queued += 1;
                self.queue.push_back(intended);
            }
        }
    }

    /// The intended time of the next request, once it has come.
    fn take_due(&mut self) -> Option<Instant> {
        match &mut self.due {
            Due::At(arrivals) => {
                let past = self.now - self.start;
                arrivals.next_if(|&due| due <= past).map(|due| self.start + due)
            }
            Due::WhenFree => (self.now < self.end && self.engine.pool.has_free()).then(Instant::now),
        }
    }

    fn send(&mut self, intended: Instant) {
        let engine = &mut *self.engine;
        let body_index = engine.next_body;
        engine.next_body = (body_index + 1) % engine.bodies.len();
        let flight = Flight {
            intended,
            launched: self.now,
            written: self.now,
            body_index: u32::try_from(body_index).expect("fewer bodies than memory holds"),
        };
        match engine.pool.launch(flight, engine.bodies.body(body_index)) {
            Launch::Sent => self.tally.send(self.now - intended),
            Launch::Connecting => {}
            Launch::Failed(kind) => self.tally.error(kind),
        }
    }

    fn turn(&mut self, index: usize) {
        let (place, turn) = self.engine.pool.turn(index);
        match turn {
            Turn::Nothing => {}
            Turn::Sent(flight) => self.tally.send(flight.written - flight.intended),
            Turn::Failed(kind) => self.tally.error(kind),
            Turn::Answered { flight, status } => {
                self.now = Instant::now();
                self.tally.answer(status);
                self.tally.answered_within += u64::from(self.now < self.end);
                self.tally.latency.record(self.now - flight.intended);
                self.tally.server.record(self.now - flight.written);
                if matches!(status, 200 | 202) {
                    (self.engine.sink)(flight.body_index, self.now, self.engine.pool.body(place));
                }
                self.engine.pool.release(place);
            }
        }
    }

    fn expire(&mut self) {
        self.expire_at = self.now + EXPIRE_EVERY;
        if let Some(before) = self.now.checked_sub(self.engine.timeout) {
            self.engine.pool.expire(before, |flight| {
                self.tally.error(ErrorKind::Timeout);
                self.tally.latency.record(self.now - flight.intended);
            });
        }
    }

    fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            let oldest = self.queue.front().copied().unwrap_or(self.now);
            self.tally.oldest_waiting = self.now - oldest;
        }
        if self.now >= self.end + self.engine.timeout {
            for intended in self.queue.drain(..) {
                self.tally.latency.record(self.now - intended);
            }
        }
    }

    /// Sleeps until something happens or is to be done; returns how much has happened.
    fn wait(&mut self) -> io::Result<usize> {
        let before = Instant::now();
        let due = match &mut self.due {
            Due::At(arrivals) => arrivals.peek().map(|&due| self.start + due),
            Due::WhenFree => None,
        };
        let mut wake = due.map_or(self.expire_at, |due| due.min(self.expire_at));
        if !self.ended {
            wake = wake.min(self.end);
        }
        let left = wake.saturating_duration_since(before);
        let at_most = if left <= self.engine.spin { Duration::ZERO } else { left - self.engine.spin };
        let count = self.engine.pool.wait(at_most)?;
        let waited = before.elapsed();
        if count == 0 || waited > READY_WITHIN {
            self.tally.idle += waited;
        }
        Ok(count)
    }
}
