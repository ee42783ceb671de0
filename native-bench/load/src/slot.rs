//! A place for one connection after another, and the request that is under way on it.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::connection::{Connection, Received, Written};
use crate::http::{Fault, RequestHead};
use crate::tally::ErrorKind;
use crate::watch::{Interest, Mark, Watch};

/// A request on its way.
#[derive(Clone, Copy)]
pub struct Flight {
    pub intended: Instant,
    /// When a connection took it; its timeout counts from here.
    pub launched: Instant,
    /// When it was written; later than launched where the connection had to be made first.
    pub written: Instant,
    pub body_index: u32,
}

pub enum Launch {
    Sent,
    /// The connection has to be made first; a turn tells of the rest.
    Connecting,
    Failed(ErrorKind),
}

/// What has come of something that happened to a connection.
pub enum Turn {
    Nothing,
    Sent(Flight),
    /// The body can be read until `release`.
    Answered {
        flight: Flight,
        status: u16,
    },
    Failed(ErrorKind),
}

pub struct Slot {
    connection: Connection,
    state: State,
    flight: Option<Flight>,
    interest: Interest,
    /// Its generation goes up with each connection, so that what happened to the one before is known as such.
    mark: Mark,
    closes: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Closed,
    Connecting,
    Idle,
    Writing,
    Waiting,
}

impl Slot {
    pub fn open(address: SocketAddr, place: u32, timeout: Duration, watch: &Watch) -> io::Result<Self> {
        let connection = Connection::open(address, timeout)?;
        let mark = Mark { place, generation: 0 };
        let interest = Interest::Read;
        watch.begin(connection.stream(), mark, interest)?;
        Ok(Self { connection, state: State::Idle, flight: None, interest, mark, closes: false })
    }

    pub fn is_marked(&self, mark: Mark) -> bool {
        self.mark == mark
    }

    pub fn flight(&self) -> Option<&Flight> {
        self.flight.as_ref()
    }

    /// Sends a request; there must be none under way.
    pub fn launch(
        &mut self,
        flight: Flight,
        head: &RequestHead,
        body: &[u8],
        address: SocketAddr,
        watch: &Watch,
    ) -> Launch {
        self.flight = Some(flight);
        head.write(body, self.connection.output());
        if self.state == State::Closed {
            return self.reopen(address, watch);
        }
        match self.write(watch) {
            Written::Whole | Written::Partly => Launch::Sent,
            // Expired by the server just now. It has seen nothing of this request, so another connection may carry it.
            Written::NothingTaken => {
                self.close(watch);
                self.reopen(address, watch)
            }
            Written::Failed => {
                self.fail(watch);
                Launch::Failed(ErrorKind::Reset)
            }
        }
    }

    pub fn turn(&mut self, is_writable: bool, watch: &Watch) -> Turn {
        match self.state {
            State::Closed => Turn::Nothing,
            State::Connecting => self.connected(watch),
            State::Writing if is_writable => match self.write(watch) {
                Written::Whole | Written::Partly => Turn::Nothing,
                Written::NothingTaken | Written::Failed => self.failed(ErrorKind::Reset, watch),
            },
            State::Idle | State::Writing | State::Waiting => self.read(watch),
        }
    }

    pub fn body(&self) -> &[u8] {
        self.connection.body()
    }

    /// Ends the flight whose answer has been read.
    pub fn release(&mut self, watch: &Watch) {
        self.flight = None;
        self.connection.forget_answer();
        if self.closes {
            self.close(watch);
        } else {
            self.state = State::Idle;
        }
    }

    /// Gives up the flight, and the connection with it: an answer may still come there.
    pub fn fail(&mut self, watch: &Watch) {
        self.flight = None;
        self.close(watch);
    }

    fn reopen(&mut self, address: SocketAddr, watch: &Watch) -> Launch {
        self.mark.generation = self.mark.generation.wrapping_add(1);
        self.interest = Interest::Write;
        self.closes = false;
        self.state = State::Connecting;
        let opened = self
            .connection
            .reopen(address)
            .and_then(|()| watch.begin(self.connection.stream(), self.mark, self.interest));
        match opened {
            Ok(()) => Launch::Connecting,
            Err(_) => {
                self.fail(watch);
                Launch::Failed(ErrorKind::Connect)
            }
        }
    }

    fn connected(&mut self, watch: &Watch) -> Turn {
        let Some(flight) = self.flight.as_mut() else { return Turn::Nothing };
        flight.written = Instant::now();
        let flight = *flight;
        if !self.connection.is_connected() {
            return self.failed(ErrorKind::Connect, watch);
        }
        match self.write(watch) {
            Written::Whole | Written::Partly => Turn::Sent(flight),
            Written::NothingTaken | Written::Failed => self.failed(ErrorKind::Reset, watch),
        }
    }

    fn write(&mut self, watch: &Watch) -> Written {
        let written = self.connection.write();
        let wanted = match written {
            Written::Whole => {
                self.state = State::Waiting;
                Interest::Read
            }
            Written::Partly => {
                self.state = State::Writing;
                Interest::Both
            }
            Written::NothingTaken | Written::Failed => return written,
        };
        if wanted != self.interest {
            self.interest = wanted;
            let changed = watch.change(self.connection.stream(), self.mark, wanted);
            changed.expect("a socket that is watched");
        }
        written
    }

    fn read(&mut self, watch: &Watch) -> Turn {
        let kind = match (self.connection.read(), self.flight) {
            (Received::Partly, _) => return Turn::Nothing,
            (Received::Answer(head), Some(flight)) => {
                // Who answers before the request has ended won't read the rest of it.
                self.closes = head.closes || self.state == State::Writing;
                return Turn::Answered { flight, status: head.status };
            }
            // A server may end a connection on which nothing is asked; the next request makes a new one.
            (Received::Gone, None) => {
                self.close(watch);
                return Turn::Nothing;
            }
            (Received::Gone, Some(_)) => ErrorKind::Reset,
            (Received::Unreadable(Fault::Chunked), _) => ErrorKind::Chunked,
            (Received::Unreadable(Fault::TooLong), _) => ErrorKind::TooLong,
            (Received::Unreadable(Fault::Malformed) | Received::Answer(_), _) => ErrorKind::Malformed,
        };
        self.failed(kind, watch)
    }

    fn failed(&mut self, kind: ErrorKind, watch: &Watch) -> Turn {
        self.fail(watch);
        Turn::Failed(kind)
    }

    fn close(&mut self, watch: &Watch) {
        self.state = State::Closed;
        // Else it would be told of its end again and again.
        watch.end(self.connection.stream());
        self.connection.close();
    }
}
