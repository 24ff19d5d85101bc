//! The figures of the own stack as Markdown.

use super::Network;
use super::calls::{CONNECTIONS, Calls, DEPTH};
use super::costs::{Cost, KERNEL, OWN, SOCKETS};
use super::files;
use super::grid::{self, DIRECTIONS};
use super::path::{Direction, QUEUE_BYTES_MIN, RATE_MBIT};
use crate::bench::results::{Cell, Section};
use crate::bench::table::yes_or_no;
use std::fmt::Write;

/// Least part of the kernel's goodput.
const GOODPUT_MIN: f64 = 0.9;
/// Most times the processor time of the kernel's loopback for a byte.
const COST_MAX: f64 = 1.5;
/// Most times the processor time of a call on the only connection.
const CALL_MAX: f64 = 1.2;
/// Most memory of a connection that does nothing, in bytes.
const CONNECTION_BYTES_MAX: f64 = 2048.0;

/// All tables.
pub fn markdown(network: &Network) -> String {
    let mut out = format!(
        "Measured on {}; medians of {} runs, everybody taking turns.\n",
        network.machine, network.repeats
    );
    grid(&mut out, &network.grid);
    costs(&mut out, &network.costs);
    programs(&mut out, &network.files);
    calls(&mut out, &network.calls);
    idle(&mut out, network);
    goals(&mut out, network);
    out.trim_end().to_owned()
}

fn grid(out: &mut String, cells: &[grid::Cell]) {
    let queue_kib = QUEUE_BYTES_MIN / 1024;
    let _ = writeln!(
        out,
        "\n### Goodput over paths that lose frames\n\n\
         One connection between the host's kernel and ours, and between two kernels, through the same relay: \
         {RATE_MBIT} × 10^6 bits in a second, a queue of what is on the way in a round trip and at least \
         {queue_kib} KiB, loss of the same frames either way, MTU 1500, no offloads; CUBIC.\n\n\
         | way | round trip, ms | loss | ours, Mbit/s | kernel, Mbit/s | ratio |\n\
         |---|---:|---:|---:|---:|---:|"
    );
    for cell in cells {
        let (ours, kernel) = cell.medians();
        let (rtt_ms, loss) = (cell.terms.rtt_us as f64 / 1000.0, cell.terms.loss * 100.0);
        let (way, ratio) = (way(cell.direction), cell.ratio());
        let _ = writeln!(
            out,
            "| {way} | {rtt_ms} | {loss} % | {ours:.1} | {kernel:.1} | {ratio:.2}× |"
        );
    }
    *out += "\n![Goodput over paths that lose frames](docs/loss.svg)\n";
}

fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Sending => "sending",
        Direction::Receiving => "receiving",
    }
}

fn costs(out: &mut String, costs: &[Cost]) {
    *out += "\n### What a byte costs\n\n\
        The service of three ports sends to a client on the host's kernel, or receives from it. CPU is processor \
        time, its share of the kernel included, of the server and of both ends; ratios are those of both \
        ends to the mean of the kernel's loopback, where both ways are the same work.\n\n\
        | way | server | MB/s | CPU s/GB, server | CPU s/GB, both | ratio |\n\
        |---|---|---:|---:|---:|---:|\n";
    for cost in costs {
        let Cost { server, direction, mb_per_s, server_seconds, both_seconds } = cost;
        let ratio = ratio(cost, costs);
        let _ = writeln!(
            out,
            "| {} | {server} | {mb_per_s:.0} | {server_seconds:.3} | {both_seconds:.3} | {ratio:.2}× |",
            way(*direction)
        );
    }
}

/// What a byte costs a server and its client, to that of the kernel's loopback: both ways, which are
/// the same work there.
fn ratio(cost: &Cost, costs: &[Cost]) -> f64 {
    let kernel = costs.iter().filter(|cost| cost.server == KERNEL);
    let seconds: Vec<f64> = kernel.map(|cost| cost.both_seconds).collect();
    cost.both_seconds * seconds.len() as f64 / seconds.iter().sum::<f64>()
}

fn programs(out: &mut String, files: &Section) {
    *out += "\n### vnfsd, from memory\n\n\
        Server CPU µs for each reply, and of both ends; ratios are those of the own stack over a tap to sockets of the \
        host, in CPU those of both ends. The client's kernel sends by CUBIC.\n\n\
        | workload | connections × calls | host sockets, per s | server | both | own stack, per s | server | both | speed | CPU |\n\
        |---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n";
    for workload in files.plan.workloads {
        for shape in files.plan.shapes {
            let cell = |server| files.cell(workload, shape, server);
            if let (Some(sockets), Some(own)) = (cell(files::SOCKETS), cell(files::OWN)) {
                program(out, sockets, own);
            }
        }
    }
}

fn program(out: &mut String, sockets: &Cell, own: &Cell) {
    let both = |cell: &Cell| cell.cpu_us_per_op + cell.client_cpu_us_per_op;
    let _ = write!(out, "| {} | {} |", own.workload, own.shape.replace('x', " × "));
    for cell in [sockets, own] {
        let _ = match cell.workload.starts_with("seq") {
            true => write!(out, " {:.0} MB |", cell.mb_per_s),
            false => write!(out, " {:.0} |", cell.ops_per_s),
        };
        let _ = write!(out, " {:.2} | {:.2} |", cell.cpu_us_per_op, both(cell));
    }
    let (speed, processor) = (own.ops_per_s / sockets.ops_per_s, both(own) / both(sockets));
    let _ = writeln!(out, " {speed:.2}× | {processor:.2}× |");
}

fn calls(out: &mut String, calls: &[Calls]) {
    let _ = writeln!(
        out,
        "\n### What a call costs among many connections\n\n\
         Calls of 120 bytes, {DEPTH} outstanding, on one of the connections or on all in turn; CPU µs of \
         the server for each, and its ratio to that on the only connection.\n\n\
         | server | connections | on one | ratio | on all | bytes of a connection |\n\
         |---|---:|---:|---:|---:|---:|"
    );
    for server in [OWN, SOCKETS] {
        for row in calls.iter().filter(|row| row.server == server) {
            let Calls { connections, first_us, all_us, connection_bytes, .. } = row;
            let ratio = growth(calls, server, *connections);
            let bytes = match connections {
                1 => String::new(),
                _ => format!("{connection_bytes:.0}"),
            };
            let _ = writeln!(
                out,
                "| {server} | {connections} | {first_us:.2} | {ratio:.2}× | {all_us:.2} | {bytes} |"
            );
        }
    }
}

/// What a call costs with so many connections, to that on the only one.
fn growth(calls: &[Calls], server: &str, connections: u32) -> f64 {
    let of = |count: u32| {
        let is_it = |row: &&Calls| row.server == server && row.connections == count;
        calls.iter().find(is_it).map_or(f64::NAN, |row| row.first_us)
    };
    of(connections) / of(1)
}

fn idle(out: &mut String, network: &Network) {
    let kib = network.idle.stack_bytes / 1024.0;
    let _ = writeln!(
        out,
        "\nA stack that does nothing, on a link of its own with the tenant around it, takes {kib:.1} KiB, by 1000 of them in a process."
    );
}

fn goals(out: &mut String, network: &Network) {
    *out += "\n### Goals of the own stack\n\n| goal | measured | reached |\n|---|---:|---|\n";
    let mut goal = |name: &str, measured: String, is_reached: bool| {
        let _ = writeln!(out, "| {name} | {measured} | {} |", yes_or_no(is_reached));
    };
    for direction in DIRECTIONS {
        let cells = network.grid.iter().filter(|cell| cell.direction == direction);
        let worst = cells.map(grid::Cell::ratio).fold(f64::INFINITY, f64::min);
        let name = format!("{}, worst path: goodput ≥ {GOODPUT_MIN}× the kernel's", way(direction));
        goal(&name, format!("{worst:.3}×"), worst >= GOODPUT_MIN);
    }
    for cost in network.costs.iter().filter(|cost| cost.server == OWN) {
        let ratio = ratio(cost, &network.costs);
        let name = format!(
            "{}, tap at MTU 1500: CPU of a byte ≤ {COST_MAX}× the kernel's loopback",
            way(cost.direction)
        );
        goal(&name, format!("{ratio:.2}×"), ratio <= COST_MAX);
    }
    let most = CONNECTIONS[CONNECTIONS.len() - 1];
    let call = growth(&network.calls, OWN, most);
    let name = format!("a call among {most} connections: CPU ≤ {CALL_MAX}× that on the only one");
    goal(&name, format!("{call:.2}×"), call <= CALL_MAX);
    let row = network.calls.iter().find(|row| row.server == OWN && row.connections == most);
    let bytes = row.map_or(f64::NAN, |row| row.connection_bytes);
    let name = format!("a connection that does nothing: ≤ {CONNECTION_BYTES_MAX:.0} bytes");
    goal(&name, format!("{bytes:.0}"), bytes <= CONNECTION_BYTES_MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bytes_cost_is_held_against_the_kernels_both_ways() {
        let cost = |server, direction, both_seconds| Cost {
            server,
            direction,
            mb_per_s: 1.0,
            server_seconds: 0.0,
            both_seconds,
        };
        let all = [
            cost(KERNEL, Direction::Sending, 0.1),
            cost(KERNEL, Direction::Receiving, 0.3),
            cost(OWN, Direction::Sending, 0.24),
        ];
        assert!((ratio(&all[2], &all) - 1.2).abs() < 1e-9);
        let mut out = String::new();
        costs(&mut out, &all);
        assert!(out.contains("| sending | own stack, tap | 1 | 0.000 | 0.240 | 1.20× |"), "{out}");
    }

    #[test]
    fn a_call_is_held_against_the_only_connections() {
        let row = |connections, first_us| Calls {
            server: OWN,
            connections,
            first_us,
            all_us: 1.0,
            connection_bytes: 1000.0,
        };
        let all = [row(1, 0.5), row(10_000, 0.6)];
        assert!((growth(&all, OWN, 10_000) - 1.2).abs() < 1e-9);
        assert!(growth(&all, SOCKETS, 100).is_nan());
    }
}
