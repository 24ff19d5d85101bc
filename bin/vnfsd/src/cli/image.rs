//! Flags of `vnfsd image`.

use clap::Subcommand;
use std::path::PathBuf;

/// `vnfsd image`.
#[derive(Debug, Subcommand)]
pub enum Image {
    /// List directories
    ///
    /// A path that is no directory is listed itself; symbolic links are shown, not followed.
    /// Names that are not UTF-8, and control characters, are shown escaped.
    Ls {
        /// The image or disk device
        image: PathBuf,
        /// What to list
        #[arg(default_value = "/")]
        paths: Vec<PathBuf>,
        /// Also type, mode, links, owner, group, size and time (UTC)
        #[arg(short)]
        long: bool,
        /// One JSON array for each path
        #[arg(long)]
        json: bool,
    },
    /// Show everything below a directory as a tree
    Tree {
        /// The image or disk device
        image: PathBuf,
        /// Where to start
        #[arg(default_value = "/")]
        path: PathBuf,
    },
    /// Copy files to standard output
    Cat {
        /// The image or disk device
        image: PathBuf,
        /// Which files; symbolic links are followed inside the image
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Copy a file or a whole directory out of the image
    ///
    /// Keeps modes (without set-id bits), times, symbolic links, hard links and holes. Owners
    /// become the caller; device nodes and sockets are left out. Nothing that exists is replaced.
    Get {
        /// The image or disk device
        image: PathBuf,
        /// What to copy
        path: PathBuf,
        /// Where to: a new name, or a directory to put it in
        dest: PathBuf,
    },
    /// Show all that is known of files; for the root also of the file system
    ///
    /// Symbolic links are shown, not followed.
    Stat {
        /// The image or disk device
        image: PathBuf,
        /// Which files
        #[arg(default_value = "/")]
        paths: Vec<PathBuf>,
        /// One JSON object for each path
        #[arg(long)]
        json: bool,
    },
}
