//! `vnfsd fsck`: checks a file system, and repairs it if asked to.
//!
//! The work is [`ffscheck::fsck`]'s; here are the lock, the bar and the report. Without `--repair`
//! the image is opened for reading, and others may read it meanwhile; with it, it is ours alone.
//!
//! | file | what it does |
//! |---|---|
//! | `bar` | how far each phase has come, on a terminal |
//! | `locked` | the image, as `ffscheck` takes it |
//! | `report` | what was found, for people and for programs |

mod bar;
mod locked;
mod report;

use crate::{cli, is_broken_pipe};
use anyhow::{Context, Result};
use bar::Bar;
use ffscheck::fsck::{Options, Outcome, Report, check};
use locked::Locked;
use posix::{Access, Image};
use std::process::ExitCode;

/// What a check that could not be made ends with: as damage does, since nothing is known to be
/// sound.
pub const FAILURE: u8 = 2;

/// Checks the image, and says what was found. The exit code is that of the outcome, whoever has
/// stopped reading.
pub fn run(flags: &cli::Fsck) -> Result<ExitCode> {
    let report = look(flags)?;
    let printed = report::print(&flags.image, &report, flags.json);
    printed.or_else(|error| if is_broken_pipe(&error) { Ok(()) } else { Err(error) })?;
    Ok(match report.outcome {
        Outcome::Clean => ExitCode::SUCCESS,
        Outcome::Repaired => ExitCode::from(1),
        Outcome::Damaged => ExitCode::from(FAILURE),
    })
}

fn look(flags: &cli::Fsck) -> Result<Report> {
    let access = if flags.repair { Access::ReadWrite } else { Access::ReadOnly };
    let mut image = Locked(Image::open(&flags.image, access)?);
    let bar = Bar::new();
    let options = Options { repair: flags.repair };
    let report = check(&mut image, &options, &mut |progress| bar.show(&progress));
    bar.finish();
    report.with_context(|| flags.image.display().to_string())
}
