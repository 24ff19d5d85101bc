//! What a call costs among many connections, and what connections and stacks cost that do nothing.

use super::costs::{Served, TIMES};
use super::daemon::{Daemon, Measured};
use crate::bench::process::Memory;
use crate::bench::results::median;
use crate::bench::servers::Programs;
use crate::bench::settings::Settings;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Connections that are open.
pub const CONNECTIONS: [u32; 4] = [1, 100, 1000, 10_000];
/// Calls outstanding.
pub const DEPTH: &str = "16";
/// Stacks that do nothing.
const STACKS: u32 = 1000;

/// What calls cost the server with so many connections open.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calls {
    /// Who serves.
    pub server: &'static str,
    /// Connections that are open.
    pub connections: u32,
    /// Processor time of the server for a call, in microseconds, where one connection works.
    pub first_us: f64,
    /// The same where all work in turn.
    pub all_us: f64,
    /// What a connection took that had been answered on once, in bytes.
    pub connection_bytes: f64,
}

/// What does nothing, and what it takes, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Idle {
    /// A stack on a link of its own, with the tenant around it.
    pub stack_bytes: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct Answered {
    measured: Measured,
    connection_bytes: f64,
}

/// Measures our stack and the same service on sockets, in turn.
///
/// # Errors
/// What could not be started or went wrong.
pub fn compare(programs: &Programs, settings: &Settings) -> Result<Vec<Calls>, String> {
    let mut calls = Vec::new();
    for connections in CONNECTIONS {
        for make in [Served::own, Served::sockets] {
            // Anew each time, so that memory that was given back is not taken for none.
            let server = make(programs)?;
            let first = rounds(programs, &server, connections, "first", settings)?;
            let all = rounds(programs, &server, connections, "all", settings)?;
            let fewest = first.first().map_or(0.0, |run| run.connection_bytes);
            let row = Calls {
                server: server.name,
                connections,
                first_us: middle_us(&first),
                all_us: middle_us(&all),
                connection_bytes: fewest,
            };
            eprintln!("{row:?}");
            calls.push(row);
        }
    }
    Ok(calls)
}

fn rounds(
    programs: &Programs,
    server: &Served,
    connections: u32,
    turns: &str,
    settings: &Settings,
) -> Result<Vec<Answered>, String> {
    let (connections, seconds) = (connections.to_string(), settings.seconds.to_string());
    let shape = ["calls", "--connections", &connections, "--depth", DEPTH, "--turns", turns];
    let words = [&shape[..], &["--seconds", &seconds]].concat();
    let run = |_| {
        let said = server.load(&programs.program("netload"), &words, 7)?;
        serde_json::from_str(&said).map_err(|why| format!("{said:?}: {why}"))
    };
    (0..settings.repeats * TIMES).map(run).collect()
}

fn middle_us(runs: &[Answered]) -> f64 {
    let of = |run: &Answered| run.measured.server_seconds / run.measured.count * 1e6;
    median(runs.iter().map(of).collect())
}

/// Measures a process with many stacks, and one with a single stack.
///
/// # Errors
/// If they cannot be started.
pub fn idle(programs: &Programs, folder: &Path) -> Result<Idle, String> {
    let resident = |stacks: u32| {
        let stacks = stacks.to_string();
        let link = format!("unix:{}", folder.join(format!("idle-{stacks}")).display());
        let bulk = programs.program("examples/bulk");
        let daemon = Daemon::start(&bulk, &[&link, "10.9.3.2/24", &stacks])?;
        Ok::<_, String>(Memory::of(&daemon.process())?.private_kib * 1024.0)
    };
    let stack_bytes = (resident(STACKS)? - resident(0)?) / f64::from(STACKS);
    Ok(Idle { stack_bytes })
}
