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
//! What is counted has a server of ours alone: flushes of the disk, by the last line it says, and
//! the cost of names in a directory that grows.

mod counts;
mod curve;
mod namespace;
mod plot;
mod results;
mod servers;
mod settings;
mod table;

use crate::bench::counts::Counts;
use crate::bench::results::Results;
use crate::bench::servers::Programs;
use crate::bench::settings::Settings;
use std::path::{Path, PathBuf};

const SPECIFICATION: &str = "SPECIFICATION.md";
const RESULTS: &str = "benches/results.json";
const PLOT: &str = "docs/bench.svg";
const CURVE: &str = "docs/growth.svg";

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
    let disk = programs.folder.join("bench-disk");
    namespace::empty(&disk)?;
    namespace::furnish(folder)?;
    let (startups, reads) = servers::compare_reads(&programs, folder, settings)?;
    let writes = servers::compare_writes(&programs, folder, &disk, settings)?;
    let counts = Counts::take(&programs, folder, &disk, settings)?;
    namespace::empty(&disk)?;
    let results = Results::new(settings, startups, reads, writes, counts);
    println!("{}", table::markdown(&results));
    match settings.keep {
        true => record(root, &results),
        false => Ok(()),
    }
}

/// Puts the figures where people read them.
fn record(root: &Path, results: &Results) -> Result<(), String> {
    write(&root.join(RESULTS), &results.to_json())?;
    write(&root.join(PLOT), &plot::svg(results))?;
    write(&root.join(CURVE), &curve::svg(&results.counts.growth))?;
    let path = root.join(SPECIFICATION);
    let text = std::fs::read_to_string(&path).map_err(|why| format!("{SPECIFICATION}: {why}"))?;
    write(&path, &table::insert(&text, &table::markdown(results))?)
}

fn write(path: &PathBuf, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|why| format!("{}: {why}", path.display()))
}
