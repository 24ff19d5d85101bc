//! The one table of commands and flags: parsing, `--help`, the manual pages and the shells'
//! completions all derive from it.

use crate::size;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use nfs::Export;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Serves files from FFS images over NFS, from an ordinary process
#[derive(Debug, Parser)]
#[command(name = "vnfsd", version, max_term_width = 100)]
pub struct Cli {
    /// Least important lines that still go to standard error
    #[arg(long, global = true, value_enum, value_name = "LEVEL", default_value = "info")]
    pub log: LogLevel,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing at all
    Off,
    /// Something failed, and somebody should look
    Error,
    /// Something is wrong, and the service copes
    Warn,
    /// What an administrator expects to find in a log
    Info,
    /// What only a developer wants
    Debug,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve an image, or a file system in memory, over NFSv3 on the host's sockets
    Serve(Serve),
    /// Look into an image without serving it
    #[command(subcommand)]
    Image(Image),
    /// Write the manual pages into a directory
    Man {
        /// Where to; made if it does not exist
        directory: PathBuf,
    },
    /// Print a shell's completion script
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: Shell,
    },
}

/// `vnfsd serve`.
///
/// Sizes are plain bytes or have a unit: K, M, G and T are powers of 1024, as KiB or KB are.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source").args(["image", "memory"]).required(true))]
#[command(after_help = "Sizes: 65536, 64K, 1.5G, 1TiB; K, M, G and T (with or without B or iB) \
                        are powers of 1024.")]
pub struct Serve {
    /// The FFS image or disk device to serve
    pub image: Option<PathBuf>,
    /// Serve an empty file system in memory instead; it is gone when the service stops
    #[arg(long, value_name = "SIZE", value_parser = size::parse, conflicts_with_all = ["create", "read_only"])]
    pub memory: Option<u64>,
    /// Make an image of this size first, FFSv2 with an empty root, if it does not exist
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub create: Option<u64>,
    /// Change nothing, whatever clients ask
    #[arg(long)]
    pub read_only: bool,
    /// Answer here, over TCP and UDP: an IPv4 address, or an IPv6 address in brackets, and a
    /// port, where 0 means any free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:20490")]
    pub listen: Vec<SocketAddr>,
    /// What clients may mount: PATH, or PATH:OPTION,... with ro, rw, root_squash (the default),
    /// no_root_squash, all_squash, anonuid=N, anongid=N, maproot=UID[:GID...],
    /// mapall=UID[:GID...]. Without any, the whole image, and on loopback addresses the client's
    /// superuser is believed
    #[arg(long, value_name = "PATH[:OPTIONS]")]
    pub export: Vec<Export>,
    /// The service's name in the log [default: the image's file name]
    #[arg(long)]
    pub name: Option<String>,
    /// How to reach sockets and disks
    #[arg(long, value_enum, default_value = "auto")]
    pub backend: Backend,
    /// Most memory that blocks of the image may take
    #[arg(long, value_name = "SIZE", value_parser = size::parse, default_value = "256M")]
    pub cache: u64,
}

/// How the host reaches sockets and disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// io_uring where the system has it, otherwise readiness
    Auto,
    /// io_uring (Linux)
    Uring,
    /// Readiness: epoll, kqueue
    Poll,
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_table_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_source_is_needed_and_only_one() {
        assert!(Cli::try_parse_from(["vnfsd", "serve"]).is_err());
        assert!(Cli::try_parse_from(["vnfsd", "serve", "a.img", "--memory", "1M"]).is_err());
        assert!(Cli::try_parse_from(["vnfsd", "serve", "--memory", "1M", "--read-only"]).is_err());
        assert!(Cli::try_parse_from(["vnfsd", "serve", "--memory", "1M"]).is_ok());
    }
}
