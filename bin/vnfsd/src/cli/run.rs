//! Flags of `vnfsd run`.

use clap::Args;
use std::path::PathBuf;

/// `vnfsd run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The file that describes the services; SIGHUP and `vnfsd reload` have it read again
    pub file: PathBuf,
    /// Where `vnfsd status` and others reach it [default: that of the file, or
    /// $VNFSD_CONTROL, or $RUNTIME_DIRECTORY/control.sock]
    #[arg(long, value_name = "PATH")]
    pub control: Option<PathBuf>,
}
