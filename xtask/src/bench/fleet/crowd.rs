//! Few services at work among many that rest, and the same few in a process of their own.

use super::load::Load;
use super::site::{NETWORKS, Network, Site};
use crate::bench::results::median;
use crate::bench::servers::Programs;
use crate::bench::settings::Settings;
use serde::Serialize;
use std::path::Path;

/// Services at work.
pub const AT_WORK: u32 = 10;
/// Those among whom they are, at most: on host sockets there are fewer.
const MANY: u32 = 10_000;
/// On host sockets each takes two descriptors.
const MANY_SOCKETS: u32 = 5000;
/// What is asked of them.
const WORKLOADS: [&str; 2] = ["getattr", "randread-4k"];
/// Connections and calls outstanding on each.
pub const SHAPE: &str = "1x4";
/// Where the many are, and where the few.
const PLACES: [u8; 2] = [30, 31];

/// Few among many.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Crowd {
    /// How they are reached.
    pub network: Network,
    /// What is asked of them.
    pub workload: &'static str,
    /// All services of the larger fleet.
    pub services: u32,
    /// Replies in a second of those at work, all together, alone.
    pub alone_per_s: f64,
    /// The same among the others.
    pub among_per_s: f64,
    /// Median of what was had among the others, to what was had alone in the same turn.
    pub ratio: f64,
}

/// Measures both in turns: both processes are there all the time.
///
/// # Errors
/// What could not be started or went wrong.
pub fn measure(
    programs: &Programs,
    folder: &Path,
    settings: &Settings,
) -> Result<Vec<Crowd>, String> {
    let mut rows = Vec::new();
    for network in NETWORKS {
        let many = match network {
            Network::Switch => MANY,
            Network::Sockets => MANY_SOCKETS,
        };
        let sites = [Site::of(network, PLACES[0], many), Site::of(network, PLACES[1], AT_WORK)];
        for site in &sites {
            site.prepare(programs, folder)?;
        }
        let starts = sites.iter().map(|site| site.start(programs, folder));
        let fleets = starts.collect::<Result<Vec<_>, _>>()?;
        for workload in WORKLOADS {
            let row = compare(programs, [&sites[1], &sites[0]], workload, settings)?;
            eprintln!("{row:?}");
            rows.push(row);
        }
        fleets.into_iter().try_for_each(|fleet| fleet.end().map(drop))?;
    }
    Ok(rows)
}

fn compare(
    programs: &Programs,
    [alone, among]: [&Site; 2],
    workload: &'static str,
    settings: &Settings,
) -> Result<Crowd, String> {
    let seconds = settings.seconds * 4.0;
    let load = Load { workload, shape: SHAPE, seconds, makes_files: false };
    let warming = Load { seconds: 0.1, makes_files: true, ..load };
    for site in [alone, among] {
        warming.on(programs, site, AT_WORK)?;
    }
    let on = |site| load.on(programs, site, AT_WORK);
    // Whoever goes first in one turn goes second in the next.
    let turn = |index: u32| match index % 2 {
        0 => Ok((on(alone)?, on(among)?)),
        _ => on(among).and_then(|among_per_s| Ok((on(alone)?, among_per_s))),
    };
    let turns = (0..settings.repeats).map(turn).collect::<Result<Vec<_>, String>>()?;
    let middle = |of: fn(&(f64, f64)) -> f64| median(turns.iter().map(of).collect());
    Ok(Crowd {
        network: among.network,
        workload,
        services: among.count(),
        alone_per_s: middle(|(alone, _)| *alone),
        among_per_s: middle(|(_, among)| *among),
        ratio: middle(|(alone, among)| among / alone),
    })
}
