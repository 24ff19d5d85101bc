//! What a process of the run takes while it is watched: memory, threads, processor time, wake-ups.

use serde::Serialize;
use std::fs;

/// Memory of a process, in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Memory {
    /// All that is resident.
    pub resident_kib: f64,
    /// The same with its part of what others have, too.
    pub share_kib: f64,
    /// What nobody else has.
    pub private_kib: f64,
}

/// What all threads of a process have done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Activity {
    /// How often one of them went to sleep, to be woken again.
    pub wakeups: f64,
    /// Time on a processor, in seconds.
    pub processor_seconds: f64,
}

impl Memory {
    /// That of a process.
    ///
    /// # Errors
    /// If it is gone.
    pub fn of(process: &str) -> Result<Self, String> {
        Ok(Self::parse(&read(&format!("/proc/{process}/smaps_rollup"))?))
    }

    fn parse(text: &str) -> Self {
        let mut memory = Self::default();
        for line in text.lines() {
            match named(line) {
                Some(("Rss", kib)) => memory.resident_kib += kib,
                Some(("Pss", kib)) => memory.share_kib += kib,
                Some(("Private_Clean" | "Private_Dirty", kib)) => memory.private_kib += kib,
                _ => {}
            }
        }
        memory
    }
}

impl Activity {
    /// That of a process.
    ///
    /// # Errors
    /// If it is gone.
    pub fn of(process: &str) -> Result<Self, String> {
        let mut activity = Self::default();
        for thread in threads(process)? {
            let status = read(&format!("{thread}/status"))?;
            let sleeps = |line| named(line).filter(|(name, _)| *name == "voluntary_ctxt_switches");
            activity.wakeups += status.lines().find_map(sleeps).map_or(0.0, |(_, count)| count);
            let nanoseconds = read(&format!("{thread}/schedstat"))?;
            let first = nanoseconds.split(' ').next().and_then(|word| word.parse::<f64>().ok());
            activity.processor_seconds += first.unwrap_or(0.0) / 1e9;
        }
        Ok(activity)
    }

    /// What was done since then.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            wakeups: self.wakeups - earlier.wakeups,
            processor_seconds: self.processor_seconds - earlier.processor_seconds,
        }
    }
}

/// The folders of a process's threads.
///
/// # Errors
/// If it is gone.
pub fn threads(process: &str) -> Result<Vec<String>, String> {
    let path = format!("/proc/{process}/task");
    let failed = |why| format!("{path}: {why}");
    let thread = |entry: std::io::Result<fs::DirEntry>| {
        entry.map(|entry| entry.path().to_string_lossy().into_owned()).map_err(failed)
    };
    fs::read_dir(&path).map_err(failed)?.map(thread).collect()
}

/// How many descriptors this process may have, and those that it starts.
///
/// # Errors
/// If the kernel does not say.
pub fn descriptors_max() -> Result<u32, String> {
    let text = read("/proc/self/limits")?;
    let line = text.lines().find(|line| line.starts_with("Max open files"));
    let hard = line.and_then(|line| line.split_whitespace().nth(4)?.parse().ok());
    hard.ok_or_else(|| "/proc/self/limits: no hard limit of open files".into())
}

/// A line such as `Rss:  12 kB`, as name and number.
fn named(line: &str) -> Option<(&str, f64)> {
    let (name, rest) = line.split_once(':')?;
    Some((name, rest.split_whitespace().next()?.parse().ok()?))
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|why| format!("{path}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_summed_by_kind() {
        let text = "00400000-7fff [rollup]\nRss:  9 kB\nPss:  7 kB\nPss_Dirty:  3 kB\n\
                    Private_Clean:  2 kB\nPrivate_Dirty:  4 kB\n";
        let expected = Memory { resident_kib: 9.0, share_kib: 7.0, private_kib: 6.0 };
        assert_eq!(Memory::parse(text), expected);
    }

    #[test]
    fn somebody_who_runs_is_seen_to() {
        assert!(Activity::of("self").is_ok_and(|activity| activity.processor_seconds > 0.0));
        assert!(threads("self").is_ok_and(|threads| !threads.is_empty()));
        assert!(descriptors_max().is_ok_and(|count| count > 0));
    }
}
