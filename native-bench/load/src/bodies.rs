//! The bodies that are sent: distinct bid requests, from a file or out of a seed, each beside what the recount needs of it.

mod asked;
mod device;
mod plan;
mod request;
mod world;
mod zipf;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

pub(crate) use asked::{Asked, AskedImp, Floor};
pub use plan::BodyPlan;

/// A user among those of the bodies; the same number is the same user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UserNumber(pub(crate) u32);

/// At least one body.
#[derive(Debug)]
pub struct Bodies {
    bodies: Vec<Body>,
}

#[derive(Debug)]
struct Body {
    bytes: Vec<u8>,
    asked: Asked,
    user: Option<UserNumber>,
}

impl Bodies {
    pub fn len(&self) -> usize {
        self.bodies.len()
    }

    /// Never true; it stands beside `len` by convention.
    pub fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    pub fn body(&self, index: usize) -> &[u8] {
        &self.bodies[index].bytes
    }

    pub fn mean_bytes(&self) -> usize {
        self.bodies.iter().map(|body| body.bytes.len()).sum::<usize>() / self.bodies.len()
    }

    pub(crate) fn asked(&self, index: usize) -> &Asked {
        &self.bodies[index].asked
    }

    /// The user of that body, where a bidder may know one.
    pub(crate) fn user(&self, index: usize) -> Option<UserNumber> {
        self.bodies[index].user
    }
}

/// One JSON a line; empty lines are passed over.
pub fn from_file(path: &Path) -> io::Result<Bodies> {
    let text = read(path)?;
    gather(lines_of(&text).map(|(i, line)| (format!("{}:{}", path.display(), i + 1), line.to_vec())))
}

/// As `from_file`, whatever the lines say; who answers them is not recounted.
pub fn any_from_file(path: &Path) -> io::Result<Bodies> {
    let text = read(path)?;
    let body = |line: &[u8]| Body { bytes: line.to_vec(), asked: Asked::default(), user: None };
    at_least_one(lines_of(&text).map(|(_, line)| body(line)).collect())
}

fn read(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Each with its place from 0.
fn lines_of(text: &str) -> impl Iterator<Item = (usize, &[u8])> {
    text.lines().map(str::as_bytes).enumerate().filter(|(_, line)| !line.trim_ascii().is_empty())
}

/// The same bodies for the same plan.
pub fn seeded(plan: &BodyPlan) -> Bodies {
    let made = request::seeded_requests(plan);
    gather(made.enumerate().map(|(i, body)| (format!("seeded body {i}"), body)))
        .expect("a seeded body is a sound request")
}

fn gather(named: impl Iterator<Item = (String, Vec<u8>)>) -> io::Result<Bodies> {
    let mut numbers: HashMap<String, UserNumber> = HashMap::new();
    let mut bodies = Vec::new();
    for (name, bytes) in named {
        let asked = Asked::read(&bytes).map_err(|what| invalid(format!("{name}: {what}")))?;
        let user = asked.user.clone().map(|user| {
            let next = UserNumber(u32::try_from(numbers.len()).expect("fewer than 2^32 users"));
            *numbers.entry(user).or_insert(next)
        });
        bodies.push(Body { bytes, asked, user });
    }
    at_least_one(bodies)
}

fn at_least_one(bodies: Vec<Body>) -> io::Result<Bodies> {
    if bodies.is_empty() {
        return Err(invalid("there is no body: give one JSON a line".to_owned()));
    }
    Ok(Bodies { bodies })
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const COUNT: usize = 2_000;

    fn plan(seed: u64) -> BodyPlan {
        BodyPlan { count: COUNT, seed, users: 500, ..BodyPlan::default() }
    }

    #[test]
    fn the_same_seed_makes_the_same_bodies_and_another_seed_others() {
        let (first, again, other) = (seeded(&plan(7)), seeded(&plan(7)), seeded(&plan(8)));
        assert!((0..COUNT).all(|i| first.body(i) == again.body(i)));
        assert!((0..COUNT).all(|i| first.body(i) != other.body(i)));
    }

    #[test]
    fn seeded_bodies_are_distinct_and_about_as_large_as_real_ones() {
        let bodies = seeded(&plan(7));
        let distinct: HashSet<&[u8]> = (0..COUNT).map(|i| bodies.body(i)).collect();
        assert_eq!(distinct.len(), COUNT);
        let mean = bodies.mean_bytes();
        assert!((1_100..=1_300).contains(&mean), "mean of {mean} bytes");
    }

    #[test]
    fn seeded_bodies_are_of_all_kinds() {
        let bodies = seeded(&plan(7));
        let share = |holds: &dyn Fn(&Asked) -> bool| {
            (0..COUNT).filter(|i| holds(bodies.asked(*i))).count() as f64 / COUNT as f64
        };
        let several = share(&|asked| asked.imps.len() > 1);
        let deals = share(&|asked| asked.imps.iter().any(|imp| !imp.deals.is_empty()));
        let sizes = share(&|asked| asked.imps.iter().any(|imp| imp.sizes.len() > 1));
        for (what, share) in [("several imps", several), ("deals", deals), ("several sizes", sizes)] {
            assert!((0.03..0.5).contains(&share), "{what}: {share}");
        }
        assert!(share(&|asked| asked.blocked_domains.is_empty()) < 1.0);
        assert!(share(&|asked| asked.user.is_none()) < 0.1);
    }

    #[test]
    fn any_lines_are_sent_where_that_is_asked_for_but_some_there_must_be() {
        let path = std::env::temp_dir().join(format!("load-any-{}.jsonl", std::process::id()));
        fs::write(&path, "[1]\n\n{}\n").expect("written");
        let bodies = any_from_file(&path).expect("two bodies");
        assert_eq!((bodies.len(), bodies.body(0), bodies.body(1)), (2, &b"[1]"[..], &b"{}"[..]));
        fs::write(&path, "\n").expect("written");
        let error = any_from_file(&path).expect_err("nothing to send").to_string();
        fs::remove_file(&path).expect("removed");
        assert!(error.contains("no body"), "{error}");
    }

    #[test]
    fn a_file_is_read_line_by_line_and_the_line_at_fault_is_named() {
        let path = std::env::temp_dir().join(format!("load-bodies-{}.jsonl", std::process::id()));
        let sound = r#"{"id":"a","imp":[{"id":"1","banner":{"w":300,"h":250}}],"user":{"id":"u"}}"#;
        fs::write(&path, format!("{sound}\n\n{sound}\n")).expect("written");
        let bodies = from_file(&path).expect("two bodies");
        assert_eq!((bodies.len(), bodies.body(1)), (2, sound.as_bytes()));
        assert_eq!((bodies.user(0), bodies.user(1)), (Some(UserNumber(0)), Some(UserNumber(0))));
        fs::write(&path, format!("{sound}\n{{}}\n")).expect("written");
        let error = from_file(&path).expect_err("the second is none").to_string();
        fs::remove_file(&path).expect("removed");
        assert!(error.contains(":2: "), "{error}");
    }
}
