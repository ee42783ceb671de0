//! One keep-alive connection: at most one request in flight, its answer read as it comes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType};

use crate::http::{self, AnswerHead, Fault, MAX_ANSWER_BYTES};

/// Room for an answer at first: nearly every bid response fits, so that one read takes it.
const INPUT_BYTES: usize = 16 << 10;

/// What became of an attempt to write.
#[derive(Debug, PartialEq)]
pub enum Written {
    Whole,
    Partly,
    /// The peer has gone; nothing of this request was taken.
    NothingTaken,
    Failed,
}

/// What became of an attempt to read.
#[derive(Debug, PartialEq)]
pub enum Received {
    /// The answer isn't whole yet.
    Partly,
    Answer(AnswerHead),
    /// The peer has closed or reset the connection.
    Gone,
    Unreadable(Fault),
}

pub struct Connection {
    stream: TcpStream,
    output: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    /// Bytes of `input` that came from the socket; behind them is room to read into.
    filled: usize,
    head: Option<AnswerHead>,
}

impl Connection {
    /// Connects, and waits until that is done.
    pub fn open(address: SocketAddr, timeout: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, timeout)?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            output: Vec::new(),
            written: 0,
            input: vec![0; INPUT_BYTES],
            filled: 0,
            head: None,
        })
    }

    /// Begins to connect again, and doesn't wait: the socket becomes writable when it is connected or has failed.
    pub fn reopen(&mut self, address: SocketAddr) -> io::Result<()> {
        let family = match address {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
        match rustix::net::connect(&socket, &address) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(errno) => return Err(errno.into()),
        }
        self.stream = TcpStream::from(socket);
        self.stream.set_nodelay(true)?;
        self.written = 0;
        self.forget_answer();
        Ok(())
    }

    /// Ends the connection for both sides; the socket itself goes when it is opened again.
    pub fn close(&mut self) {
        // An error here says that the peer was faster.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether connecting has come to a good end; asked once the socket is writable.
    pub fn is_connected(&self) -> bool {
        matches!(self.stream.take_error(), Ok(None))
    }

    /// The request to be written next.
    pub fn output(&mut self) -> &mut Vec<u8> {
        self.written = 0;
        &mut self.output
    }

    pub fn write(&mut self) -> Written {
        while self.written < self.output.len() {
            match self.stream.write(&self.output[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Written::Partly,
                Err(_) if self.written == 0 => return Written::NothingTaken,
                Err(_) => return Written::Failed,
            }
        }
        Written::Whole
    }

    pub fn read(&mut self) -> Received {
        match self.stream.read(&mut self.input[self.filled..]) {
            Ok(0) => return Received::Gone,
            Ok(count) => self.filled += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Received::Partly,
            Err(_) => return Received::Gone,
        }
        let head = match self.head {
            Some(head) => head,
            None => match http::parse_head(&self.input[..self.filled]) {
                Ok(Some(head)) => head,
                Ok(None) => {
                    self.make_room(self.filled + 1);
                    return Received::Partly;
                }
                Err(fault) => return Received::Unreadable(fault),
            },
        };
        self.head = Some(head);
        let total_bytes = head.total_bytes();
        if self.filled < total_bytes {
            self.make_room(total_bytes);
            return Received::Partly;
        }
        if self.filled > total_bytes {
            return Received::Unreadable(Fault::Malformed);
        }
        Received::Answer(head)
    }

    /// The body of the answer that `read` has told of.
    pub fn body(&self) -> &[u8] {
        match self.head {
            Some(head) => &self.input[head.head_bytes..head.total_bytes()],
            None => &[],
        }
    }

    /// Makes ready for the next answer.
    pub fn forget_answer(&mut self) {
        self.filled = 0;
        self.head = None;
    }

    fn make_room(&mut self, bytes: usize) {
        if bytes > self.input.len() {
            let room = bytes.next_power_of_two().min(2 * MAX_ANSWER_BYTES);
            self.input.resize(room, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn pair() -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connection = Connection::open(listener.local_addr().unwrap(), Duration::from_secs(1)).unwrap();
        let (peer, _) = listener.accept().unwrap();
        peer.set_nodelay(true).unwrap();
        connection.stream.set_nonblocking(false).unwrap();
        (connection, peer)
    }

    #[test]
    fn an_answer_that_comes_byte_by_byte_is_whole_with_the_last() {
        let (mut connection, mut peer) = pair();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        for round in 0..2 {
            let (last, before) = answer.split_last().unwrap();
            for byte in before {
                peer.write_all(&[*byte]).unwrap();
                assert_eq!(connection.read(), Received::Partly, "round {round}");
            }
            peer.write_all(&[*last]).unwrap();
            assert!(matches!(connection.read(), Received::Answer(head) if head.status == 200));
            assert_eq!(connection.body(), b"abc");
            connection.forget_answer();
        }
    }

    #[test]
    fn an_answer_longer_than_the_first_room_is_read() {
        let (mut connection, mut peer) = pair();
        let body = vec![b'x'; 5 * INPUT_BYTES];
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        peer.write_all(head.as_bytes()).unwrap();
        peer.write_all(&body).unwrap();
        let received = loop {
            match connection.read() {
                Received::Partly => {}
                received => break received,
            }
        };
        assert!(matches!(received, Received::Answer(_)));
        assert_eq!(connection.body(), body);
    }

    #[test]
    fn bytes_behind_the_answer_make_it_malformed() {
        let (mut connection, mut peer) = pair();
        peer.write_all(b"HTTP/1.1 204 No Content\r\n\r\nx").unwrap();
        assert_eq!(connection.read(), Received::Unreadable(Fault::Malformed));
    }

    #[test]
    fn a_closed_connection_is_gone_and_can_be_opened_again() {
        let (mut connection, peer) = pair();
        drop(peer);
        assert_eq!(connection.read(), Received::Gone);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        connection.reopen(listener.local_addr().unwrap()).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        assert!(connection.is_connected());
        connection.output().extend_from_slice(b"hello");
        assert_eq!(connection.write(), Written::Whole);
        let mut heard = [0; 5];
        peer.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hello");
    }
}
