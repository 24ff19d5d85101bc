//! vnfsd itself: the same files in memory, over a tap to its own stack and over sockets of the host.

use crate::bench::namespace::command;
use crate::bench::results::Section;
use crate::bench::servers::{Programs, Server, load, ours};
use crate::bench::settings::{Plan, Settings};

/// Over its own stack.
pub const OWN: &str = "own stack over tap";
/// Over sockets.
pub const SOCKETS: &str = "host sockets";

/// What both are asked for.
const PLAN: Plan = Plan {
    workloads: &["null", "getattr", "randread-4k", "seqread-1m", "seqwrite-1m"],
    shapes: &["1x1", "8x4"],
    write_mib: "16",
};

const MEMORY: &str = "1G";

/// The ways to both, as the kernel made them.
const ROUTES: [&str; 2] =
    ["10.9.4.0/24 dev nfs0 src 10.9.4.1", "local 127.0.0.1 dev lo table local src 127.0.0.1"];

/// Measures both in turn.
///
/// # Errors
/// What could not be started or went wrong.
pub fn compare(programs: &Programs, settings: &Settings) -> Result<Section, String> {
    command("ip", &["tuntap", "add", "dev", "nfs0", "mode", "tap"])?;
    command("ip", &["addr", "add", "10.9.4.1/24", "dev", "nfs0"])?;
    command("ip", &["link", "set", "nfs0", "up"])?;
    ROUTES.iter().try_for_each(|route| send_by_cubic(route))?;
    let memory = || vec!["--memory".into(), MEMORY.into()];
    let sockets = ours(programs, SOCKETS, 20496, memory(), false);
    let servers = [sockets, own(programs)];
    let running = servers.iter().map(Server::start).collect::<Result<Vec<_>, _>>()?;
    let lines = load(programs, &running, &PLAN, settings)?;
    Section::new(&PLAN, &[SOCKETS, OWN], &lines)
}

/// The host's kernel sends by CUBIC, as in all else that is measured here: BBR, the default of some
/// machines, sets off each packet by a timer, whose interrupts count as the server's.
fn send_by_cubic(route: &str) -> Result<(), String> {
    let words = ["route", "change"].into_iter().chain(route.split(' '));
    command("ip", &words.chain(["congctl", "cubic"]).collect::<Vec<_>>())
}

fn own(programs: &Programs) -> Server {
    let words = "serve --memory 1G --link tap:nfs0 --address 10.9.4.2/24 --export /:no_root_squash";
    Server {
        name: OWN,
        program: programs.program("vnfsd"),
        arguments: words.split(' ').map(String::from).collect(),
        host: "10.9.4.2",
        nfs_port: 2049,
        mount_port: 2049,
        export: "/",
        read_only: false,
    }
}
