//! Flags of `vnfsd image`.

use super::Quota;
use crate::image::{Mode, Owner};
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
    /// Copy files and directories into the image
    ///
    /// Keeps modes, owners, times, symbolic links, hard links and holes. A directory whose path
    /// ends in /. stands for what is in it. Nothing that exists is replaced without --force.
    Put {
        /// The image or disk device
        image: PathBuf,
        /// What to copy; - is standard input
        #[arg(required = true)]
        sources: Vec<PathBuf>,
        /// Where to: a new name, or a directory to put it in
        dest: PathBuf,
        /// Directories too, with all that is in them
        #[arg(short, long)]
        recursive: bool,
        /// Replace files that exist, and fill directories that do
        #[arg(short, long)]
        force: bool,
        /// Whose it is to be, in numbers, instead of whose it is here
        #[arg(long, value_name = "UID[:GID]")]
        owner: Option<Owner>,
    },
    /// Remove files
    Rm {
        /// The image or disk device
        image: PathBuf,
        /// Which files; symbolic links are removed, not followed
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Directories too, with all that is in them
        #[arg(short, long)]
        recursive: bool,
        /// What is not there is no error
        #[arg(short, long)]
        force: bool,
    },
    /// Make directories
    Mkdir {
        /// The image or disk device
        image: PathBuf,
        /// Which directories
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Those above too, and none that is there already is an error
        #[arg(short, long)]
        parents: bool,
        /// Permissions, as chmod takes them [default: 0755]
        #[arg(short, long)]
        mode: Option<Mode>,
    },
    /// Move or rename files, replacing what is there
    Mv {
        /// The image or disk device
        image: PathBuf,
        /// Which files
        #[arg(required = true)]
        sources: Vec<PathBuf>,
        /// Where to: a new name, or a directory to put them in
        dest: PathBuf,
    },
    /// Give a file a further name, or make a symbolic link
    Ln {
        /// The image or disk device
        image: PathBuf,
        /// The file; or, with -s, what the link says
        target: PathBuf,
        /// The new name, or a directory to put it in
        path: PathBuf,
        /// Make a symbolic link
        #[arg(short, long)]
        symbolic: bool,
    },
    /// Change permissions
    Chmod {
        /// The image or disk device
        image: PathBuf,
        /// An octal mode such as 0644, or a symbolic one such as u+x,go=rX; nobody named means
        /// everybody
        #[arg(allow_hyphen_values = true)]
        mode: Mode,
        /// Which files; symbolic links are followed inside the image
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// All that is below directories too; symbolic links there are passed over
        #[arg(short = 'R', long)]
        recursive: bool,
    },
    /// Show what users and groups use and may use, or set limits
    ///
    /// The file system must keep quotas: see `vnfsd newfs --quota`. Whoever is over a limit that is
    /// set keeps what is there, and gets no more. What belongs to user 0 is counted, not limited.
    Quota(Quota),
    /// Change owner and group
    Chown {
        /// The image or disk device
        image: PathBuf,
        /// UID, UID:GID or :GID, in numbers: an image knows no names
        owner: Owner,
        /// Which files; of symbolic links, the link itself
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// All that is below directories too
        #[arg(short = 'R', long)]
        recursive: bool,
    },
}
