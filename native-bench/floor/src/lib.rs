//! A bare HTTP server over keep-alive connections, on one thread: the limit of the machine, to hold other servers against.
//! Reads requests, hands each to a function that writes its whole answer, and does nothing else.

mod connection;

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;

use connection::{Connection, Outcome};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

/// A request as it lies in the connection's buffer.
pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub body: &'a [u8],
}

/// Connections that were told of in one wait: enough for a busy turn, few enough for a stack.
const EVENTS_PER_WAIT: usize = 256;
/// What epoll tells of the listener; connections are numbered from 0.
const LISTENER: u64 = u64::MAX;

/// Serves until the listener fails. `answer` gets each request and appends a whole HTTP answer to the bytes given.
pub fn serve(listener: TcpListener, answer: impl FnMut(&Request, &mut Vec<u8>)) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let server = Server { listener, epoll, connections: Vec::new(), vacant: Vec::new(), answer };
    server.run()
}

/// Appends an answer of `status` with `body` as JSON.
pub fn write_answer(status: &str, body: &[u8], out: &mut Vec<u8>) {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(body);
}

struct Server<A> {
    listener: TcpListener,
    epoll: OwnedFd,
    connections: Vec<Option<Connection>>,
    vacant: Vec<usize>,
    answer: A,
}

impl<A: FnMut(&Request, &mut Vec<u8>)> Server<A> {
    fn run(mut self) -> io::Result<()> {
        let mut events: Vec<Event> = Vec::with_capacity(EVENTS_PER_WAIT);
        loop {
            events.clear();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(errno) => return Err(errno.into()),
            }
            for event in &events {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    place => self.turn(usize::try_from(place).expect("a place in a Vec"))?,
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The client has gone before it was accepted; the listener is sound.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let place = self.vacant.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            epoll::add(&self.epoll, &stream, EventData::new_u64(place as u64), EventFlags::IN)?;
            self.connections[place] = Some(Connection::new(stream));
        }
    }

    fn turn(&mut self, place: usize) -> io::Result<()> {
        let Some(connection) = self.connections[place].as_mut() else {
            return Ok(());
        };
        let wanted = match connection.turn(&mut self.answer) {
            Outcome::WantsToRead => EventFlags::IN,
            Outcome::WantsToWrite => EventFlags::OUT,
            Outcome::Gone => {
                self.connections[place] = None;
                self.vacant.push(place);
                return Ok(());
            }
        };
        if wanted != connection.interest {
            connection.interest = wanted;
            let data = EventData::new_u64(place as u64);
            epoll::modify(&self.epoll, connection.stream(), data, wanted)?;
        }
        Ok(())
    }
}
