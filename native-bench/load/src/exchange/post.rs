//! The connections that notices go over: one at a time on each, made when one is due and none is free.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::time::Timespec;

use super::notice::Notice;
use crate::connection::{Connection, Received, Written};

/// The bidder is on the same machine or near: longer means that it does not listen.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// A bidder answers once its disk has the notice; slower than this it never will.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Answers told of in one wait; more are told of in the next.
const EVENTS_PER_WAIT: usize = 256;

pub(super) struct Post {
    address: SocketAddr,
    epoll: OwnedFd,
    lines: Vec<Line>,
    /// Lines without a notice; the last used first, so that idle ones expire and few are held.
    free: Vec<usize>,
}

#[derive(Default)]
struct Line {
    connection: Option<Connection>,
    letter: Option<(Notice, Instant)>,
}

/// A notice and the status that it was answered with; None: no answer.
pub(super) type Delivery = (Notice, Option<u16>);

impl Post {
    pub(super) fn new(address: SocketAddr, connections: usize) -> io::Result<Self> {
        Ok(Self {
            address,
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            lines: (0..connections).map(|_| Line::default()).collect(),
            free: (0..connections).collect(),
        })
    }

    pub(super) fn has_free(&self) -> bool {
        !self.free.is_empty()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.free.len() == self.lines.len()
    }

    /// Sends it over a free line; there must be one. Returns it where it could not even be sent.
    pub(super) fn send(&mut self, notice: Notice) -> Option<Delivery> {
        let place = self.free.pop().expect("a free line");
        let request = format!("GET {} HTTP/1.1\r\nhost: {}\r\n\r\n", notice.path, notice.host);
        // The first line may have expired since it was used last; a new one has not.
        for _ in 0..2 {
            if self.open(place).is_err() {
                break;
            }
            let line = &mut self.lines[place];
            let Some(connection) = &mut line.connection else { break };
            let output = connection.output();
            output.clear();
            output.extend_from_slice(request.as_bytes());
            // A socket that does not take a few hundred bytes at once has a peer that reads nothing.
            if connection.write() == Written::Whole {
                line.letter = Some((notice, Instant::now()));
                return None;
            }
            line.connection = None;
        }
        self.free.push(place);
        Some((notice, None))
    }

    /// Waits for answers, at most so long.
    pub(super) fn wait(
        &mut self,
        at_most: Duration,
        events: &mut Vec<Event>,
        deliveries: &mut Vec<Delivery>,
    ) -> io::Result<()> {
        events.clear();
        events.reserve(EVENTS_PER_WAIT);
        let timeout = Timespec::try_from(at_most).map_err(io::Error::other)?;
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(events), Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        for event in events.iter() {
            // Copied, as the kernel packs an event's fields without room between them.
            let data = event.data;
            deliveries.extend(self.read(data.u64() as usize));
        }
        Ok(())
    }

    /// Gives up what has waited too long for its answer.
    pub(super) fn expire(&mut self, now: Instant, deliveries: &mut Vec<Delivery>) {
        for place in 0..self.lines.len() {
            let line = &mut self.lines[place];
            if let Some((notice, _)) = line.letter.take_if(|(_, sent_at)| now - *sent_at > ANSWER_LIMIT) {
                line.connection = None;
                self.free.push(place);
                deliveries.push((notice, None));
            }
        }
    }

    /// What is still without an answer.
    pub(super) fn into_rest(self) -> impl Iterator<Item = Notice> {
        self.lines.into_iter().filter_map(|line| line.letter.map(|(notice, _)| notice))
    }

    fn open(&mut self, place: usize) -> io::Result<()> {
        let line = &mut self.lines[place];
        if line.connection.is_some() {
            return Ok(());
        }
        let connection = Connection::open(self.address, CONNECT_LIMIT)?;
        epoll::add(&self.epoll, connection.stream(), EventData::new_u64(place as u64), EventFlags::IN)?;
        line.connection = Some(connection);
        Ok(())
    }

    fn read(&mut self, place: usize) -> Option<Delivery> {
        let line = &mut self.lines[place];
        let connection = line.connection.as_mut()?;
        let status = match connection.read() {
            Received::Partly => return None,
            Received::Answer(head) => {
                connection.forget_answer();
                if head.closes {
                    line.connection = None;
                }
                Some(head.status)
            }
            Received::Gone | Received::Unreadable(_) => {
                line.connection = None;
                None
            }
        };
        // Without a letter it is an idle connection that the bidder has ended.
        let (notice, _) = line.letter.take()?;
        self.free.push(place);
        Some((notice, status))
    }
}
