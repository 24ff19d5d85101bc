//! The one table of commands and flags: parsing, `--help`, the manual pages and the shells'
//! completions all derive from it.

mod check;
mod control;
mod fsck;
mod image;
mod network;
mod newfs;
mod quota;
mod run;
mod serve;
mod top;

pub use check::Check;
pub use control::{Ask, Control, Named, Which};
pub use fsck::Fsck;
pub use image::Image;
pub use network::Network;
pub use newfs::{ByteOrder, Format, LogSize, Newfs, QuotaKind};
pub use quota::Quota;
pub use run::Run;
pub use serve::{Backend, Serve};
pub use top::Top;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Serves files from FFS images over NFS, from an ordinary process
#[derive(Debug, Parser)]
#[command(name = "vnfsd", version, max_term_width = 100)]
pub struct Cli {
    /// Least important lines that still go to standard error
    #[arg(long, global = true, value_enum, value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,
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
    /// Serve an image, or a file system in memory, over NFSv3: on this machine's sockets, or at an
    /// address of its own
    Serve(Serve),
    /// Serve all services that a file describes
    Run(Run),
    /// Check a file that describes many services, and print what it comes to
    Check(Check),
    /// Watch the services of a running process, on the whole terminal
    Top(Top),
    /// Make an empty FFS file system
    Newfs(Newfs),
    /// Check a file system, and repair it
    Fsck(Fsck),
    /// Look into an image, or change it, without serving it
    #[command(subcommand)]
    Image(Image),
    #[command(flatten)]
    Ask(Ask),
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
