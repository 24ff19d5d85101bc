//! Nine services at work while a tenth is flooded by somebody hostile.
//!
//! Whether the machine has room for all of them is said by rates, so that it does not depend on how
//! fast it is: either the nine have one each, far below what they could do, or the flooded one has.

use super::load::{Load, WARM_UP_SECONDS};
use super::site::{Group, NETWORKS, Network, Site};
use crate::bench::results::median;
use crate::bench::servers::Programs;
use crate::bench::settings::Settings;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// Neighbours of the one that is flooded.
const NEIGHBOURS: u32 = 9;
/// Where they are.
const PLACE: u8 = 32;
/// Calls of the flood: connections, and outstanding on each.
pub const FLOOD_SHAPE: &str = "64x16";
/// How much longer than its neighbours' work the flood lasts, in seconds.
const MORE_SECONDS: f64 = 30.0;

/// What limits the nine, and what limits the one.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    nine: &'static str,
    flooded: &'static str,
    /// Whether the machine has room for all of them.
    has_room: bool,
}

const CASES: [Case; 4] = [
    Case {
        name: "the nine ask for 300 a second each, the flood has no limit",
        nine: "limits = { operations_per_second = 300 }",
        flooded: "",
        has_room: true,
    },
    Case {
        name: "all that can be had, the flooded one has 1000 a second",
        nine: "",
        flooded: "limits = { operations_per_second = 1000 }",
        has_room: true,
    },
    Case {
        name: "all that can be had, the flooded one has a tenth of a share",
        nine: "",
        flooded: "weight = 10",
        has_room: false,
    },
    Case {
        name: "all that can be had, no limit, equal shares",
        nine: "",
        flooded: "",
        has_room: false,
    },
];

/// A flood, and what it cost its neighbours.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flood {
    /// How they are reached.
    pub network: Network,
    /// What limits whom.
    pub case: &'static str,
    /// Whether the machine has room for all of them.
    pub has_room: bool,
    /// Replies in a second of the nine together, without a flood.
    pub quiet_per_s: f64,
    /// The same with it.
    pub flooded_per_s: f64,
    /// Median of what was lost to it, as part of what was had right before.
    pub loss: f64,
}

/// Measures all cases both ways.
///
/// # Errors
/// What could not be started or went wrong.
pub fn measure(
    programs: &Programs,
    folder: &Path,
    settings: &Settings,
) -> Result<Vec<Flood>, String> {
    let mut rows = Vec::new();
    for network in NETWORKS {
        for case in CASES {
            let row = one(programs, folder, network, case, settings)?;
            eprintln!("{row:?}");
            rows.push(row);
        }
    }
    Ok(rows)
}

fn one(
    programs: &Programs,
    folder: &Path,
    network: Network,
    case: Case,
    settings: &Settings,
) -> Result<Flood, String> {
    let nine = Group { count: NEIGHBOURS, words: case.nine };
    let groups = vec![nine, Group { count: 1, words: case.flooded }];
    let site = Site { network, place: PLACE, groups };
    site.prepare(programs, folder)?;
    let fleet = site.start(programs, folder)?;
    let seconds = settings.seconds * 4.0;
    let load = Load { workload: "getattr", shape: "1x1", seconds, makes_files: false };
    Load { seconds: 0.1, makes_files: true, ..load }.on(programs, &site, NEIGHBOURS + 1)?;
    let turn = |_| Ok((load.on(programs, &site, NEIGHBOURS)?, under_flood(programs, &site, load)?));
    let turns = (0..settings.repeats).map(turn).collect::<Result<Vec<_>, String>>()?;
    fleet.end()?;
    let middle = |of: fn(&(f64, f64)) -> f64| median(turns.iter().map(of).collect());
    Ok(Flood {
        network,
        case: case.name,
        has_room: case.has_room,
        quiet_per_s: middle(|(quiet, _)| *quiet),
        flooded_per_s: middle(|(_, flooded)| *flooded),
        loss: middle(|(quiet, flooded)| 1.0 - flooded / quiet),
    })
}

/// What the nine have while the tenth is flooded. The flood outlasts them, and is ended.
fn under_flood(programs: &Programs, site: &Site, load: Load) -> Result<f64, String> {
    let seconds = load.seconds + MORE_SECONDS;
    let flood = Load { workload: "null", shape: FLOOD_SHAPE, seconds, ..load };
    let mut flood = flood.begin(programs, site, NEIGHBOURS)?;
    std::thread::sleep(Duration::from_secs_f64(WARM_UP_SECONDS));
    let replies_per_s = load.on(programs, site, NEIGHBOURS)?;
    flood.stay_at_work()?;
    Ok(replies_per_s)
}
