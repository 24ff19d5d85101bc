//! `cargo xtask sim [--long | --cuts N] [--from N] [--seed N | --sequence N | --network N]`: power
//! cuts and bad networks in a simulated world, and the same one again.
//!
//! The program is `tests/scenarios`, optimised but with every assertion: what it finds in minutes
//! would take hours otherwise.

use crate::test::runner::succeed;
use std::path::Path;
use std::process::Command;

/// Builds the simulator and runs it with these arguments.
///
/// # Errors
/// If it cannot be built, or found something.
pub fn run(root: &Path, arguments: &[String]) -> Result<(), String> {
    let mut simulate = Command::new("cargo");
    simulate.args(["run", "--quiet", "--profile", "sim", "--package", "vnfsd-scenarios"]);
    succeed(simulate.args(["--bin", "simulate", "--"]).args(arguments).current_dir(root))
}
