//! A path with a kernel at its near end and a competitor at the other: made for one run.

use super::daemon::{Daemon, Measured};
use crate::bench::namespace::command;
use crate::bench::servers::{Process, Programs};
use serde::Serialize;
use std::path::Path;

/// The network namespace of the kernel that competes.
pub const FAR: &str = "far";
/// Bits in a second, millions: what neither side nor the relay needs a whole processor for.
pub const RATE_MBIT: u64 = 200;
/// The queue before the wire is what is on the way in a round trip, but not less, in bytes.
pub const QUEUE_BYTES_MIN: u64 = 128 << 10;

/// Who is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Competitor {
    /// Our stack.
    Ours,
    /// The host's kernel, with CUBIC.
    Kernel,
}

/// Which way the bytes go, as the competitor sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// It sends.
    Sending,
    /// The near kernel sends, with CUBIC.
    Receiving,
}

/// What a path is like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Terms {
    /// There and back, in microseconds.
    pub rtt_us: u64,
    /// Part of all frames, either way, that is lost.
    pub loss: f64,
}

impl Terms {
    /// What may wait for the wire, in bytes.
    pub fn queue_bytes(self) -> u64 {
        (RATE_MBIT * self.rtt_us / 8).max(QUEUE_BYTES_MIN)
    }
}

impl Direction {
    /// The near end's command, and the competitor's port.
    pub fn words(self) -> (&'static str, u16) {
        match self {
            Self::Sending => ("pull", 19),
            Self::Receiving => ("push", 9),
        }
    }
}

/// Goodput of one connection over one path, in 10^6 bits in a second. The same frames are lost for
/// the same seed.
///
/// # Errors
/// What could not be started or went wrong.
pub fn goodput(
    programs: &Programs,
    folder: &Path,
    competitor: Competitor,
    (terms, direction): (Terms, Direction),
    (seconds, seed): (f64, u32),
) -> Result<f64, String> {
    let netload = programs.program("netload");
    // What a ring of a process that ended still holds is closed a little later: a name for each run.
    let Terms { rtt_us, loss } = terms;
    let name = format!("link-{direction:?}-{rtt_us}-{loss}-{seed}");
    let socket = format!("unix:{}", folder.join(name).display());
    // Ours listens before the relay connects; the kernel's tap is the relay's.
    let (ours, to) = match competitor {
        Competitor::Ours => {
            let bulk = programs.program("examples/bulk");
            (Some(Daemon::start(&bulk, &[&socket, "10.9.0.2/24"])?), socket.as_str())
        }
        Competitor::Kernel => (None, "tap:far0"),
    };
    let relay = relay(&netload, to, terms, seed)?;
    near_end()?;
    let _server = match ours {
        Some(ours) => ours,
        None => far_end(&netload)?,
    };
    let (transfer, port) = direction.words();
    let (server, seconds) = (format!("10.9.0.2:{port}"), seconds.to_string());
    let arguments = [transfer, "--server", &server, "--seconds", &seconds];
    let said = Process::output(&netload, &arguments)?;
    relay.end()?;
    let Measured { count, seconds, .. } =
        serde_json::from_str(&said).map_err(|why| format!("{said:?}: {why}"))?;
    Ok(count * 8.0 / seconds / 1e6)
}

fn relay(netload: &Path, to: &str, terms: Terms, seed: u32) -> Result<Daemon, String> {
    let (rtt, loss, seed) = (terms.rtt_us.to_string(), terms.loss.to_string(), seed.to_string());
    let (rate, queue) = (RATE_MBIT.to_string(), terms.queue_bytes().to_string());
    let ends = ["relay", "--from", "tap:near0", "--to", to];
    let shape = ["--rtt-us", &rtt, "--loss", &loss, "--rate-mbit", &rate, "--queue-bytes", &queue];
    Daemon::start(netload, &[&ends[..], &shape, &["--seed", &seed]].concat())
}

fn near_end() -> Result<(), String> {
    command("ip", &["addr", "add", "10.9.0.1/24", "dev", "near0"])?;
    command("ip", &["link", "set", "near0", "up"])
}

fn far_end(netload: &Path) -> Result<Daemon, String> {
    command("ip", &["link", "set", "far0", "netns", FAR])?;
    command("ip", &["-n", FAR, "addr", "add", "10.9.0.2/24", "dev", "far0"])?;
    command("ip", &["-n", FAR, "link", "set", "far0", "up"])?;
    let netload = netload.to_string_lossy();
    let serve = ["netns", "exec", FAR, &netload, "serve", "--address", "10.9.0.2"];
    Daemon::start(Path::new("ip"), &serve)
}
