//! `vnfsd check`: what a fleet file comes to, or all that is wrong with it.
//!
//! Nothing is started, opened or made; directories are listed where the file asks for images.

mod report;

use crate::{cli, fleet_file, is_broken_pipe};
use anyhow::Result;
use fleet::{FAULTS_MAX, Fault};
use std::io::{Write, stderr};
use std::process::ExitCode;

/// Prints the plan, or the faults on standard error.
pub fn run(flags: &cli::Check) -> Result<ExitCode> {
    match fleet_file::read(&flags.file)? {
        Ok(plan) => {
            report::print(&flags.file, &plan, flags.json)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(faults) => {
            let told = tell(&faults);
            told.or_else(|error| if is_broken_pipe(&error) { Ok(()) } else { Err(error) })?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// A line for each fault.
fn tell(faults: &[Fault]) -> Result<()> {
    let mut output = stderr().lock();
    for fault in faults {
        writeln!(output, "{fault}")?;
    }
    if faults.len() == FAULTS_MAX {
        writeln!(output, "vnfsd: no more than {FAULTS_MAX} faults are told; there may be others")?;
    }
    Ok(())
}
