//! What is counted rather than timed: flushes of the disk for each stable operation, by the line
//! that a server of ours ends with; and what a name costs in a directory that grows.

use crate::bench::namespace::command;
use crate::bench::servers::{Process, Programs, Server, ours};
use crate::bench::settings::Settings;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Connections and calls outstanding that flushes are counted at.
const SHAPES: [&str; 2] = ["1x1", "8x4"];
/// At least so long: what a mount and an end cost must not count.
const SECONDS_MIN: f64 = 2.0;
/// Procedures of `churn` and of its preparation that answer once they are durable.
const STABLE: [&str; 3] = ["CREATE", "REMOVE", "MKDIR"];
/// Names in the directory that grows, and how many are measured together.
const NAMES: u64 = 100_000;
const STEP: u64 = 1000;
/// How many directories grow; what disturbs a run can only make it dearer, so the least counts.
const DIRECTORIES: u32 = 5;

/// Everything that was counted.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// By shape.
    pub flushes: Vec<Flushes>,
    /// By size, the least of the runs.
    pub growth: Vec<Size>,
}

/// What stable operations cost the disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flushes {
    /// Connections and calls outstanding on each.
    pub shape: String,
    /// CREATE, REMOVE and MKDIR.
    pub operations: u64,
    /// Commits that they shared.
    pub commits: u64,
    /// Flushes of the disk.
    pub flushes: u64,
}

/// What a name costs in a directory of some size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Size {
    /// Names that are there afterwards.
    pub names: u64,
    /// CPU time of the server for each of the last thousand, microseconds.
    pub cpu_us_per_name: f64,
}

impl Flushes {
    /// Stable operations for each flush.
    pub fn operations_per_flush(&self) -> f64 {
        self.operations as f64 / self.flushes.max(1) as f64
    }

    /// Reads the line in which a server says what it has done.
    fn parse(shape: &str, said: &str) -> Result<Self, String> {
        let line = said.lines().find(|line| line.contains(": served "));
        let line = line.ok_or_else(|| format!("no last line of a server in {said:?}"))?;
        let words: Vec<&str> =
            line.split([' ', ',', ';', ':']).filter(|it| !it.is_empty()).collect();
        let count = |name: &str| {
            let pair = words.windows(2).find(|pair| pair[1] == name);
            pair.and_then(|pair| pair[0].parse::<u64>().ok())
        };
        let needed = |name: &str| count(name).ok_or_else(|| format!("no {name} in {line:?}"));
        Ok(Self {
            shape: shape.into(),
            operations: STABLE.iter().filter_map(|name| count(name)).sum(),
            commits: needed("commits")?,
            flushes: needed("flushes")?,
        })
    }
}

impl Counts {
    /// Counts flushes on `disk`, a folder on a disk of the host, and lets a directory grow in
    /// `memory`, where only its own cost is seen.
    ///
    /// # Errors
    /// What could not be started or went wrong.
    pub fn take(
        programs: &Programs,
        memory: &Path,
        disk: &Path,
        settings: &Settings,
    ) -> Result<Self, String> {
        let count = |shape: &&str| flushes(programs, disk, shape, settings);
        Ok(Self {
            flushes: SHAPES.iter().map(count).collect::<Result<_, _>>()?,
            growth: growth(programs, memory, settings)?,
        })
    }

    /// The cost at a size, and its ratio to that of the first thousand.
    pub fn growth_at(&self, names: u64) -> Option<(f64, f64)> {
        let first = self.growth.first()?.cpu_us_per_name;
        let size = self.growth.iter().find(|size| size.names == names)?;
        Some((size.cpu_us_per_name, size.cpu_us_per_name / first))
    }
}

fn flushes(
    programs: &Programs,
    disk: &Path,
    shape: &str,
    settings: &Settings,
) -> Result<Flushes, String> {
    let said = disk.join("said");
    let server = served(programs, disk, 20494)?;
    let running = server.start_with_errors(&said)?;
    let mut load = vec!["bench", "--workloads", "churn", "--shapes", shape, "--repeat", "1"];
    let (seconds, target) = (settings.seconds.max(SECONDS_MIN).to_string(), running.target());
    load.extend(["--entries", "1", "--big-mib", "1", "--write-mib", "1", "--one-core"]);
    load.extend(["--secs", &seconds, "--table", "/dev/null", "--target", &target]);
    command(&programs.program("nfsload").to_string_lossy(), &load)?;
    running.process.end()?;
    let text =
        std::fs::read_to_string(&said).map_err(|why| format!("{}: {why}", said.display()))?;
    Flushes::parse(shape, &text)
}

fn growth(programs: &Programs, memory: &Path, settings: &Settings) -> Result<Vec<Size>, String> {
    let server = served(programs, memory, 20495)?;
    let running = server.start()?;
    let (names, step, repeat) = (NAMES.to_string(), STEP.to_string(), directories(settings));
    let (repeat, target) = (repeat.to_string(), running.target());
    let load = ["grow", "--names", &names, "--step", &step, "--repeat", &repeat];
    let load = [&load[..], &["--target", &target]].concat();
    let lines = Process::output(&programs.program("nfsload"), &load)?;
    least(&lines)
}

fn directories(settings: &Settings) -> u32 {
    if settings.keep { DIRECTORIES } else { 1 }
}

/// Our server of a new image in `folder`.
fn served(programs: &Programs, folder: &Path, port: u16) -> Result<Server, String> {
    let image = folder.join("counted.img").to_string_lossy().into_owned();
    let inodes = (u64::from(DIRECTORIES + 1) * NAMES).to_string();
    let newfs = ["newfs", "--force", &image, "--size", "2G", "--inodes", &inodes];
    command(&programs.program("vnfsd").to_string_lossy(), &newfs)?;
    Ok(ours(programs, "vnfsd FFS", port, vec![image], false))
}

fn least(lines: &str) -> Result<Vec<Size>, String> {
    let mut sizes: BTreeMap<u64, f64> = BTreeMap::new();
    for line in lines.lines() {
        let said: Value = serde_json::from_str(line).map_err(|why| format!("{line:?}: {why}"))?;
        let cost = said["server_cpu_us_per_name"].as_f64();
        let (Some(names), Some(cost)) = (said["names"].as_u64(), cost) else {
            return Err(format!("no growth in {line:?}"));
        };
        let least = sizes.entry(names).or_insert(cost);
        *least = least.min(cost);
    }
    let size = |(names, cpu_us_per_name)| Size { names, cpu_us_per_name };
    Ok(sizes.into_iter().map(size).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_last_line_is_read() {
        let said = "INFO stopping\n2026 INFO it: served 30 calls on 2 connections: 3 LOOKUP, \
                    14 CREATE, 1 MKDIR, 13 REMOVE; disk: 7 bytes read, 9 bytes written in 6 \
                    writes, 4 flushes, 2 commits service=\"it\"\n";
        let counted = Flushes::parse("8x4", said).expect("counts");
        assert_eq!((counted.operations, counted.commits, counted.flushes), (28, 2, 4));
        assert!((counted.operations_per_flush() - 7.0).abs() < 1e-9);
        assert!(Flushes::parse("8x4", "INFO stopping").is_err());
    }

    #[test]
    fn growth_is_the_least_of_each_size() {
        let line = |names: u64, cost: u64| {
            format!("{{\"names\":{names},\"server_cpu_us_per_name\":{cost}}}\n")
        };
        let lines = [line(1000, 4), line(2000, 5), line(1000, 9), line(2000, 3)];
        let growth = least(&lines.concat()).expect("sizes");
        let counts = Counts { flushes: Vec::new(), growth };
        assert_eq!(counts.growth_at(2000), Some((3.0, 0.75)));
        assert_eq!(counts.growth_at(5000), None);
        assert!(least("{}").is_err());
    }
}
