//! Flags of `vnfsd check`.

use clap::Args;
use std::path::PathBuf;

/// `vnfsd check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The fleet file
    pub file: PathBuf,
    /// Print the whole plan as one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}
