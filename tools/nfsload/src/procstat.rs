//! What a server costs, read from /proc: CPU seconds, memory, threads and
//! descriptors, summed over a process and all its descendants.

use rustix::thread::{CpuSet, Pid, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use std::collections::HashMap;
use std::fs;

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    pub processes: u64,
    pub threads: u64,
    pub fds: u64,
    pub rss_kib: u64,
    pub pss_kib: u64,
    /// Private memory: what goes away with the process.
    pub private_kib: u64,
}

/// The fields of /proc/PID/stat after the command name, which may itself
/// hold spaces and brackets.
fn stat_fields(pid: u32) -> Option<Vec<String>> {
    let s = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after = &s[s.rfind(')')? + 1..];
    Some(after.split_whitespace().map(str::to_owned).collect())
}

/// `pid` and everything below it.
pub fn tree(pid: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    if let Ok(dir) = fs::read_dir("/proc") {
        for e in dir.flatten() {
            let pid = e.file_name().to_str().and_then(|n| n.parse::<u32>().ok());
            let parent = |p| stat_fields(p).and_then(|f| f.get(1)?.parse::<u32>().ok());
            if let Some((p, parent)) = pid.and_then(|p| Some((p, parent(p)?))) {
                children.entry(parent).or_default().push(p);
            }
        }
    }
    let mut all = vec![pid];
    let mut i = 0;
    while i < all.len() {
        if let Some(c) = children.get(&all[i]) {
            all.extend(c);
        }
        i += 1;
    }
    all
}

/// Keeps all threads of a process and its descendants, and those they start later, on the first
/// of the machine's cores, or lets them run anywhere again.
pub fn keep_on_one_core(pid: u32, one: bool) {
    let mut cores = CpuSet::new();
    for core in 0..if one { 1 } else { CpuSet::MAX_CPU } {
        cores.set(core);
    }
    for p in tree(pid) {
        let Ok(threads) = fs::read_dir(format!("/proc/{p}/task")) else { continue };
        for thread in threads.flatten() {
            let id = thread.file_name().to_str().and_then(|n| n.parse::<i32>().ok());
            // A thread may have ended meanwhile.
            sched_setaffinity(id.and_then(Pid::from_raw), &cores).ok();
        }
    }
}

/// utime + stime of every process of the tree, plus what its root has
/// already collected from children that ended. Guest time of a virtual
/// machine is part of its utime.
pub fn cpu_seconds(pid: u32) -> f64 {
    let hz = rustix::param::clock_ticks_per_second() as f64;
    let mut ticks = 0u64;
    for (i, p) in tree(pid).into_iter().enumerate() {
        if let Some(f) = stat_fields(p) {
            let last = if i == 0 { 14 } else { 12 }; // cutime, cstime for the root
            ticks += (11..=last).filter_map(|k| f.get(k)?.parse::<u64>().ok()).sum::<u64>();
        }
    }
    ticks as f64 / hz
}

/// The same in nanoseconds, of threads that have not ended, where the kernel counts them so
/// (schedstat); otherwise as coarse as [`cpu_seconds`].
pub fn cpu_nanoseconds(pid: u32) -> u64 {
    let threads =
        tree(pid).into_iter().filter_map(|p| fs::read_dir(format!("/proc/{p}/task")).ok());
    let run = |thread: fs::DirEntry| -> Option<u64> {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    match threads.flatten().flatten().filter_map(run).sum() {
        0 => (cpu_seconds(pid) * 1e9) as u64,
        nanoseconds => nanoseconds,
    }
}

pub fn usage(pid: u32) -> Usage {
    let mut u = Usage::default();
    for p in tree(pid) {
        let Some(f) = stat_fields(p) else { continue };
        u.processes += 1;
        u.threads += f.get(17).and_then(|s| s.parse::<u64>().ok()).unwrap_or(0);
        u.fds += fs::read_dir(format!("/proc/{p}/fd")).map_or(0, |d| d.count() as u64);
        if let Ok(s) = fs::read_to_string(format!("/proc/{p}/smaps_rollup")) {
            for l in s.lines() {
                let mut w = l.split_whitespace();
                let (Some(k), Some(v)) = (w.next(), w.next().and_then(|v| v.parse::<u64>().ok()))
                else {
                    continue;
                };
                match k {
                    "Rss:" => u.rss_kib += v,
                    "Pss:" => u.pss_kib += v,
                    "Private_Clean:" | "Private_Dirty:" => u.private_kib += v,
                    _ => {}
                }
            }
        }
    }
    u
}

/// This process's own CPU seconds.
pub fn own_cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_process_is_seen() {
        let me = std::process::id();
        assert!(tree(me).contains(&me));
        let u = usage(me);
        assert!(u.rss_kib > 0 && u.threads > 0 && u.fds > 0);
    }
}
