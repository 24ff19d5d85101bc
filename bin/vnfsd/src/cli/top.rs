//! Flags of `vnfsd top`.

use clap::Args;
use std::path::PathBuf;

/// What is watched, and how.
#[derive(Debug, Args)]
pub struct Top {
    /// The control socket; without it the one that other commands use
    #[arg(long, value_name = "PATH")]
    pub control: Option<PathBuf>,
    /// How often figures are asked for
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub interval: u64,
    /// Print one table, and no more
    #[arg(long)]
    pub once: bool,
}
