//! The engine against real servers on real sockets, well-behaved and otherwise.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use load::arrivals::Law;
use load::bodies::{self, Bodies, BodyPlan};
use load::engine::Engine;
use load::http::RequestHead;
use load::pool::Pool;
use load::schedule::{Pace, Step};
use load::slot::Turn;
use load::tally::{ErrorKind, Tally};

const TIMEOUT: Duration = Duration::from_secs(5);

fn some_bodies() -> Bodies {
    bodies::seeded(&BodyPlan { count: 10, ..BodyPlan::default() })
}

fn open_loop(rate_per_sec: u32, millis: u64) -> Step {
    Step { pace: Pace::Open { rate_per_sec }, duration: Duration::from_millis(millis) }
}

struct Setting {
    connections: u16,
    timeout: Duration,
    step: Step,
}

fn run_against(address: SocketAddr, setting: &Setting, sink: impl FnMut(u32, Instant, &[u8])) -> Tally {
    run_over(connect(address, setting.connections), setting, sink)
}

fn connect(address: SocketAddr, connections: u16) -> Pool {
    Pool::open(address, RequestHead::new("/openrtb2/bid", "test"), connections, TIMEOUT).unwrap()
}

fn run_over(pool: Pool, setting: &Setting, sink: impl FnMut(u32, Instant, &[u8])) -> Tally {
    let bodies = some_bodies();
    let mut engine = Engine {
        pool,
        bodies: &bodies,
        law: Law::Constant,
        seed: 1,
        timeout: setting.timeout,
        spin: Duration::ZERO,
        sink,
        next_body: 0,
    };
    engine.run(setting.step).unwrap()
}

/// A server that answers each request with what `answer` makes of its number.
fn floor_with(mut answer: impl FnMut(u64, &floor::Request, &mut Vec<u8>) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut count = 0;
        floor::serve(listener, |request, out| {
            answer(count, request, out);
            count += 1;
        })
    });
    address
}

/// A server that hands each new connection, with its number, to `speak` on a thread of its own.
fn server_of_streams(speak: impl Fn(usize, TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let speak = speak.clone();
            thread::spawn(move || speak(number, stream.unwrap()));
        }
    });
    address
}

/// Reads a request: the bodies of these tests end with their JSON's last brace.
fn read_request(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    let mut some = [0; 4096];
    loop {
        match stream.read(&mut some) {
            Ok(0) | Err(_) => return false,
            Ok(count) => request.extend_from_slice(&some[..count]),
        }
        let Some(at) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&request[..at]);
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if request.len() == at + 4 + length.parse::<usize>().unwrap() {
            return true;
        }
    }
}

const NO_CONTENT: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

#[test]
fn every_request_of_the_schedule_is_sent_and_answered_once_with_its_own_body() {
    let (tell, heard) = mpsc::channel();
    let address = floor_with(move |_, request, out| {
        assert_eq!((request.method, request.path), ("POST", "/openrtb2/bid"));
        tell.send(request.body.to_vec()).unwrap();
        floor::write_answer("200 OK", request.body, out);
    });
    let bodies = some_bodies();
    let mut answers = 0;
    let setting = Setting { connections: 4, timeout: TIMEOUT, step: open_loop(2_000, 250) };
    let tally = run_against(address, &setting, |index, _, body| {
        assert_eq!(body, bodies.body(index as usize));
        answers += 1;
    });
    assert_eq!(
        (tally.scheduled, tally.sent, tally.answered, tally.ok200, answers),
        (500, 500, 500, 500, 500)
    );
    let sent: Vec<_> = heard.try_iter().collect();
    assert_eq!(sent.len(), 500);
    assert_eq!(sent[3], bodies.body(3));
}

#[test]
fn answers_are_counted_by_their_status() {
    let address = floor_with(|count, _, out| match count % 4 {
        0 => floor::write_answer("200 OK", b"{}", out),
        1 => floor::write_answer("503 Service Unavailable", b"{}", out),
        _ => out.extend_from_slice(NO_CONTENT),
    });
    let setting = Setting { connections: 1, timeout: TIMEOUT, step: open_loop(400, 250) };
    let tally = run_against(address, &setting, |_, _, _| {});
    assert_eq!((tally.ok200, tally.other, tally.no_content204), (25, 25, 50));
}

#[test]
fn latency_counts_from_the_intended_time_though_the_only_connection_was_busy() {
    const STALL: Duration = Duration::from_millis(200);
    let address = floor_with(|count, _, out| {
        if count == 0 {
            thread::sleep(STALL);
        }
        out.extend_from_slice(NO_CONTENT);
    });
    let setting = Setting { connections: 1, timeout: TIMEOUT, step: open_loop(1_000, 300) };
    let tally = run_against(address, &setting, |_, _, _| {});
    assert_eq!((tally.scheduled, tally.answered), (300, 300));
    // Two thirds of all were due during the stall; the server's own time shows it once.
    assert!(tally.queued >= 199, "{}", tally.queued);
    assert!(tally.latency.quantile_micros(0.5) >= 45_000, "{}", tally.latency.quantile_micros(0.5));
    assert!(tally.latency.max_micros() >= 199_000);
    assert!(tally.late_sends >= 190, "{}", tally.late_sends);
}

#[test]
fn a_server_that_takes_too_long_leaves_requests_waiting_at_the_end() {
    let address = floor_with(|_, _, out| {
        thread::sleep(Duration::from_millis(10));
        out.extend_from_slice(NO_CONTENT);
    });
    let setting = Setting { connections: 1, timeout: Duration::from_secs(1), step: open_loop(1_000, 500) };
    let tally = run_against(address, &setting, |_, _, _| {});
    assert_eq!(tally.scheduled, 500);
    assert!(tally.oldest_waiting >= Duration::from_millis(300), "{:?}", tally.oldest_waiting);
    assert!(tally.answered < 200, "{}", tally.answered);
    // Most were never sent, and had waited for a second and more when they were given up.
    assert!(tally.latency.quantile_micros(0.5) >= 999_000, "{}", tally.latency.quantile_micros(0.5));
}

#[test]
fn what_waits_at_the_end_is_sent_within_the_timeout() {
    let address = floor_with(|_, _, out| {
        thread::sleep(Duration::from_millis(10));
        out.extend_from_slice(NO_CONTENT);
    });
    let setting = Setting { connections: 1, timeout: TIMEOUT, step: open_loop(1_000, 150) };
    let tally = run_against(address, &setting, |_, _, _| {});
    assert_eq!((tally.scheduled, tally.sent, tally.answered), (150, 150, 150));
    assert!(tally.answered_within < 75, "{}", tally.answered_within);
}

#[test]
fn a_closed_loop_sends_the_next_request_behind_each_answer() {
    let address = floor_with(|_, _, out| out.extend_from_slice(NO_CONTENT));
    let step = Step { pace: Pace::Closed, duration: Duration::from_millis(200) };
    let setting = Setting { connections: 3, timeout: TIMEOUT, step };
    let tally = run_against(address, &setting, |_, _, _| {});
    assert!(tally.answered > 3, "{}", tally.answered);
    assert_eq!((tally.scheduled, tally.sent, tally.queued), (tally.answered, tally.answered, 0));
}

#[test]
fn a_connection_that_the_server_closes_behind_an_answer_is_made_again() {
    let address = server_of_streams(|_, mut stream| {
        if read_request(&mut stream) {
            stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
        }
    });
    // In a closed loop the next request comes at once, before the end of the connection can be seen.
    let step = Step { pace: Pace::Closed, duration: Duration::from_millis(200) };
    let setting = Setting { connections: 2, timeout: TIMEOUT, step };
    let tally = run_against(address, &setting, |_, _, _| {});
    assert!(tally.answered > 2, "{}", tally.answered);
    assert_eq!((tally.answered, tally.sent), (tally.scheduled, tally.scheduled));
    assert!(ErrorKind::ALL.iter().all(|&kind| tally.errors_of(kind) == 0));
}

#[test]
fn an_idle_connection_that_the_server_ends_is_no_error() {
    // Announces nothing: answers once, and ends the connection as a keep-alive limit does.
    let address = server_of_streams(|_, mut stream| {
        if read_request(&mut stream) {
            stream.write_all(NO_CONTENT).unwrap();
        }
    });
    let setting = Setting { connections: 1, timeout: TIMEOUT, step: open_loop(10, 500) };
    let tally = run_against(address, &setting, |_, _, _| {});
    assert_eq!((tally.answered, tally.sent), (5, 5));
    assert!(ErrorKind::ALL.iter().all(|&kind| tally.errors_of(kind) == 0));
}

#[test]
fn a_connection_that_has_ended_wakes_nobody_up_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut pool = connect(listener.local_addr().unwrap(), 1);
    drop(listener.accept().unwrap());
    assert_eq!(pool.wait(TIMEOUT).unwrap(), 1);
    assert!(matches!(pool.turn(0), (0, Turn::Nothing)));
    assert_eq!(pool.wait(Duration::ZERO).unwrap(), 0);
    assert!(pool.has_free());
}

#[test]
fn errors_have_their_kinds_and_cost_one_request_each() {
    // The first connection fails its request; those that follow answer.
    let spoken: [(ErrorKind, &[u8]); 4] = [
        (ErrorKind::Reset, b""),
        (ErrorKind::Malformed, b"what?\r\n\r\n"),
        (ErrorKind::Chunked, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        (ErrorKind::TooLong, b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n"),
    ];
    for (kind, answer) in spoken {
        let address = server_of_streams(move |number, mut stream| {
            while read_request(&mut stream) {
                if number == 0 {
                    stream.write_all(answer).unwrap();
                    return;
                }
                stream.write_all(NO_CONTENT).unwrap();
            }
        });
        let setting = Setting { connections: 1, timeout: TIMEOUT, step: open_loop(100, 200) };
        let tally = run_against(address, &setting, |_, _, _| {});
        assert_eq!((tally.scheduled, tally.answered), (20, 19), "{}", kind.name());
        for other in ErrorKind::ALL {
            assert_eq!(
                tally.errors_of(other),
                u64::from(other == kind),
                "{} for {}",
                other.name(),
                kind.name()
            );
        }
    }
}

#[test]
fn a_request_without_an_answer_times_out_and_its_connection_is_made_again() {
    let address = server_of_streams(|number, mut stream| {
        while read_request(&mut stream) {
            if number > 0 {
                stream.write_all(NO_CONTENT).unwrap();
            }
        }
    });
    let setting = Setting { connections: 1, timeout: Duration::from_millis(500), step: open_loop(100, 200) };
    let tally = run_against(address, &setting, |_, _, _| {});
    assert_eq!((tally.scheduled, tally.answered, tally.errors_of(ErrorKind::Timeout)), (20, 19, 1));
}

#[test]
fn a_request_that_timed_out_counts_with_the_time_that_it_had_waited() {
    let address = server_of_streams(|_, mut stream| while read_request(&mut stream) {});
    let setting = Setting { connections: 1, timeout: Duration::from_millis(300), step: open_loop(10, 100) };
    let tally = run_against(address, &setting, |_, _, _| {});
    assert_eq!((tally.scheduled, tally.errors_of(ErrorKind::Timeout)), (1, 1));
    assert!(tally.latency.max_micros() >= 300_000, "{}", tally.latency.max_micros());
}

#[test]
fn a_server_that_has_gone_is_a_connect_error_for_every_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let pool = connect(listener.local_addr().unwrap(), 1);
    drop(listener);
    let setting = Setting { connections: 1, timeout: TIMEOUT, step: open_loop(100, 100) };
    let tally = run_over(pool, &setting, |_, _, _| {});
    assert_eq!((tally.scheduled, tally.sent, tally.answered), (10, 0, 0));
    assert_eq!(tally.errors_of(ErrorKind::Connect), 10);
}
