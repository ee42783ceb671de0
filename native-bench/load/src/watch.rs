//! Epoll: which sockets are watched for what, and what has happened to them.

use std::io;
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::Timespec;

/// Events told of in one wait; more are told of in the next.
const EVENTS_PER_WAIT: usize = 256;

/// What a socket is watched for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Interest {
    Read,
    Write,
    Both,
}

/// Which socket an event is of: a place, and which of the sockets that had it one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    pub place: u32,
    pub generation: u32,
}

pub struct Happening {
    pub mark: Mark,
    pub is_writable: bool,
}

pub struct Watch {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Watch {
    pub fn new() -> io::Result<Self> {
        Ok(Self { epoll: epoll::create(CreateFlags::CLOEXEC)?, events: Vec::with_capacity(EVENTS_PER_WAIT) })
    }

    pub fn begin(&self, stream: &TcpStream, mark: Mark, interest: Interest) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, stream, mark.data(), interest.flags())?)
    }

    pub fn change(&self, stream: &TcpStream, mark: Mark, interest: Interest) -> io::Result<()> {
        Ok(epoll::modify(&self.epoll, stream, mark.data(), interest.flags())?)
    }

    /// Ends watching a socket, if it was watched.
    pub fn end(&self, stream: &TcpStream) {
        // The one error there is says that it was not.
        let _ = epoll::delete(&self.epoll, stream);
    }

    /// Waits until something happens, at most so long; returns how much did.
    pub fn wait(&mut self, at_most: Duration) -> io::Result<usize> {
        self.events.clear();
        let timeout = Timespec::try_from(at_most).map_err(io::Error::other)?;
        let room = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, room, Some(&timeout)) {
            Ok(count) => Ok(count),
            Err(Errno::INTR) => Ok(0),
            Err(errno) => Err(errno.into()),
        }
    }

    /// One of those that the last wait has told of.
    pub fn happening(&self, index: usize) -> Happening {
        let Event { flags, data, .. } = self.events[index];
        Happening { mark: Mark::of(data), is_writable: flags.contains(EventFlags::OUT) }
    }
}

impl Mark {
    fn data(self) -> EventData {
        EventData::new_u64(u64::from(self.generation) << 32 | u64::from(self.place))
    }

    fn of(data: EventData) -> Self {
        let bits = data.u64();
        // Cut in two on purpose.
        Self { place: bits as u32, generation: (bits >> 32) as u32 }
    }
}

impl Interest {
    fn flags(self) -> EventFlags {
        match self {
            Self::Read => EventFlags::IN,
            Self::Write => EventFlags::OUT,
            Self::Both => EventFlags::IN | EventFlags::OUT,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_mark_comes_back_as_it_was_given() {
        let mark = Mark { place: u32::MAX, generation: 7 };
        assert_eq!(Mark::of(mark.data()), mark);
    }

    #[test]
    fn only_what_is_watched_and_has_happened_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        let mut watch = Watch::new().unwrap();
        let mark = Mark { place: 3, generation: 9 };
        watch.begin(&stream, mark, Interest::Read).unwrap();
        assert_eq!(watch.wait(Duration::ZERO).unwrap(), 0);
        peer.write_all(b"x").unwrap();
        assert_eq!(watch.wait(Duration::from_secs(5)).unwrap(), 1);
        let happening = watch.happening(0);
        assert_eq!((happening.mark, happening.is_writable), (mark, false));
        watch.change(&stream, mark, Interest::Both).unwrap();
        assert_eq!(watch.wait(Duration::from_secs(5)).unwrap(), 1);
        assert!(watch.happening(0).is_writable);
        watch.end(&stream);
        assert_eq!(watch.wait(Duration::ZERO).unwrap(), 0);
    }
}
