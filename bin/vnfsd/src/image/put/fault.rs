//! Whose error it was.

use anyhow::{Context, anyhow};
use std::io;
use std::path::Path;

/// Why a file was not copied.
pub enum Fault {
    /// The file on the host: others may do.
    Host(anyhow::Error),
    /// The image, or an interruption: nothing more is tried.
    Image(anyhow::Error),
}

impl Fault {
    /// A file of the host that is left out, for this reason.
    pub fn left_out(path: &Path, reason: &str) -> Self {
        Self::Host(anyhow!("{}: {reason}", path.display()))
    }
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        Self::Image(error)
    }
}

/// An error of reading the host's file at `path`.
pub fn unreadable<T>(path: &Path, result: io::Result<T>) -> Result<T, Fault> {
    let result = result.with_context(|| format!("{}: cannot be read", path.display()));
    result.map_err(Fault::Host)
}
