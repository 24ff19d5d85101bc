//! Medians of what the load generator said, and what is asked of them.

use crate::bench::counts::Counts;
use crate::bench::settings::{Plan, Settings};
use serde::Serialize;
use serde_json::Value;

/// The peer that ratios are taken against.
pub const PEER: &str = "nfs-ganesha";

/// Everything a run of the bench found out.
#[derive(Debug, Serialize)]
pub struct Results {
    /// What the run was made on, in general terms.
    pub machine: String,
    /// Seconds of each measurement.
    pub seconds: f64,
    /// Measurements behind each median.
    pub repeats: u32,
    /// Starts of the servers that are only read.
    pub startups: Vec<Startup>,
    /// What only looks.
    pub reads: Section,
    /// What changes files on a disk.
    pub writes: Section,
    /// What is counted.
    pub counts: Counts,
}

/// What was measured together, on the same servers.
#[derive(Debug, Serialize)]
pub struct Section {
    /// What was to be measured.
    #[serde(skip)]
    pub plan: &'static Plan,
    /// Servers, in the order of the tables.
    pub servers: Vec<String>,
    /// Workload by workload, shape by shape, server by server.
    pub cells: Vec<Cell>,
}

/// How a server starts.
#[derive(Debug, Serialize)]
pub struct Startup {
    /// Which server.
    pub server: String,
    /// From its start to its first answer, milliseconds.
    pub first_answer_ms: f64,
    /// Its share of memory half a second later, KiB.
    pub idle_pss_kib: f64,
}

/// Medians of one server under one load.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// The load generator's name of it.
    pub workload: String,
    /// Connections and calls outstanding on each.
    pub shape: String,
    /// Which server.
    pub server: String,
    /// Replies in a second.
    pub ops_per_s: f64,
    /// Payload, 10^6 bytes in a second.
    pub mb_per_s: f64,
    /// Median latency, microseconds.
    pub p50_us: f64,
    /// Latency of the slowest hundredth, microseconds.
    pub p99_us: f64,
    /// CPU time of the server for each reply, microseconds.
    pub cpu_us_per_op: f64,
    /// CPU time of the load generator for each reply, microseconds.
    pub client_cpu_us_per_op: f64,
    /// The server's share of memory after the load, KiB.
    pub pss_kib: f64,
}

impl Startup {
    /// Reads the last line that `nfsload startup` prints.
    pub fn parse(lines: &str) -> Result<Self, String> {
        let last = lines.lines().last().unwrap_or_default();
        let line: Value = serde_json::from_str(last).map_err(|why| format!("{last:?}: {why}"))?;
        Ok(Self {
            server: text(&line, "target")?,
            first_answer_ms: number(&line, "median_first_null_ms")?,
            idle_pss_kib: number(&line, "median_pss_kib")?,
        })
    }
}

impl Results {
    /// All of it.
    pub fn new(
        settings: &Settings,
        startups: Vec<Startup>,
        reads: Section,
        writes: Section,
        counts: Counts,
    ) -> Self {
        let (seconds, repeats) = (settings.seconds, settings.repeats);
        Self { machine: machine(), seconds, repeats, startups, reads, writes, counts }
    }

    /// The file that is kept.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl Section {
    /// Sums up the lines that `nfsload bench` printed, one for each measurement.
    pub fn new(plan: &'static Plan, servers: &[&str], lines: &str) -> Result<Self, String> {
        let parse = |line| serde_json::from_str(line).map_err(|why| format!("{line:?}: {why}"));
        let runs = lines.lines().map(parse).collect::<Result<Vec<Value>, _>>()?;
        let servers = servers.iter().map(ToString::to_string).collect();
        Ok(Self { plan, servers, cells: cells(&runs)? })
    }

    /// One server under one load.
    pub fn cell(&self, workload: &str, shape: &str, server: &str) -> Option<&Cell> {
        let is_it = |cell: &&Cell| {
            cell.workload == workload && cell.shape == shape && cell.server == server
        };
        self.cells.iter().find(is_it)
    }
}

fn cells(runs: &[Value]) -> Result<Vec<Cell>, String> {
    let mut groups: Vec<(Cell, Vec<&Value>)> = Vec::new();
    for run in runs {
        let key = empty_cell(run)?;
        let is_it = |(cell, _): &&mut (Cell, Vec<_>)| {
            (&cell.workload, &cell.shape, &cell.server) == (&key.workload, &key.shape, &key.server)
        };
        match groups.iter_mut().find(is_it) {
            Some((_, runs)) => runs.push(run),
            None => groups.push((key, vec![run])),
        }
    }
    groups.into_iter().map(|(cell, runs)| medians(cell, &runs)).collect()
}

fn empty_cell(run: &Value) -> Result<Cell, String> {
    Ok(Cell {
        workload: text(run, "workload")?,
        shape: format!("{}x{}", number(run, "conns")?, number(run, "depth")?),
        server: text(run, "target")?,
        ops_per_s: 0.0,
        mb_per_s: 0.0,
        p50_us: 0.0,
        p99_us: 0.0,
        cpu_us_per_op: 0.0,
        client_cpu_us_per_op: 0.0,
        pss_kib: 0.0,
    })
}

fn medians(cell: Cell, runs: &[&Value]) -> Result<Cell, String> {
    let median = |name: &str| {
        let values = runs.iter().map(|run| number(run, name)).collect::<Result<_, String>>();
        values.map(median)
    };
    Ok(Cell {
        ops_per_s: median("ops_per_s")?,
        mb_per_s: median("mb_per_s")?,
        p50_us: median("p50_us")?,
        p99_us: median("p99_us")?,
        cpu_us_per_op: median("server_cpu_us_per_op")?,
        client_cpu_us_per_op: median("client_cpu_us_per_op")?,
        pss_kib: median("server_pss_kib")?,
        ..cell
    })
}

/// The middle one, or between the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        length => f64::midpoint(values[middle], values[(length - 1) / 2]),
    }
}

fn number(line: &Value, name: &str) -> Result<f64, String> {
    line[name].as_f64().ok_or_else(|| format!("no number {name:?} in {line}"))
}

fn text(line: &Value, name: &str) -> Result<String, String> {
    line[name].as_str().map(String::from).ok_or_else(|| format!("no text {name:?} in {line}"))
}

/// Enough to judge the figures by, and no more.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{cores} cores shared by servers and load generator, {} {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::settings::READS;

    #[test]
    fn medians_of_each_load_and_server() {
        let line = |server: &str, ops: u32| {
            format!(
                r#"{{"workload":"null","conns":8,"depth":4,"target":"{server}","ops_per_s":{ops},
                "mb_per_s":0,"p50_us":1,"p99_us":2,"server_cpu_us_per_op":3,"client_cpu_us_per_op":5,
                "server_pss_kib":4}}"#
            )
            .replace('\n', " ")
        };
        let lines = [line("a", 1), line("b", 10), line("a", 9), line("b", 20), line("a", 2)];
        let results = Section::new(&READS, &["a", "b"], &lines.join("\n")).expect("results");
        assert_eq!(results.cell("null", "8x4", "a").map(|cell| cell.ops_per_s), Some(2.0));
        assert_eq!(results.cell("null", "8x4", "b").map(|cell| cell.ops_per_s), Some(15.0));
        assert!(results.cell("null", "1x1", "b").is_none());
    }

    #[test]
    fn a_start_is_the_last_line() {
        let lines = "{}\n{\"target\":\"t\",\"median_first_null_ms\":4.5,\"median_pss_kib\":7}\n";
        let startup = Startup::parse(lines).expect("a start");
        assert_eq!((startup.first_answer_ms, startup.idle_pss_kib), (4.5, 7.0));
    }
}
