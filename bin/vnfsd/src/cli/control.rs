//! Flags of the commands that ask a running process, or tell it what to do.

use super::LogLevel;
use clap::{ArgGroup, Args, Subcommand};
use std::path::PathBuf;

const CODES: &str = "Exit code: 0 done, 1 refused, 2 wrong usage, 4 the process is not reached.";
const STATUS_CODES: &str = "Exit code: 0 done, 1 refused, 2 wrong usage, 3 services have failed, \
                            4 the process is not reached.";

/// How a process is reached, and how its answers are printed.
#[derive(Debug, Args)]
pub struct Control {
    /// The control socket; without it $VNFSD_CONTROL, /run/vnfsd/control.sock or
    /// $XDG_RUNTIME_DIR/vnfsd/control.sock
    #[arg(long, value_name = "PATH")]
    pub control: Option<PathBuf>,
    /// Print what the process answers, as JSON
    #[arg(long)]
    pub json: bool,
}

/// Which services, by conditions that all hold.
#[derive(Debug, Args)]
pub struct Which {
    /// With a name like one of these patterns of `*`, `?` and `[...]`; all if there are none
    pub names: Vec<String>,
    /// In this state, such as `failed`
    #[arg(long, value_name = "STATE")]
    pub state: Vec<String>,
    /// With this label, of any value if none is said
    #[arg(long, value_name = "KEY[=VALUE]")]
    pub label: Vec<String>,
}

/// Commands to a running process.
#[derive(Debug, Subcommand)]
pub enum Ask {
    /// How the services of a running process are: how many in which state, and who has failed
    #[command(after_help = STATUS_CODES)]
    Status {
        /// Of which services, in a table; a summary of all if nothing is said
        #[command(flatten)]
        which: Which,
        /// How it is reached
        #[command(flatten)]
        control: Control,
    },
    /// Have services run; those that failed are tried at once
    #[command(after_help = CODES)]
    Start(Named),
    /// End services in order, or the process with all of them
    #[command(after_help = CODES)]
    #[command(group = ArgGroup::new("what").args(["names", "fleet"]).required(true))]
    Stop {
        /// Their names
        names: Vec<String>,
        /// All services, and then the process
        #[arg(long)]
        fleet: bool,
        /// How it is reached
        #[command(flatten)]
        control: Control,
    },
    /// Have the clients of services wait
    #[command(after_help = CODES)]
    Pause(Named),
    /// Let the clients of paused services go on
    #[command(after_help = CODES)]
    Resume(Named),
    /// Read the fleet's file again, and make it hold; nothing changes if any of it is at fault
    #[command(after_help = CODES)]
    Reload(Control),
    /// What clients may mount
    #[command(after_help = CODES)]
    Exports {
        /// Of which services
        #[command(flatten)]
        which: Which,
        /// How it is reached
        #[command(flatten)]
        control: Control,
    },
    /// Who uses services, and what they have mounted
    #[command(after_help = CODES)]
    Clients(Named),
    /// Add services that a file describes as the fleet's file does: [[services]]
    #[command(after_help = CODES)]
    Add {
        /// The file; `-` for standard input
        file: PathBuf,
        /// How it is reached
        #[command(flatten)]
        control: Control,
    },
    /// Stop services and forget them, until the fleet's file is read again
    #[command(after_help = CODES)]
    Remove(Named),
    /// How much a running process tells in its log; changes that if a level is named
    #[command(after_help = CODES)]
    LogLevel {
        /// Least important lines that are told from now on
        #[arg(value_enum)]
        level: Option<LogLevel>,
        /// How it is reached
        #[command(flatten)]
        control: Control,
    },
    /// Write the frames of a service with a link of its own to a pcap file from now on
    #[command(after_help = CODES)]
    #[command(group = ArgGroup::new("what").args(["file", "off"]).required(true))]
    Pcap {
        /// Its name
        name: String,
        /// The file
        file: Option<PathBuf>,
        /// End that
        #[arg(long)]
        off: bool,
        /// How it is reached
        #[command(flatten)]
        control: Control,
    },
}

/// Some services, by name.
#[derive(Debug, Args)]
pub struct Named {
    /// Their names
    #[arg(required = true)]
    pub names: Vec<String>,
    /// How it is reached
    #[command(flatten)]
    pub control: Control,
}
