//! The figures of fleets as Markdown.

use super::Fleets;
use super::crowd::{AT_WORK, Crowd, SHAPE};
use super::density::Density;
use super::flood::{FLOOD_SHAPE, Flood};
use super::peers::{Each, Peers, SERVICES};
use super::site::{NETWORKS, Network};
use crate::bench::table::yes_or_no;
use std::fmt::Write;

/// Most memory of a service that nobody talks to, in KiB.
const EACH_KIB_MAX: f64 = 16.0;
/// Longest start of all services, in seconds.
const START_SECONDS_MAX: f64 = 10.0;
/// Longest wait for a first answer, in milliseconds.
const FIRST_MS_MAX: f64 = 10.0;
/// Wake-ups of a service in a second, at most: a thousandth is what the process itself may need.
const WAKEUPS_MAX: f64 = 0.001;
/// Least part of what is had alone.
const AMONG_MIN: f64 = 0.9;
/// Largest part that a flood may cost others.
const LOSS_MAX: f64 = 0.1;

/// All tables.
pub fn markdown(fleets: &Fleets) -> String {
    let mut out = format!(
        "Measured on {}; medians of {} runs. A process may have {} descriptors there, and a service on host \
         sockets takes two.\n",
        fleets.machine, fleets.repeats, fleets.descriptors_max
    );
    density(&mut out, &fleets.density);
    crowds(&mut out, &fleets.crowds);
    floods(&mut out, &fleets.floods);
    if let Some(peers) = &fleets.peers {
        self::peers(&mut out, peers, &fleets.density);
    }
    goals(&mut out, fleets);
    out.trim_end().to_owned()
}

fn density(out: &mut String, rows: &[Density]) {
    *out += "\n### Services that nobody talks to\n\n\
        Images of 8 MiB, closed until the first call. Memory of a service is what the process has beyond that of a fleet \
        of one. Wake-ups and CPU are those of all threads of the process at rest. First answers, from the first packet \
        to the root of the file system, are those of up to 200 services, one after another. Images of those and of \
        others are found clean after the end.\n\n\
        | network | services | resident, MiB | each, KiB | start, s | wake-ups per s | CPU ms per s | first answer, ms: half | 99 % | all | stop, s |\n\
        |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
    for row in rows {
        let each = row.each_kib(rows).map_or(String::new(), |kib| format!("{kib:.1}"));
        let _ = write!(out, "| {} | {} |", row.network.name(), row.services);
        let _ =
            write!(out, " {:.1} | {each} | {:.2} |", row.resident_kib / 1024.0, row.start_seconds);
        let _ = write!(out, " {:.1} | {:.2} |", row.wakeups_per_s, row.processor_ms_per_s);
        let [half, most, all] = [row.first.p50_us, row.first.p99_us, row.first.max_us];
        let _ = write!(out, " {:.2} | {:.2} | {:.2} |", half / 1e3, most / 1e3, all / 1e3);
        let _ = writeln!(out, " {:.2} |", row.stop_seconds);
    }
    *out += "\n![Memory and start of fleets](docs/fleet.svg)\n";
}

fn crowds(out: &mut String, rows: &[Crowd]) {
    let _ = writeln!(
        out,
        "\n### Ten at work among many\n\n\
         Replies in a second of {AT_WORK} services together, each with {} connections × calls, in a process with the \
         others and in one of their own, in turns.\n\n\
         | network | workload | services | alone, per s | among all, per s | ratio |\n\
         |---|---|---:|---:|---:|---:|",
        SHAPE.replace('x', " × ")
    );
    for row in rows {
        let Crowd { network, workload, services, alone_per_s, among_per_s, ratio } = row;
        let _ = writeln!(
            out,
            "| {} | {workload} | {services} | {alone_per_s:.0} | {among_per_s:.0} | {ratio:.2}× |",
            network.name()
        );
    }
}

fn floods(out: &mut String, rows: &[Flood]) {
    let _ = writeln!(
        out,
        "\n### One is flooded\n\n\
         Nine services answer GETATTR, 1 × 1 each, while a tenth is flooded with NULL calls, {}. Servers and load \
         generators share all cores; that there is room for all is made so by a rate, of the nine or of the flooded one. \
         Without room there is no goal: the nine share the machine with the flood and with who makes it.\n\n\
         | network | limits | the nine, per s | with the flood | lost |\n\
         |---|---|---:|---:|---:|",
        FLOOD_SHAPE.replace('x', " × ")
    );
    for row in rows {
        let Flood { network, case, quiet_per_s, flooded_per_s, loss, .. } = row;
        let _ = writeln!(
            out,
            "| {} | {case} | {quiet_per_s:.0} | {flooded_per_s:.0} | {:.1} % |",
            network.name(),
            loss * 100.0
        );
    }
}

fn peers(out: &mut String, peers: &Peers, rows: &[Density]) {
    let _ = writeln!(
        out,
        "\n### Beside one process for each service\n\n\
         {SERVICES} processes of nfs-ganesha, one service each, and {SERVICES} services in one process of ours, at \
         the same time, before anybody talks to them; then the largest fleet from above, its process included.\n\n\
         | for each service | resident, KiB | its share (PSS), KiB | private, KiB | threads |\n\
         |---|---:|---:|---:|---:|"
    );
    for (name, each) in [("nfs-ganesha", peers.ganesha), ("vnfsd, one of ten", peers.ours)] {
        let Each { memory, threads } = each;
        let _ = writeln!(
            out,
            "| {name} | {:.0} | {:.0} | {:.0} | {threads:.1} |",
            memory.resident_kib, memory.share_kib, memory.private_kib
        );
    }
    if let Some(largest) = largest(rows, Network::Switch) {
        let each = largest.resident_kib / f64::from(largest.services);
        let ratio = peers.ganesha.memory.private_kib / each;
        let _ = writeln!(out, "| vnfsd, one of {} | {each:.1} | | | |", largest.services);
        let _ = writeln!(
            out,
            "\nWhat is private to a process of nfs-ganesha is {ratio:.0} times what a service of ours takes in all."
        );
    }
}

/// The fleet with most services.
fn largest(rows: &[Density], network: Network) -> Option<&Density> {
    let rows = rows.iter().filter(|row| row.network == network);
    rows.max_by_key(|row| row.services)
}

fn goals(out: &mut String, fleets: &Fleets) {
    *out += "\n### Goals of fleets\n\n| goal | measured | reached |\n|---|---:|---|\n";
    for network in NETWORKS {
        if let Some(row) = largest(&fleets.density, network) {
            density_goals(out, row, &fleets.density);
        }
        let crowds = fleets.crowds.iter().filter(|row| row.network == network);
        let least = crowds.map(|row| row.ratio).fold(f64::INFINITY, f64::min);
        let name = format!("{}: ten among many ≥ {AMONG_MIN}× alone, worst", network.name());
        goal(out, &name, &format!("{least:.2}×"), least >= AMONG_MIN);
        let floods = fleets.floods.iter().filter(|row| row.network == network && row.has_room);
        let most = floods.map(|row| row.loss).fold(f64::NEG_INFINITY, f64::max) * 100.0;
        let name = format!(
            "{}: a flood of one costs the others ≤ {:.0} % where there is room, worst",
            network.name(),
            LOSS_MAX * 100.0
        );
        goal(out, &name, &format!("{most:.1} %"), most <= LOSS_MAX * 100.0);
    }
}

fn density_goals(out: &mut String, row: &Density, all: &[Density]) {
    let whose = format!("{}, {}:", row.network.name(), row.services);
    let each = row.each_kib(all).unwrap_or(f64::NAN);
    let name = format!("{whose} each ≤ {EACH_KIB_MAX:.0} KiB");
    goal(out, &name, &format!("{each:.1}"), each <= EACH_KIB_MAX);
    let name = format!("{whose} start ≤ {START_SECONDS_MAX:.0} s");
    goal(out, &name, &format!("{:.2}", row.start_seconds), row.start_seconds <= START_SECONDS_MAX);
    let first = row.first.max_us / 1e3;
    let name = format!("{whose} first answer ≤ {FIRST_MS_MAX:.0} ms, slowest");
    goal(out, &name, &format!("{first:.2}"), first <= FIRST_MS_MAX);
    let wakeups = row.wakeups_per_s / f64::from(row.services);
    let name = format!("{whose} wake-ups of a service in a second: 0 (≤ {WAKEUPS_MAX})");
    goal(out, &name, &format!("{wakeups:.4}"), wakeups <= WAKEUPS_MAX);
}

fn goal(out: &mut String, name: &str, measured: &str, is_reached: bool) {
    let _ = writeln!(out, "| {name} | {measured} | {} |", yes_or_no(is_reached));
}

#[cfg(test)]
mod tests {
    use super::super::density::FirstAnswers;
    use super::*;
    use crate::bench::process::Memory;

    fn density(services: u32, resident_kib: f64) -> Density {
        Density {
            network: Network::Switch,
            services,
            start_seconds: 2.0,
            resident_kib,
            wakeups_per_s: 1.0,
            processor_ms_per_s: 0.1,
            first: FirstAnswers { answered: 1.0, p50_us: 500.0, p99_us: 900.0, max_us: 11_000.0 },
            stop_seconds: 1.5,
        }
    }

    fn flood(has_room: bool, loss: f64) -> Flood {
        let (network, case) = (Network::Switch, "a case");
        Flood { network, case, has_room, quiet_per_s: 100.0, flooded_per_s: 90.0, loss }
    }

    fn fleets() -> Fleets {
        let each = |private_kib| Each {
            memory: Memory { private_kib, ..Memory::default() },
            threads: 3.0,
        };
        Fleets {
            machine: "a machine".into(),
            repeats: 3,
            descriptors_max: 20_000,
            density: vec![density(1, 2048.0), density(10_001, 102_048.0)],
            crowds: Vec::new(),
            floods: vec![flood(true, 0.05), flood(false, 0.5)],
            peers: Some(Peers { ganesha: each(4096.0), ours: each(1.0) }),
        }
    }

    #[test]
    fn goals_are_those_of_the_largest_fleet() {
        let tables = markdown(&fleets());
        let each = "| own stacks, one switch, 10001: each ≤ 16 KiB | 10.0 | yes |";
        assert!(tables.contains(each), "{tables}");
        assert!(tables.contains("first answer ≤ 10 ms, slowest | 11.00 | no |"), "{tables}");
        assert!(tables.contains("0 (≤ 0.001) | 0.0001 | yes |"), "{tables}");
    }

    #[test]
    fn a_flood_is_judged_where_there_is_room() {
        let tables = markdown(&fleets());
        assert!(tables.contains("where there is room, worst | 5.0 % | yes |"), "{tables}");
        assert!(tables.contains("| a case | 100 | 90 | 50.0 % |"), "{tables}");
    }

    #[test]
    fn a_process_of_others_is_held_against_a_service_of_ours() {
        let tables = markdown(&fleets());
        assert!(tables.contains("nfs-ganesha is 401 times"), "{tables}");
    }
}
