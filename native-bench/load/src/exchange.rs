//! The exchange behind the load: a thread with connections of its own, outside the measured rate. It reads every answer,
//! recounts it, lets a share of the bids win after a while, and sends their notices as exchanges do: some twice, some late.

mod auction;
mod clock;
mod macros;
mod notice;
mod plan;
mod post;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::answers::{Answer, Sink, Source, answer_queue};
use crate::bodies::Bodies;
use crate::recount::{Question, Recount, RecountReport};
use auction::{Auction, Contender, Outcome};
use clock::Clock;
pub(crate) use macros::unknown_macro;
pub use notice::{AllNoticeFigures, NoticeFigures};
use notice::{Notice, NoticeKind, Outbox};
pub use plan::{DelayRange, ExchangePlan};
use post::{Delivery, Post};

/// How long the exchange sleeps at most: answers do not wake it, as that would cost the engine a call of the system.
const LONGEST_SLEEP: Duration = Duration::from_millis(2);
/// Answers taken before the notices have their turn.
const ANSWERS_A_TURN: usize = 256;
/// Real senders come again every 10 s for a minute; here sooner, as a run is short.
const RETRY_DELAY: Duration = Duration::from_millis(500);
const MAX_ATTEMPTS: u32 = 4;
/// Between two looks for notices that were never answered.
const EXPIRY_PERIOD: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Answers that found no place in the queue: sent nothing, and not recounted.
    pub not_recounted: u64,
    pub won: u64,
    pub lost: u64,
    /// Neither won nor told that they lost.
    pub silent: u64,
    pub notices: AllNoticeFigures,
    pub recount: RecountReport,
}

/// The exchange that runs.
pub struct Handle {
    is_ending: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Report>>,
}

impl Handle {
    /// Sends what is due within the plan's limit, and tells what came of it all. Call it once the engine has ended.
    pub fn finish(self) -> io::Result<Report> {
        self.is_ending.store(true, Ordering::Release);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the exchange's thread has panicked")))
    }
}

pub fn start(plan: ExchangePlan, bodies: Arc<Bodies>) -> io::Result<(Sink, Handle)> {
    let (sink, source) = answer_queue(plan.waiting_answers);
    let is_ending = Arc::new(AtomicBool::new(false));
    let exchange = Exchange::new(plan, bodies, source)?;
    let is_told = Arc::clone(&is_ending);
    let thread = thread::Builder::new().name("exchange".to_owned()).spawn(move || exchange.run(&is_told))?;
    Ok((sink, Handle { is_ending, thread }))
}

struct Exchange {
    bodies: Arc<Bodies>,
    source: Source,
    auction: Auction,
    outbox: Outbox,
    post: Post,
    recount: Recount,
    clock: Clock,
    plan: ExchangePlan,
    report: Report,
    deliveries: Vec<Delivery>,
    planned: Vec<(Instant, Notice)>,
}

impl Exchange {
    fn new(mut plan: ExchangePlan, bodies: Arc<Bodies>, source: Source) -> io::Result<Self> {
        Ok(Self {
            bodies,
            source,
            auction: Auction::new(plan.seed),
            outbox: Outbox::default(),
            post: Post::new(plan.notices_to, plan.connections)?,
            recount: Recount::new(plan.campaigns.take()),
            clock: Clock::new(),
            plan,
            report: Report::default(),
            deliveries: Vec::new(),
            planned: Vec::new(),
        })
    }

    fn run(mut self, is_ending: &AtomicBool) -> io::Result<Report> {
        let mut events = Vec::new();
        let mut drained_by = None;
        let mut expired_at = Instant::now();
        loop {
            // Asked before the answers are taken, so that none is left behind.
            if drained_by.is_none() && is_ending.load(Ordering::Acquire) {
                drained_by = Some(Instant::now() + self.plan.drain_limit);
            }
            let taken = self.take_answers();
            let now = Instant::now();
            self.send_due(now);
            if now - expired_at > EXPIRY_PERIOD {
                self.post.expire(now, &mut self.deliveries);
                expired_at = now;
            }
            let sleep = if taken == ANSWERS_A_TURN { Duration::ZERO } else { self.sleep(now) };
            self.post.wait(sleep, &mut events, &mut self.deliveries)?;
            self.take_deliveries();
            let is_done = taken == 0 && self.outbox.is_empty() && self.post.is_idle();
            if drained_by.is_some_and(|by| is_done || Instant::now() > by) {
                return Ok(self.into_report());
            }
        }
    }

    fn sleep(&self, now: Instant) -> Duration {
        let until_due = self.outbox.next_due().filter(|_| self.post.has_free());
        until_due.map_or(LONGEST_SLEEP, |due| due.saturating_duration_since(now).min(LONGEST_SLEEP))
    }

    fn take_answers(&mut self) -> usize {
        let mut taken = 0;
        while taken < ANSWERS_A_TURN {
            let Some(answer) = self.source.next() else { break };
            self.take_answer(&answer);
            self.source.give_back(answer.bytes);
            taken += 1;
        }
        taken
    }

    fn take_answer(&mut self, answer: &Answer) {
        let index = answer.body_index as usize;
        let question = Question { asked: self.bodies.asked(index), user: self.bodies.user(index) };
        let Some(response) = self.recount.read(question.asked, &answer.bytes) else { return };
        let at = self.clock.at(answer.answered_at);
        let mut taken_imps: Vec<&str> = Vec::new();
        for (seat, bid) in response.bids() {
            let imp = question.asked.imp(&bid.impid).filter(|imp| !taken_imps.contains(&imp.id.as_str()));
            // What no exchange would take wins nothing; the recount has told what is wrong with it.
            let (Some(imp), Some(price)) = (imp, bid.price()) else { continue };
            taken_imps.push(&imp.id);
            let contender = Contender {
                request_id: &question.asked.id,
                imp,
                bid,
                seat: seat.seat.as_deref().unwrap_or(""),
                price,
                currency: response.currency(),
                sale: self.recount.enter(question, bid, price, response.currency(), at),
                answered_at: answer.answered_at,
            };
            match self.auction.decide(&self.plan, &contender, &mut self.planned) {
                Outcome::Won => {
                    self.report.won += 1;
                    contender.sale.into_iter().for_each(|sale| self.recount.win(sale));
                }
                Outcome::Lost => self.report.lost += 1,
                Outcome::Silent => self.report.silent += 1,
            }
        }
        for (due, notice) in self.planned.drain(..) {
            self.outbox.put(due, notice);
        }
    }

    fn send_due(&mut self, now: Instant) {
        while self.post.has_free() {
            let Some(mut notice) = self.outbox.take_due(now) else { return };
            self.enter(&notice);
            notice.attempts += 1;
            self.deliveries.extend(self.post.send(notice));
        }
    }

    /// Counts a notice at its first attempt, and lets the recount know what it ends.
    fn enter(&mut self, notice: &Notice) {
        let figures = self.report.notices.of(notice.kind);
        if notice.attempts > 0 {
            figures.retries += 1;
            return;
        }
        figures.sent += 1;
        figures.repeats += u64::from(notice.is_repeat);
        let Some(sale) = notice.sale.as_ref().filter(|_| !notice.is_repeat) else { return };
        match notice.kind {
            NoticeKind::Billing => self.recount.bill(sale.number, sale.cost),
            NoticeKind::Loss => self.recount.lose(sale.number),
            NoticeKind::Win | NoticeKind::Impression | NoticeKind::Click => {}
        }
    }

    fn take_deliveries(&mut self) {
        let now = Instant::now();
        for (notice, status) in std::mem::take(&mut self.deliveries) {
            if matches!(status, None | Some(503)) && notice.attempts < MAX_ATTEMPTS {
                self.outbox.put(now + RETRY_DELAY, notice);
            } else {
                self.conclude(&notice, status, now);
            }
        }
    }

    fn conclude(&mut self, notice: &Notice, status: Option<u16>, now: Instant) {
        let is_accepted = self.report.notices.of(notice.kind).count(status);
        let sale = notice.sale.as_ref().filter(|_| notice.kind == NoticeKind::Billing && !notice.is_repeat);
        if let Some(sale) = sale {
            self.recount.billed(sale.number, &sale.place, self.clock.at(now), is_accepted);
        }
    }

    fn into_report(mut self) -> Report {
        let in_flight: Vec<Notice> = self.post.into_rest().collect();
        for notice in self.outbox.into_rest().chain(in_flight) {
            let figures = self.report.notices.of(notice.kind);
            // One that was tried is in `sent`, and has found no answer.
            *(if notice.attempts > 0 { &mut figures.errors } else { &mut figures.undelivered }) += 1;
        }
        Report { not_recounted: self.source.dropped(), recount: self.recount.into_report(), ..self.report }
    }
}
