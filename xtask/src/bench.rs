//! `cargo xtask bench`: the figures of SPECIFICATION.md, taken again.
//!
//! Ours and nfs-ganesha serve the same files in one run and take turns at every step, because
//! a time measured alone on a shared machine says nothing. All of it happens in namespaces made
//! for the run (processes, mounts, network): what was started ends with them, whatever happens,
//! and nothing is reachable from outside or left behind.
//!
//! ```text
//! nfsload files --> a directory on a tmpfs --> nfs-ganesha (FSAL_VFS)
//!                                `-- makefs --> an image --> vnfsd serve IMAGE
//! nfsload bench, through the server --------------------> vnfsd serve --memory
//!
//! and, for what changes files, on a disk of the host:
//! a directory --> nfs-ganesha     vnfsd newfs --> an image --> vnfsd serve IMAGE
//! ```
//! What the own stack does is measured against the host's kernel ([`network`]), and many services in a
//! process against one alone ([`fleet`]).
//! What is counted has a server of ours alone: flushes of the disk, by the last line it says, and
//! the cost of names in a directory that grows.

mod counts;
mod curve;
mod fleet;
mod namespace;
mod network;
mod plot;
mod process;
mod results;
mod servers;
mod settings;
mod table;

use crate::bench::counts::Counts;
use crate::bench::fleet::Fleets;
use crate::bench::network::Network;
use crate::bench::results::Results;
use crate::bench::servers::Programs;
use crate::bench::settings::{Part, Settings};
use crate::bench::table::Place;
use std::path::{Path, PathBuf};

const SPECIFICATION: &str = "SPECIFICATION.md";
const RESULTS: &str = "benches/results.json";
const PLOT: &str = "docs/bench.svg";
const CURVE: &str = "docs/growth.svg";
const NETWORK: &str = "benches/network.json";
const GRID: &str = "docs/loss.svg";
const FLEETS: &str = "benches/fleet.json";
const DENSITY: &str = "docs/fleet.svg";

/// Builds, enters the namespaces and measures; the measuring itself is this chore once more,
/// started with the name of its folder.
///
/// # Errors
/// A sentence that says what failed.
pub fn run(root: &Path, arguments: &[String]) -> Result<(), String> {
    let settings = Settings::parse(arguments)?;
    match &settings.inside {
        Some(folder) => measure(root, folder, &settings),
        None => {
            let programs = Programs::build(root)?;
            namespace::enter(&programs.folder.join("bench"), arguments)
        }
    }
}

fn measure(root: &Path, folder: &Path, settings: &Settings) -> Result<(), String> {
    let programs = Programs::find(root);
    namespace::furnish(folder)?;
    if settings.part.has(Part::Files) {
        measure_files(root, &programs, folder, settings)?;
    }
    if settings.part.has(Part::Network) {
        measure_network(root, &programs, folder, settings)?;
    }
    if settings.part.has(Part::Fleet) {
        measure_fleets(root, &programs, folder, settings)?;
    }
    Ok(())
}

fn measure_files(
    root: &Path,
    programs: &Programs,
    folder: &Path,
    settings: &Settings,
) -> Result<(), String> {
    let disk = programs.folder.join("bench-disk");
    namespace::empty(&disk)?;
    let (startups, reads) = servers::compare_reads(programs, folder, settings)?;
    let writes = servers::compare_writes(programs, folder, &disk, settings)?;
    let counts = Counts::take(programs, folder, &disk, settings)?;
    namespace::empty(&disk)?;
    let results = Results::new(settings, startups, reads, writes, counts);
    let tables = table::markdown(&results);
    println!("{tables}");
    if settings.keep {
        write(&root.join(RESULTS), &results.to_json())?;
        write(&root.join(PLOT), &plot::svg(&results))?;
        write(&root.join(CURVE), &curve::svg(&results.counts.growth))?;
        specify(root, table::FILES, &tables)?;
    }
    Ok(())
}

fn measure_network(
    root: &Path,
    programs: &Programs,
    folder: &Path,
    settings: &Settings,
) -> Result<(), String> {
    let network = Network::measure(programs, folder, settings)?;
    let tables = network::markdown(&network);
    println!("{tables}");
    if settings.keep {
        write(&root.join(NETWORK), &network.to_json())?;
        write(&root.join(GRID), &network::svg(&network.grid))?;
        specify(root, table::NETWORK, &tables)?;
    }
    Ok(())
}

fn measure_fleets(
    root: &Path,
    programs: &Programs,
    folder: &Path,
    settings: &Settings,
) -> Result<(), String> {
    let fleets = Fleets::measure(programs, folder, settings)?;
    let tables = fleet::markdown(&fleets);
    println!("{tables}");
    if settings.keep {
        write(&root.join(FLEETS), &fleets.to_json())?;
        write(&root.join(DENSITY), &fleet::svg(&fleets))?;
        specify(root, table::FLEET, &tables)?;
    }
    Ok(())
}

/// Puts figures where people read them.
fn specify(root: &Path, place: Place, tables: &str) -> Result<(), String> {
    let path = root.join(SPECIFICATION);
    let text = std::fs::read_to_string(&path).map_err(|why| format!("{SPECIFICATION}: {why}"))?;
    write(&path, &table::insert(&text, place, tables)?)
}

fn write(path: &PathBuf, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|why| format!("{}: {why}", path.display()))
}
