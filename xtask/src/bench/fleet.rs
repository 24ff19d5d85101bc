//! The figures of fleets: many services in one process.
//!
//! ```text
//! density:  1, 100, 1,000, 10,000 resting services, on a switch behind one tap and on host sockets
//! a crowd:  10 of 10,000 under load, in turns with the same 10 in a process of their own
//! a flood:  nine at work while a tenth is flooded
//! peers:    ten processes of nfs-ganesha beside one of ours with ten services
//! ```
//! Images are made by the fleet itself (`create = "8M"`) before anything is measured.

mod crowd;
mod density;
mod flood;
mod load;
mod peers;
mod plot;
mod site;
mod table;

pub use plot::svg;
pub use table::markdown;

use crate::bench::namespace::{self, write_setting};
use crate::bench::process::descriptors_max;
use crate::bench::results::machine;
use crate::bench::servers::Programs;
use crate::bench::settings::Settings;
use crowd::Crowd;
use density::Density;
use flood::Flood;
use peers::Peers;
use serde::Serialize;
use std::path::Path;

/// Everything that was measured of fleets.
#[derive(Debug, Serialize)]
pub struct Fleets {
    /// What the run was made on, in general terms.
    pub machine: String,
    /// Runs behind each median.
    pub repeats: u32,
    /// Descriptors that a process may have: each service on host sockets takes two.
    pub descriptors_max: u32,
    /// What services cost that nobody talks to, and how soon they answer.
    pub density: Vec<Density>,
    /// Few at work among many.
    pub crowds: Vec<Crowd>,
    /// A flood of one.
    pub floods: Vec<Flood>,
    /// The same number of services of others, if they are installed.
    pub peers: Option<Peers>,
}

impl Fleets {
    /// Measures all of it in the namespaces of the run.
    ///
    /// # Errors
    /// What could not be started or went wrong.
    pub fn measure(
        programs: &Programs,
        folder: &Path,
        settings: &Settings,
    ) -> Result<Self, String> {
        // Nobody but the load generator is to talk on the taps.
        write_setting("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")?;
        let folder = &folder.join("fleet");
        namespace::empty(folder)?;
        let fleets = Self {
            machine: machine(),
            repeats: settings.repeats,
            descriptors_max: descriptors_max()?,
            density: density::measure(programs, folder, settings)?,
            crowds: crowd::measure(programs, folder, settings)?,
            floods: flood::measure(programs, folder, settings)?,
            peers: peers::measure(programs, folder)?,
        };
        namespace::empty(folder)?;
        Ok(fleets)
    }

    /// The file that is kept.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
