//! Flags of `vnfsd run`.

use clap::Args;
use std::path::PathBuf;

/// `vnfsd run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The file that describes the services; SIGHUP and `vnfsd reload` have it read again
    pub file: PathBuf,
}
