//! The figures of the own stack, beside those of the host's kernel.
//!
//! ```text
//! the loss grid:  kernel, pulls or pushes ── tap ── netload relay ─┬─ unix socket ── ours (bulk)
//!                                                                  └─ tap ── kernel, in a namespace
//! costs:          kernel ─┬─ tap, MTU 1500 ── ours          kernel ── loopback ── kernel
//!                         └─ loopback ─────── ours, on the host's sockets
//! ```
//! Everybody does the same work, in turns: the service of three ports of `netload serve` and of
//! `hosts/posix/examples/bulk.rs`. Then vnfsd itself, over its own stack and over sockets.

mod calls;
mod costs;
mod daemon;
mod files;
mod grid;
mod path;
mod plot;
mod table;

pub use plot::svg;
pub use table::markdown;

use crate::bench::namespace::{command, write_setting};
use crate::bench::results::{Section, machine};
use crate::bench::servers::Programs;
use crate::bench::settings::Settings;
use calls::{Calls, Idle};
use costs::Cost;
use grid::Cell;
use serde::Serialize;
use std::path::Path;

/// Everything that was measured of the own stack.
#[derive(Debug, Serialize)]
pub struct Network {
    /// What the run was made on, in general terms.
    pub machine: String,
    /// Seconds of each measurement, but for the loss grid, which takes longer.
    pub seconds: f64,
    /// Runs behind each median.
    pub repeats: u32,
    /// Goodput over bad paths.
    pub grid: Vec<Cell>,
    /// Processor time of bytes.
    pub costs: Vec<Cost>,
    /// Processor time of calls among many connections.
    pub calls: Vec<Calls>,
    /// Memory of what does nothing.
    pub idle: Idle,
    /// The program, over its own stack and over sockets.
    pub files: Section,
}

impl Network {
    /// Measures all of it in the namespaces of the run.
    ///
    /// # Errors
    /// What could not be started or went wrong.
    pub fn measure(
        programs: &Programs,
        folder: &Path,
        settings: &Settings,
    ) -> Result<Self, String> {
        command("ip", &["netns", "add", path::FAR])?;
        forget_paths()?;
        let (files, bytes, calls) = (
            files::compare(programs, settings)?,
            costs::compare(programs, settings)?,
            calls::compare(programs, settings)?,
        );
        Ok(Self {
            machine: machine(),
            seconds: settings.seconds,
            repeats: settings.repeats,
            idle: calls::idle(programs, folder)?,
            grid: grid::run(programs, folder, settings),
            costs: bytes,
            calls,
            files,
        })
    }

    /// The file that is kept.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// The kernel does not remember what it learned of a path: the next run is over another.
fn forget_paths() -> Result<(), String> {
    let setting = "/proc/sys/net/ipv4/tcp_no_metrics_save";
    write_setting(setting, "1")?;
    let there = format!("echo 1 > {setting}");
    command("ip", &["netns", "exec", path::FAR, "sh", "-c", &there])
}
