//! floor: answers every request with the same bytes. Prints its port on standard output.

use std::io::{self, Write};
use std::net::TcpListener;

use clap::Parser;

/// A bare HTTP server on one thread: the physical limit of this machine.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Bytes of every answer's body; 0 answers 204.
    #[arg(long, default_value_t = 1700)]
    answer_bytes: usize,
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

fn main() -> io::Result<()> {
    let options = Options::parse();
    let mut answer = Vec::new();
    match options.answer_bytes {
        0 => answer.extend_from_slice(b"HTTP/1.1 204 No Content\r\n\r\n"),
        bytes => floor::write_answer("200 OK", &vec![b'x'; bytes], &mut answer),
    }
    let listener = TcpListener::bind(("127.0.0.1", options.port))?;
    writeln!(io::stdout(), "{}", listener.local_addr()?.port())?;
    floor::serve(listener, |_, out| out.extend_from_slice(&answer))
}
