//! The figures as Markdown, and their place in SPECIFICATION.md.

use crate::bench::counts::Counts;
use crate::bench::results::{Cell, PEER, Results, Section, Startup};
use std::fmt::Write;

/// What a run puts between a pair of markers.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    begin: &'static str,
    end: &'static str,
}

/// Servers of files, and counts.
pub const FILES: Place = Place {
    begin: "<!-- bench: begin, written by `cargo xtask bench` -->\n",
    end: "<!-- bench: end -->",
};

/// The own stack.
pub const NETWORK: Place = Place {
    begin: "<!-- network: begin, written by `cargo xtask bench` -->\n",
    end: "<!-- network: end -->",
};

/// Many services in a process.
pub const FLEET: Place = Place {
    begin: "<!-- fleet: begin, written by `cargo xtask bench` -->\n",
    end: "<!-- fleet: end -->",
};

/// What DESIGN.md asks of a workload at a shape, against the peer in the same run.
struct Goal {
    workload: &'static str,
    shape: &'static str,
    /// Least ratio of throughput.
    speed_min: f64,
    /// Largest ratio of CPU time.
    cpu_max: f64,
}

const fn goal(workload: &'static str, shape: &'static str, speed_min: f64, cpu_max: f64) -> Goal {
    Goal { workload, shape, speed_min, cpu_max }
}

const GOALS: [Goal; 10] = [
    goal("getattr", "1x1", 1.0, 1.0 / 3.0),
    goal("lookup", "1x1", 1.0, 1.0 / 3.0),
    goal("randread-4k", "1x1", 1.0, 1.0 / 3.0),
    goal("getattr", "8x4", 1.0, 1.0 / 5.0),
    goal("lookup", "8x4", 1.0, 1.0 / 5.0),
    goal("randread-4k", "8x4", 1.0, 1.0 / 5.0),
    goal("seqread-1m", "1x1", 1.3, 1.0 / 2.0),
    goal("seqread-1m", "8x4", 1.3, 1.0 / 2.0),
    goal("seqwrite-1m", "1x1", 1.3, 1.0 / 2.0),
    goal("seqwrite-1m", "8x4", 1.3, 1.0 / 2.0),
];

/// Sizes of a growing directory that the table shows.
const SIZES: [u64; 4] = [1000, 10_000, 50_000, NAMES_MOST];
const NAMES_MOST: u64 = 100_000;
/// How much more a name may cost there than among the first thousand.
const GROWTH_MAX: f64 = 1.5;

/// Puts `tables` between the markers of `text`.
///
/// # Errors
/// If the markers are not there.
pub fn insert(text: &str, place: Place, tables: &str) -> Result<String, String> {
    let Place { begin, end } = place;
    let (before, rest) = text.split_once(begin).ok_or("SPECIFICATION.md: no begin marker")?;
    let (_, after) = rest.split_once(end).ok_or("SPECIFICATION.md: no end marker")?;
    Ok(format!("{before}{begin}\n{tables}\n{end}{after}"))
}

/// All tables.
pub fn markdown(results: &Results) -> String {
    let mut out = format!(
        "Measured on {}; medians of {} runs of {} s, all servers taking turns.\n",
        results.machine, results.repeats, results.seconds
    );
    out += "\n### Looking, from memory\n";
    loads(&mut out, &results.reads);
    out += "\n### Changing, on one disk and file system of the host\n";
    loads(&mut out, &results.writes);
    out += "\nCPU µs is the server's CPU time for each reply. The bare columns \"speed\" and ";
    out +=
        "\"CPU\" are ratios to nfs-ganesha in the same run: more speed and less CPU is better.\n";
    out += "\n### Goals\n";
    goals(&mut out, results);
    growth(&mut out, &results.counts);
    startups(&mut out, &results.startups);
    out.trim_end().to_owned()
}

fn loads(out: &mut String, results: &Section) {
    let ours = || results.servers.iter().filter(|server| *server != PEER);
    let peer = results.servers.iter().any(|server| server == PEER);
    *out += "\n| workload | connections × calls |";
    for server in ours() {
        let _ = write!(out, " {server}, per s | CPU µs |");
        if peer {
            let _ = write!(out, " speed | CPU |");
        }
    }
    let _ = writeln!(out, "{}", if peer { " nfs-ganesha, per s | CPU µs |" } else { "" });
    let columns = ours().count() * if peer { 4 } else { 2 } + if peer { 2 } else { 0 };
    let _ = writeln!(out, "|---|---|{}", "---:|".repeat(columns));
    for workload in results.plan.workloads {
        for shape in results.plan.shapes {
            load(out, results, workload, shape);
        }
    }
}

fn load(out: &mut String, results: &Section, workload: &str, shape: &str) {
    let peer = results.cell(workload, shape, PEER);
    let _ = write!(out, "| {workload} | {} |", shape.replace('x', " × "));
    for server in results.servers.iter().filter(|server| *server != PEER) {
        figures(out, results.cell(workload, shape, server));
        if let (Some(cell), Some(peer)) = (results.cell(workload, shape, server), peer) {
            let (speed, cpu) = ratios(cell, peer);
            let _ = write!(out, " {speed:.2}× | {cpu:.2}× |");
        }
    }
    if peer.is_some() {
        figures(out, peer);
    }
    *out += "\n";
}

/// Throughput, in bytes where bytes are what matters, and CPU time.
fn figures(out: &mut String, cell: Option<&Cell>) {
    let _ = match cell {
        Some(cell) if cell.workload.starts_with("seq") => {
            write!(out, " {:.0} MB | {:.0} |", cell.mb_per_s, cell.cpu_us_per_op)
        }
        Some(cell) => write!(out, " {:.0} | {:.2} |", cell.ops_per_s, cell.cpu_us_per_op),
        None => write!(out, " | |"),
    };
}

fn ratios(cell: &Cell, peer: &Cell) -> (f64, f64) {
    (cell.ops_per_s / peer.ops_per_s, cell.cpu_us_per_op / peer.cpu_us_per_op)
}

fn goals(out: &mut String, results: &Results) {
    if !results.reads.servers.iter().any(|server| server == PEER) {
        return;
    }
    *out +=
        "\n| goal | at | server | speed, or count | CPU | reached |\n|---|---|---|---:|---:|---|\n";
    for goal in &GOALS {
        for section in [&results.reads, &results.writes] {
            for server in section.servers.iter().filter(|server| *server != PEER) {
                goal_row(out, section, goal, server);
            }
        }
    }
    counted_goals(out, &results.counts);
}

fn goal_row(out: &mut String, results: &Section, goal: &Goal, server: &str) {
    let cell = |server| results.cell(goal.workload, goal.shape, server);
    let (Some(ours), Some(peer)) = (cell(server), cell(PEER)) else { return };
    let (speed, cpu) = ratios(ours, peer);
    let reached = match (speed >= goal.speed_min, cpu <= goal.cpu_max) {
        (true, true) => "yes",
        (true, false) => "speed only",
        (false, true) => "CPU only",
        (false, false) => "no",
    };
    let _ = writeln!(
        out,
        "| {}: speed ≥ {:.1}×, CPU ≤ {:.2}× | {} | {server} | {speed:.2}× | {cpu:.2}× | {reached} |",
        goal.workload,
        goal.speed_min,
        goal.cpu_max,
        goal.shape.replace('x', " × "),
    );
}

/// Goals that do not depend on anybody's speed.
fn counted_goals(out: &mut String, counts: &Counts) {
    for flushes in &counts.flushes {
        let (count, shape) = (flushes.operations_per_flush(), flushes.shape.replace('x', " × "));
        let (goal, reached) = match flushes.shape.as_str() {
            "8x4" => (": ≥ 5", yes_or_no(count >= 5.0)),
            _ => ("", "no goal"),
        };
        let _ = writeln!(
            out,
            "| churn, stable operations for each flush{goal} | {shape} | vnfsd FFS | {count:.1} | | {reached} |"
        );
    }
    if let Some((_, ratio)) = counts.growth_at(NAMES_MOST) {
        let reached = yes_or_no(ratio <= GROWTH_MAX);
        let _ = writeln!(
            out,
            "| a name among {NAMES_MOST}: CPU ≤ {GROWTH_MAX:.1}× that of the first thousand | 1 × 16 | vnfsd FFS | | {ratio:.2}× | {reached} |"
        );
    }
}

/// Whether a goal is reached, in a table.
pub fn yes_or_no(is_reached: bool) -> &'static str {
    if is_reached { "yes" } else { "no" }
}

/// What a name costs in a directory that grows.
fn growth(out: &mut String, counts: &Counts) {
    if counts.growth.is_empty() {
        return;
    }
    *out += "\n| names in one directory | CPU µs for a new one | against the first thousand |\n";
    *out += "|---:|---:|---:|\n";
    for names in SIZES {
        if let Some((cost, ratio)) = counts.growth_at(names) {
            let _ = writeln!(out, "| {names} | {cost:.1} | {ratio:.2}× |");
        }
    }
    *out += "\n![Server CPU time for a new name](docs/growth.svg)\n";
}

fn startups(out: &mut String, startups: &[Startup]) {
    *out += "\n| server | start to first answer, ms | idle memory (PSS), MiB |\n|---|---:|---:|\n";
    for Startup { server, first_answer_ms, idle_pss_kib } in startups {
        let mib = idle_pss_kib / 1024.0;
        let _ = writeln!(out, "| {server} | {first_answer_ms:.1} | {mib:.1} |");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::counts::{Flushes, Size};
    use crate::bench::settings::{READS, WRITES};

    fn cell(server: &str, ops_per_s: f64, cpu_us_per_op: f64) -> Cell {
        Cell {
            workload: "getattr".into(),
            shape: "8x4".into(),
            server: server.into(),
            ops_per_s,
            mb_per_s: 0.0,
            p50_us: 0.0,
            p99_us: 0.0,
            cpu_us_per_op,
            client_cpu_us_per_op: 0.0,
            pss_kib: 0.0,
        }
    }

    fn results(cells: Vec<Cell>) -> Results {
        Results {
            machine: "a machine".into(),
            seconds: 1.0,
            repeats: 3,
            startups: Vec::new(),
            counts: Counts::default(),
            writes: Section { plan: &WRITES, servers: Vec::new(), cells: Vec::new() },
            reads: Section {
                plan: &READS,
                servers: cells.iter().map(|cell| cell.server.clone()).collect(),
                cells,
            },
        }
    }

    #[test]
    fn ratios_are_taken_against_the_peer() {
        let both = results(vec![cell(PEER, 100.0, 20.0), cell("ours", 300.0, 5.0)]);
        let tables = markdown(&both);
        assert!(tables.contains("| 300 | 5.00 | 3.00× | 0.25× | 100 | 20.00 |"), "{tables}");
        assert!(tables.contains("3.00× | 0.25× | speed only |"), "{tables}");
        let alone = markdown(&results(vec![cell("ours", 300.0, 5.0)]));
        assert!(alone.contains("| 300 | 5.00 |\n") && !alone.contains("goal |"), "{alone}");
    }

    #[test]
    fn counts_have_goals_of_their_own() {
        let flushes = |shape: &str, operations| Flushes {
            shape: shape.into(),
            operations,
            commits: 5,
            flushes: 10,
        };
        let size = |names, cpu_us_per_name| Size { names, cpu_us_per_name };
        let mut both = results(vec![cell(PEER, 100.0, 20.0), cell("ours", 300.0, 5.0)]);
        both.counts = Counts {
            flushes: vec![flushes("1x1", 5), flushes("8x4", 73)],
            growth: vec![size(1000, 40.0), size(100_000, 50.0)],
        };
        let tables = markdown(&both);
        assert!(tables.contains("each flush: ≥ 5 | 8 × 4 | vnfsd FFS | 7.3 | | yes |"), "{tables}");
        assert!(tables.contains("each flush | 1 × 1 | vnfsd FFS | 0.5 | | no goal |"), "{tables}");
        assert!(tables.contains("vnfsd FFS | | 1.25× | yes |"), "{tables}");
        assert!(tables.contains("| 100000 | 50.0 | 1.25× |\n\n!["), "{tables}");
    }

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        for place @ Place { begin, end } in [FILES, NETWORK, FLEET] {
            let text = format!("before\n{begin}old\n{end}\nafter\n");
            let new = insert(&text, place, "new").expect("markers");
            assert_eq!(new, format!("before\n{begin}\nnew\n{end}\nafter\n"));
            assert!(insert("no markers", place, "new").is_err());
        }
    }
}
