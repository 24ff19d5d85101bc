//! Fleet files, as administrators write them: what they come to, and what is said of those that are
//! wrong.

mod faults;
mod many;
mod plans;
mod reference;
mod reload;

use fleet::{Entry, Fault, Plan, Surroundings};
use std::io;
use std::path::Path;

/// A machine with three images in `/srv`, and nothing else.
pub struct Machine;

impl Surroundings for Machine {
    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        let entry = |name: &str| Entry { name: name.into(), is_directory: name == "old" };
        match directory.to_str() {
            Some("/srv") => Ok(["b.img", "a.img", "c.img", "old", "readme"].map(entry).to_vec()),
            Some("/srv/old") => Ok(Vec::new()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// Reads a file that is in `/etc`.
pub fn read(text: &str) -> Result<Plan, Vec<Fault>> {
    fleet::read(text, "/etc/fleet.toml", &Machine)
}

/// The plan of a file that is right.
pub fn plan(text: &str) -> Plan {
    read(text).unwrap_or_else(|faults| panic!("{}", lines(&faults)))
}

/// The faults of a file that is wrong, a line for each.
pub fn faults(text: &str) -> String {
    lines(&read(text).expect_err("the file is wrong"))
}

fn lines(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}
