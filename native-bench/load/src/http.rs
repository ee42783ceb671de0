//! HTTP/1.1 as far as load speaks it: a POST with fixed headers out, a status, a length and a body in.

use std::io::Write;

/// Most headers of an answer; servers send fewer than twenty.
const MAX_HEADERS: usize = 64;
/// Most bytes of an answer, head and body: far above any bid response, so that a broken length fills no memory.
pub const MAX_ANSWER_BYTES: usize = 4 << 20;

/// Everything of a request but its body's length and its body.
pub struct RequestHead {
    bytes: Vec<u8>,
}

impl RequestHead {
    pub fn new(path: &str, host: &str) -> Self {
        let bytes = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
             x-openrtb-version: 2.6\r\ncontent-length: "
        );
        Self { bytes: bytes.into_bytes() }
    }

    /// Puts the whole request into `out`, in place of what was there.
    pub fn write(&self, body: &[u8], out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.bytes);
        write!(out, "{}\r\n\r\n", body.len()).expect("a Vec takes all bytes");
        out.extend_from_slice(body);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnswerHead {
    pub status: u16,
    pub head_bytes: usize,
    pub body_bytes: usize,
    /// The server closes the connection behind this answer.
    pub closes: bool,
}

impl AnswerHead {
    pub fn total_bytes(&self) -> usize {
        self.head_bytes + self.body_bytes
    }
}

/// Why an answer can't be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// No HTTP, no length, a length that is no number, or more bytes than asked for.
    Malformed,
    /// Sent in chunks, which no bidder needs to do and load doesn't read.
    Chunked,
    /// Longer than MAX_ANSWER_BYTES.
    TooLong,
}

/// The head of the answer at the start of `bytes`; None while it isn't whole.
pub fn parse_head(bytes: &[u8]) -> Result<Option<AnswerHead>, Fault> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let head_bytes = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(head_bytes)) => head_bytes,
        Ok(httparse::Status::Partial) if bytes.len() < MAX_ANSWER_BYTES => return Ok(None),
        Ok(httparse::Status::Partial) => return Err(Fault::TooLong),
        Err(_) => return Err(Fault::Malformed),
    };
    let status = parsed.code.ok_or(Fault::Malformed)?;
    let mut body_bytes = None;
    let mut closes = parsed.version == Some(0);
    for header in parsed.headers {
        if header.name.eq_ignore_ascii_case("content-length") {
            body_bytes = Some(parse_length(header.value)?);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(Fault::Chunked);
        } else if header.name.eq_ignore_ascii_case("connection") {
            closes = header.value.eq_ignore_ascii_case(b"close");
        }
    }
    // Interim answers (100 to 199) come only to requests that ask for them.
    let body_bytes = match (status, body_bytes) {
        (..200, _) => return Err(Fault::Malformed),
        (204 | 304, _) => 0,
        (_, Some(body_bytes)) => body_bytes,
        (_, None) => return Err(Fault::Malformed),
    };
    Ok(Some(AnswerHead { status, head_bytes, body_bytes, closes }))
}

fn parse_length(value: &[u8]) -> Result<usize, Fault> {
    let digits = std::str::from_utf8(value).map_err(|_| Fault::Malformed)?;
    let length: usize = digits.trim().parse().map_err(|_| Fault::Malformed)?;
    match length {
        ..MAX_ANSWER_BYTES => Ok(length),
        _ => Err(Fault::TooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{\"a\":";

    #[test]
    fn a_request_is_its_head_the_length_and_the_body() {
        let mut out = b"of before".to_vec();
        RequestHead::new("/openrtb2/bid", "127.0.0.1:80").write(b"{}", &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "POST /openrtb2/bid HTTP/1.1\r\nhost: 127.0.0.1:80\r\ncontent-type: application/json\r\n\
             x-openrtb-version: 2.6\r\ncontent-length: 2\r\n\r\n{}"
        );
    }

    #[test]
    fn a_head_is_whole_with_its_last_byte_and_not_before() {
        let head_bytes = OK.len() - 5;
        for end in 0..head_bytes {
            assert_eq!(parse_head(&OK[..end]), Ok(None), "{end} bytes");
        }
        for end in head_bytes..=OK.len() {
            let head = AnswerHead { status: 200, head_bytes, body_bytes: 5, closes: false };
            assert_eq!(parse_head(&OK[..end]), Ok(Some(head)), "{end} bytes");
        }
    }

    #[test]
    fn a_204_needs_no_length() {
        let head = parse_head(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap();
        assert_eq!((head.status, head.body_bytes), (204, 0));
    }

    #[test]
    fn a_connection_closes_when_told_and_by_default_before_http_1_1() {
        for (answer, closes) in [
            ("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", true),
            ("HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n", false),
            ("HTTP/1.0 204 No Content\r\n\r\n", true),
            ("HTTP/1.0 204 No Content\r\nConnection: keep-alive\r\n\r\n", false),
        ] {
            let head = parse_head(answer.as_bytes()).unwrap().unwrap();
            assert_eq!(head.closes, closes, "{answer}");
        }
    }

    #[test]
    fn what_cannot_be_read_has_its_own_kind() {
        for (answer, fault) in [
            ("nonsense\r\n\r\n", Fault::Malformed),
            ("HTTP/1.1 200 OK\r\n\r\n", Fault::Malformed),
            ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", Fault::Malformed),
            ("HTTP/1.1 100 Continue\r\n\r\n", Fault::Malformed),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", Fault::Chunked),
            ("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n", Fault::TooLong),
        ] {
            assert_eq!(parse_head(answer.as_bytes()), Err(fault), "{answer}");
        }
    }
}
