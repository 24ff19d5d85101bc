//! Processor time, as the kernel counts it for each thread in nanoseconds (`schedstat`).

use std::fs;

/// What all living threads of a process took so far, its share of the kernel included.
pub fn time_ns(process: &str) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let of = |thread: fs::DirEntry| -> Option<u64> {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    threads.filter_map(of).sum()
}

/// Resident memory of a process that it shares with nobody, in KiB.
pub fn private_kib(process: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let of = |line: &str| -> Option<u64> {
        let (name, rest) = line.split_once(':')?;
        let is_it = matches!(name, "Private_Clean" | "Private_Dirty");
        rest.split_whitespace().next()?.parse().ok().filter(|_| is_it)
    };
    text.lines().filter_map(of).sum()
}

/// What the whole machine was busy for, in ticks of a hundredth of a second: also for what it did
/// for nobody in particular, such as receiving.
pub fn machine_ticks() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let ticks: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, idle, waiting, interrupts, soft interrupts
    [0, 1, 2, 5, 6].iter().filter_map(|&index| ticks.get(index)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_takes_time_and_memory() {
        assert!(time_ns("self") > 0 && private_kib("self") > 0 && machine_ticks() > 0);
        assert_eq!((time_ns("nobody"), private_kib("nobody")), (0, 0));
    }
}
