//! One client's connection: bytes in until a request is whole, an answer out, and again.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use rustix::event::epoll::EventFlags;

use crate::Request;

/// Most headers of a request; exchanges send about ten.
const MAX_HEADERS: usize = 64;
/// Most bytes of a request: more than any bid request, little enough that a stray client fills no memory.
const MAX_REQUEST_BYTES: usize = 1 << 20;
/// Bytes asked of the socket at once: several bid requests.
const READ_BYTES: usize = 16 << 10;

pub(crate) enum Outcome {
    WantsToRead,
    WantsToWrite,
    Gone,
}

pub(crate) struct Connection {
    stream: TcpStream,
    /// What epoll watches it for.
    pub(crate) interest: EventFlags,
    input: Vec<u8>,
    /// Bytes of `input` that came from the socket; behind them is room to read into.
    filled: usize,
    output: Vec<u8>,
    written: usize,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            interest: EventFlags::IN,
            input: vec![0; READ_BYTES],
            filled: 0,
            output: Vec::new(),
            written: 0,
        }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Answers what has come since the last turn, as far as the socket takes it.
    pub(crate) fn turn(&mut self, answer: &mut impl FnMut(&Request, &mut Vec<u8>)) -> Outcome {
        if self.interest == EventFlags::OUT {
            return self.flush();
        }
        match self.stream.read(&mut self.input[self.filled..]) {
            Ok(0) => return Outcome::Gone,
            Ok(count) => self.filled += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Outcome::WantsToRead,
            Err(_) => return Outcome::Gone,
        }
        let mut consumed = 0;
        loop {
            match split_request(&self.input[consumed..self.filled]) {
                Split::Whole { request, bytes } => {
                    answer(&request, &mut self.output);
                    consumed += bytes;
                }
                Split::Partial => break,
                Split::Malformed => return Outcome::Gone,
            }
        }
        self.input.copy_within(consumed..self.filled, 0);
        self.filled -= consumed;
        if self.filled == MAX_REQUEST_BYTES {
            return Outcome::Gone;
        }
        if self.filled == self.input.len() {
            let room = (self.input.len() * 2).min(MAX_REQUEST_BYTES);
            self.input.resize(room, 0);
        }
        self.flush()
    }

    fn flush(&mut self) -> Outcome {
        while self.written < self.output.len() {
            match self.stream.write(&self.output[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Outcome::WantsToWrite;
                }
                Err(_) => return Outcome::Gone,
            }
        }
        self.output.clear();
        self.written = 0;
        Outcome::WantsToRead
    }
}

enum Split<'a> {
    Whole { request: Request<'a>, bytes: usize },
    Partial,
    Malformed,
}

fn split_request(input: &[u8]) -> Split<'_> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let head_bytes = match parsed.parse(input) {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) => return Split::Partial,
        Err(_) => return Split::Malformed,
    };
    let length = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let body_bytes = match length.map(|header| std::str::from_utf8(header.value)) {
        None => 0,
        Some(Ok(digits)) => match digits.parse::<usize>() {
            Ok(bytes) if bytes <= MAX_REQUEST_BYTES => bytes,
            _ => return Split::Malformed,
        },
        Some(Err(_)) => return Split::Malformed,
    };
    let bytes = head_bytes + body_bytes;
    match (parsed.method, parsed.path, input.get(head_bytes..bytes)) {
        (Some(method), Some(path), Some(body)) => {
            Split::Whole { request: Request { method, path, body }, bytes }
        }
        _ => Split::Partial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POST: &[u8] = b"POST /bid HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyGET / HTTP/1.1\r\n\r\n";

    #[test]
    fn a_request_is_whole_with_its_last_byte_and_not_before() {
        let whole = POST.len() - b"GET / HTTP/1.1\r\n\r\n".len();
        for end in 0..whole {
            assert!(matches!(split_request(&POST[..end]), Split::Partial), "{end} bytes");
        }
        let Split::Whole { request, bytes } = split_request(POST) else {
            panic!("not split");
        };
        assert_eq!((request.method, request.path, request.body), ("POST", "/bid", &b"body"[..]));
        assert_eq!(bytes, whole);
    }

    #[test]
    fn a_request_without_a_length_has_no_body() {
        let Split::Whole { request, bytes } = split_request(b"GET /n HTTP/1.1\r\n\r\nmore") else {
            panic!("not split");
        };
        assert_eq!((request.body, bytes), (&b""[..], 19));
    }

    #[test]
    fn what_is_no_http_or_too_long_is_refused() {
        assert!(matches!(split_request(b"\x16\x03\x01 tls"), Split::Malformed));
        let long = b"POST / HTTP/1.1\r\ncontent-length: 9999999\r\n\r\n";
        assert!(matches!(split_request(long), Split::Malformed));
    }
}
