//! A notice that an exchange sends, the queue of those that wait for their time, and the figures of what became of them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Instant;

use serde::Serialize;

use crate::money::CostNanos;
use crate::recount::{SaleNumber, SalePlace};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    Win,
    Billing,
    Loss,
    Impression,
    Click,
}

#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) kind: NoticeKind,
    /// As the header `host` says it.
    pub(crate) host: String,
    pub(crate) path: String,
    /// None for bids that the recount does not sum up.
    pub(crate) sale: Option<NoticedSale>,
    /// The same was sent before, on purpose.
    pub(crate) is_repeat: bool,
    pub(crate) attempts: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct NoticedSale {
    pub(crate) number: SaleNumber,
    pub(crate) place: SalePlace,
    /// At the clearing price.
    pub(crate) cost: CostNanos,
}

/// What became of the notices of one kind. Every one that was due is in `sent` or in `undelivered`; every one in `sent`
/// ends in one of the five below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NoticeFigures {
    pub sent: u64,
    pub no_content204: u64,
    /// Another answer of success: the pixel's 200, the click's 302.
    pub other_success: u64,
    pub unauthorized401: u64,
    pub other: u64,
    /// No answer, or 503, for as often as it was tried.
    pub errors: u64,
    /// Attempts beyond the first of a notice.
    pub retries: u64,
    /// Of `sent`: sent a second time on purpose.
    pub repeats: u64,
    /// Still waiting when the time to drain was over.
    pub undelivered: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AllNoticeFigures {
    pub win: NoticeFigures,
    pub billing: NoticeFigures,
    pub loss: NoticeFigures,
    pub impression: NoticeFigures,
    pub click: NoticeFigures,
}

impl AllNoticeFigures {
    pub(crate) fn of(&mut self, kind: NoticeKind) -> &mut NoticeFigures {
        match kind {
            NoticeKind::Win => &mut self.win,
            NoticeKind::Billing => &mut self.billing,
            NoticeKind::Loss => &mut self.loss,
            NoticeKind::Impression => &mut self.impression,
            NoticeKind::Click => &mut self.click,
        }
    }
}

impl NoticeFigures {
    /// `status`: None where there was no answer at all. Returns whether the bidder has taken the notice.
    pub(crate) fn count(&mut self, status: Option<u16>) -> bool {
        let counter = match status {
            Some(204) => &mut self.no_content204,
            Some(200..=399) => &mut self.other_success,
            Some(401) => &mut self.unauthorized401,
            Some(503) | None => &mut self.errors,
            Some(_) => &mut self.other,
        };
        *counter += 1;
        matches!(status, Some(200..=399))
    }
}

/// Notices by the moment that they are due.
#[derive(Default)]
pub(crate) struct Outbox {
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    notices: HashMap<u64, Notice>,
    last: u64,
}

impl Outbox {
    pub(crate) fn put(&mut self, due: Instant, notice: Notice) {
        self.last += 1;
        self.due.push(Reverse((due, self.last)));
        self.notices.insert(self.last, notice);
    }

    /// The one that has been due longest.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Notice> {
        let Reverse((due, number)) = *self.due.peek()?;
        if due > now {
            return None;
        }
        self.due.pop();
        self.notices.remove(&number)
    }

    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.peek().map(|Reverse((due, _))| *due)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.due.is_empty()
    }

    pub(crate) fn into_rest(self) -> impl Iterator<Item = Notice> {
        self.notices.into_values()
    }
}

/// `http://host/path?query` as host and path.
pub(crate) fn split_url(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    rest.find('/').map(|at| rest.split_at(at))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn notice(path: &str) -> Notice {
        let (host, path) = ("h".to_owned(), path.to_owned());
        Notice { kind: NoticeKind::Win, host, path, sale: None, is_repeat: false, attempts: 0 }
    }

    #[test]
    fn notices_leave_in_the_order_of_their_time_and_not_before_it() {
        let mut outbox = Outbox::default();
        let now = Instant::now();
        for (path, after_ms) in [("c", 30), ("a", 10), ("b", 10), ("d", 90)] {
            outbox.put(now + Duration::from_millis(after_ms), notice(path));
        }
        assert!(outbox.take_due(now).is_none());
        let at = now + Duration::from_millis(30);
        let left: Vec<String> =
            std::iter::from_fn(|| outbox.take_due(at)).map(|notice| notice.path).collect();
        assert_eq!(left, ["a", "b", "c"]);
        assert_eq!(outbox.next_due(), Some(now + Duration::from_millis(90)));
        assert_eq!(outbox.into_rest().count(), 1);
    }

    #[test]
    fn every_answer_is_counted_in_its_place() {
        let mut figures = NoticeFigures::default();
        let taken: Vec<bool> = [Some(204), Some(200), Some(302), Some(401), Some(503), Some(404), None]
            .map(|status| figures.count(status))
            .to_vec();
        assert_eq!(taken, [true, true, true, false, false, false, false]);
        let counted = (figures.no_content204, figures.other_success, figures.unauthorized401);
        assert_eq!((counted, figures.errors, figures.other), ((1, 2, 1), 2, 1));
    }

    #[test]
    fn a_url_is_split_into_host_and_path() {
        assert_eq!(split_url("http://h:80/win?t=1"), Some(("h:80", "/win?t=1")));
        assert_eq!(split_url("https://h/"), Some(("h", "/")));
        assert_eq!(split_url("ftp://h/"), None);
        assert_eq!(split_url("http://h"), None);
    }
}
