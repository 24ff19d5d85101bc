//! Flags of `vnfsd fsck`.

use clap::Args;
use std::path::PathBuf;

/// `vnfsd fsck`.
#[derive(Debug, Args)]
#[command(after_help = "Exit code: 0 nothing was found, 1 everything found was repaired, 2 there \
                        is damage, or the image could not be checked.")]
pub struct Fsck {
    /// The image or disk device
    pub image: PathBuf,
    /// Write repairs to the image; without it nothing is written, and a log only replayed in
    /// memory
    #[arg(long)]
    pub repair: bool,
    /// One JSON object instead of lines
    #[arg(long)]
    pub json: bool,
}
