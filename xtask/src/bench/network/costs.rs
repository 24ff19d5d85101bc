//! What a byte costs: processor time of both ends for each 10^9 bytes, as work moves between them.

use super::daemon::{Daemon, Measured};
use super::grid::DIRECTIONS;
use super::path::Direction;
use crate::bench::namespace::{await_gone, command};
use crate::bench::results::median;
use crate::bench::servers::{Process, Programs};
use crate::bench::settings::Settings;
use serde::Serialize;
use std::path::Path;

/// What ours is held against.
pub const KERNEL: &str = "host kernel, loopback";
/// What the goal is about.
pub const OWN: &str = "own stack, tap";
/// The same without offloads.
pub const PLAIN: &str = "own stack, tap without offloads";
/// The same service on sockets of the host.
pub const SOCKETS: &str = "the same service, host sockets";

/// Runs for each of other measurements: these are short, and depend on who meets whom on a core.
pub const TIMES: u32 = 2;

/// The tap of our stack.
const TAP: &str = "own0";

/// A service and where it answers.
pub struct Served {
    /// Its name in the tables.
    pub name: &'static str,
    /// Where.
    pub address: &'static str,
    daemon: Daemon,
}

/// What bytes cost, one way, in seconds for each 10^9.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// Who serves.
    pub server: &'static str,
    /// Which way, as the service sees it.
    pub direction: Direction,
    /// 10^6 bytes in a second.
    pub mb_per_s: f64,
    /// The server's.
    pub server_seconds: f64,
    /// The server's and the client's.
    pub both_seconds: f64,
}

impl Served {
    /// The service on our stack, over a tap.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn own(programs: &Programs) -> Result<Self, String> {
        await_gone(TAP)?;
        let bulk = programs.program("examples/bulk");
        let daemon = Daemon::start(&bulk, &[&format!("tap:{TAP}"), "10.9.1.2/24"])?;
        command("ip", &["addr", "add", "10.9.1.1/24", "dev", TAP])?;
        Ok(Self { name: OWN, address: "10.9.1.2", daemon })
    }

    /// The service on sockets of the host, through our host.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn sockets(programs: &Programs) -> Result<Self, String> {
        let bulk = programs.program("examples/bulk");
        let daemon = Daemon::start(&bulk, &["none", "127.0.0.2"])?;
        Ok(Self { name: SOCKETS, address: "127.0.0.2", daemon })
    }

    fn plain(programs: &Programs) -> Result<Self, String> {
        let bulk = programs.program("examples/bulk").to_string_lossy().into_owned();
        let words = ["with-tap", "plain0", &bulk, "tap-fd:@", "10.9.2.2/24"];
        let daemon = Daemon::start(&programs.program("netload"), &words)?;
        command("ip", &["addr", "add", "10.9.2.1/24", "dev", "plain0"])?;
        command("ip", &["link", "set", "plain0", "up"])?;
        Ok(Self { name: PLAIN, address: "10.9.2.2", daemon })
    }

    fn kernel(programs: &Programs) -> Result<Self, String> {
        let words = ["serve", "--address", "127.0.0.1"];
        let daemon = Daemon::start(&programs.program("netload"), &words)?;
        Ok(Self { name: KERNEL, address: "127.0.0.1", daemon })
    }

    /// What netload says that is told to do this to a port of it.
    ///
    /// # Errors
    /// If it fails.
    pub fn load(&self, netload: &Path, words: &[&str], port: u16) -> Result<String, String> {
        let (server, process) = (format!("{}:{port}", self.address), self.daemon.process());
        let words = [words, &["--server", &server, "--pid", &process]].concat();
        Process::output(netload, &words)
    }
}

/// Measures everybody in turn, both ways.
///
/// # Errors
/// What could not be started or went wrong.
pub fn compare(programs: &Programs, settings: &Settings) -> Result<Vec<Cost>, String> {
    let makers = [Served::kernel, Served::sockets, Served::own, Served::plain];
    let servers = makers.iter().map(|make| make(programs)).collect::<Result<Vec<_>, _>>()?;
    let mut costs = Vec::new();
    for direction in DIRECTIONS {
        let mut runs: Vec<Vec<Measured>> = servers.iter().map(|_| Vec::new()).collect();
        for _ in 0..settings.repeats * TIMES {
            for (server, runs) in servers.iter().zip(&mut runs) {
                runs.push(transfer(programs, server, direction, settings)?);
            }
        }
        let servers = servers.iter().zip(&runs);
        costs.extend(servers.map(|(server, runs)| Cost::of(server.name, direction, runs)));
    }
    Ok(costs)
}

fn transfer(
    programs: &Programs,
    server: &Served,
    direction: Direction,
    settings: &Settings,
) -> Result<Measured, String> {
    let (transfer, port) = direction.words();
    let seconds = (settings.seconds * 2.0).to_string();
    let words = [transfer, "--seconds", &seconds];
    let said = server.load(&programs.program("netload"), &words, port)?;
    serde_json::from_str(&said).map_err(|why| format!("{said:?}: {why}"))
}

impl Cost {
    fn of(server: &'static str, direction: Direction, runs: &[Measured]) -> Self {
        let middle = |of: fn(&Measured) -> f64| median(runs.iter().map(of).collect());
        let cost = Self {
            server,
            direction,
            mb_per_s: middle(|run| run.count / run.seconds / 1e6),
            server_seconds: middle(|run| run.server_seconds / run.count * 1e9),
            both_seconds: middle(|run| (run.server_seconds + run.client_seconds) / run.count * 1e9),
        };
        eprintln!("{cost:?}");
        cost
    }
}
