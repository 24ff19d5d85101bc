//! `vnfsd top`: a running process's services by load, on a whole terminal.
//!
//! ```text
//!   keys ──► View ──► Question ──► asker's thread ──► control socket
//!  screen ◄── draw ◄── Picture ◄──────┘
//! ```
//!
//! [`view`] is a machine: keys and pictures go in, and it says what to ask for. [`asker`] asks, on a
//! thread of its own, so that a server that does not answer never keeps keys waiting; only the
//! services on the screen are asked for, and what they are called is text, whatever it is. Nothing
//! here changes anything in the process.

mod asker;
mod columns;
mod draw;
mod figures;
mod live;
mod once;
mod picture;
mod view;
mod watched;

use crate::cli;
use crate::client::place;
use anyhow::{Result, ensure};
use std::io::{IsTerminal, stdout};
use std::process::ExitCode;
use std::time::Duration;
use watched::Process;

/// Shows services until somebody has seen enough, or once.
pub fn run(options: &cli::Top) -> Result<ExitCode> {
    let process = Process::new(&place::socket(options.control.as_deref()))?;
    if options.once {
        once::print(process)?;
        return Ok(ExitCode::SUCCESS);
    }
    let is_terminal = stdout().is_terminal();
    ensure!(is_terminal, "standard output is no terminal: --once prints one table");
    live::run(process, Duration::from_secs(options.interval))?;
    Ok(ExitCode::SUCCESS)
}
