//! What /proc tells: CPU time of a process, of the whole machine, and what machine it is.

use std::fs;
use std::io;
use std::ops::Sub;
use std::time::Duration;

use rustix::thread::ClockId;
use serde::Serialize;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CpuTime {
    pub user: Duration,
    pub system: Duration,
}

impl CpuTime {
    pub fn total(self) -> Duration {
        self.user + self.system
    }
}

impl Sub for CpuTime {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub memory_bytes: u64,
    pub kernel: String,
}

/// CPU time of all threads of a process, those that have ended among them.
pub fn cpu_of(pid: u32) -> io::Result<CpuTime> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_stat(&text)
        .ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat has another form than Linux gives it")))
}

/// CPU time of the thread that asks.
pub fn own_thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a clock that counts up from zero")
}

/// Time in which the machine's cores were busy, added up.
pub fn machine_busy() -> io::Result<Duration> {
    let text = fs::read_to_string("/proc/stat")?;
    parse_busy(&text).ok_or_else(|| io::Error::other("/proc/stat has another form than Linux gives it"))
}

pub fn machine() -> Machine {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map_or(String::new(), |(_, value)| value.trim().to_owned())
    };
    let memory_kib = field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0);
    Machine {
        cpu: field("/proc/cpuinfo", "model name"),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_bytes: 1024 * memory_kib,
        kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
    }
}

/// The 14th and 15th field, counted behind the name: that may hold spaces and parentheses of its own.
fn parse_stat(text: &str) -> Option<CpuTime> {
    let mut fields = text[text.rfind(')')? + 1..].split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse().ok();
    Some(CpuTime { user: duration_of(ticks()?), system: duration_of(ticks()?) })
}

/// user, nice, system, idle, iowait, irq, softirq; steal is another machine's.
fn parse_busy(text: &str) -> Option<Duration> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line.split_ascii_whitespace().map_while(|field| field.parse().ok()).collect();
    match ticks[..] {
        [user, nice, system, _, _, irq, softirq, ..] => {
            Some(duration_of(user + nice + system + irq + softirq))
        }
        _ => None,
    }
}

fn duration_of(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_a_name_with_parentheses() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 90 0 0 0 123 45 0 0 20 0 1 0";
        let tick = duration_of(1);
        assert_eq!(parse_stat(stat), Some(CpuTime { user: tick * 123, system: tick * 45 }));
        assert_eq!(parse_stat("42 (a"), None);
    }

    #[test]
    fn busy_time_leaves_out_idleness_and_what_was_stolen() {
        let busy = parse_busy("cpu  1 2 4 8 16 32 64 128 0 0\ncpu0 1 1");
        assert_eq!(busy, Some(duration_of(1 + 2 + 4 + 32 + 64)));
        assert_eq!(parse_busy("cpu  1 2"), None);
    }

    #[test]
    fn own_cpu_time_grows_with_work() {
        let before = own_thread_cpu();
        while own_thread_cpu() - before < Duration::from_millis(30) {}
        assert!(cpu_of(std::process::id()).unwrap().total() > Duration::ZERO);
        assert!(machine_busy().unwrap() > Duration::ZERO);
    }
}
