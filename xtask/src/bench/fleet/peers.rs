//! One process of nfs-ganesha for each service, beside one process of ours for as many.

use super::site::{Network, Site};
use crate::bench::process::{Memory, threads};
use crate::bench::servers::{Programs, Server, ganeshas};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// Services of either.
pub const SERVICES: u16 = 10;
/// Where ours are.
const PLACE: u8 = 33;
/// From the last answer until memory is looked at.
const SETTLING: Duration = Duration::from_secs(2);

/// What services take that nobody talks to, each, side by side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Peers {
    /// A process of nfs-ganesha.
    pub ganesha: Each,
    /// A tenth of a process of ours with ten services.
    pub ours: Each,
}

/// What a service takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Each {
    /// Memory.
    pub memory: Memory,
    /// Threads.
    pub threads: f64,
}

/// Measures both at the same time; `None` without the peer.
///
/// # Errors
/// What could not be started.
pub fn measure(programs: &Programs, folder: &Path) -> Result<Option<Peers>, String> {
    let Some((servers, _rpcbind)) = ganeshas(folder, &folder.join("export"), SERVICES)? else {
        return Ok(None);
    };
    let running = servers.iter().map(Server::start).collect::<Result<Vec<_>, _>>()?;
    let site = Site::of(Network::Switch, PLACE, SERVICES.into());
    site.prepare(programs, folder)?;
    let fleet = site.start(programs, folder)?;
    std::thread::sleep(SETTLING);
    let processes: Vec<String> = running.iter().map(|server| server.process.id()).collect();
    let peers = Peers { ganesha: Each::of(&processes)?, ours: Each::of(&[fleet.process()])? };
    fleet.end()?;
    eprintln!("{peers:?}");
    Ok(Some(peers))
}

impl Each {
    /// A part of what processes take, for each of the services.
    fn of(processes: &[String]) -> Result<Self, String> {
        let mut each = Self::default();
        let part = |whole: f64| whole / f64::from(SERVICES);
        for process in processes {
            let memory = Memory::of(process)?;
            each.memory.resident_kib += part(memory.resident_kib);
            each.memory.share_kib += part(memory.share_kib);
            each.memory.private_kib += part(memory.private_kib);
            each.threads += part(threads(process)?.len() as f64);
        }
        Ok(each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_takes_its_part() {
        let own = std::process::id().to_string();
        let each = Each::of(&[own.clone(), own]).expect("own memory");
        assert!(each.memory.resident_kib > 0.0 && each.threads >= 2.0 / f64::from(SERVICES));
    }
}
