//! What a process can still touch once it has all that it needs.
//!
//! A server of hostile images and hostile packets assumes that one day somebody runs code in it.
//! [`enter`] is called when everything is open that only the starting user may open; from then on,
//! and for good, the process has no privilege that was not named, reaches no file outside of the
//! folders that were named, and makes no system call that serving files does not need.
//!
//! ```text
//!  enter ── privileges   capabilities, user, groups; nothing is gained by running programs
//!        ── files        Landlock: folders, TCP ports, signals, abstract sockets
//!        ── calls        seccomp: what is not listed is refused with EPERM
//!  seal  ── calls        no further io_uring, whose operations seccomp does not see
//! ```
//! | file | what it does |
//! |---|---|
//! | `linux/privileges` | gives up capabilities, and becomes another user |
//! | `linux/files` | the folders, ports and processes within reach |
//! | `linux/calls` | the table of system calls, with what their arguments may be |
//! | `linux/filter` | makes a filter of the table, for every thread |
//! | `elsewhere` | systems that have none of this: says so |
//!
//! What the kernel lacks is told and done without: a server on an old kernel is worth more than none.
//! What it has and refuses is an error, as nobody knows then what the process is. This room never
//! runs a program, keeps no state, and offers no way back. See docs/sandbox.md.

#![forbid(unsafe_code)]

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
use elsewhere as system;
#[cfg(target_os = "linux")]
use linux as system;

use std::fmt;
use std::path::PathBuf;

/// What stays within reach.
///
/// Descriptors that are open already stay usable, whatever they lead to: an image, a tap, or a
/// socket to a helper that does what this process no longer can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Files and devices that are opened, changed and controlled; below a folder also made, renamed
    /// and removed.
    pub read_write: Vec<PathBuf>,
    /// Files that are opened for reading; below a folder every one, and folders are listed.
    pub read_only: Vec<PathBuf>,
    /// Folders in which unix sockets are made and removed.
    pub sockets: Vec<PathBuf>,
    /// Where TCP connections may be waited for.
    pub tcp_ports: TcpPorts,
    /// Whether unix sockets with abstract names of other processes are spoken to: some service
    /// managers are told so.
    pub abstract_peers: bool,
    /// Privileges that are kept, if they are there.
    pub capabilities: Vec<Capability>,
    /// Who to become; needs to be root.
    pub identity: Option<Identity>,
}

/// Ports for which a process may listen. It connects to none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TcpPorts {
    /// All, those included that are known only later.
    #[default]
    Any,
    /// These. Port 0 lets the kernel choose.
    Only(Vec<u16>),
}

/// A privilege (capabilities(7)) that a server of files may have use for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// `CAP_NET_ADMIN`: makes taps.
    NetworkAdministration,
    /// `CAP_NET_BIND_SERVICE`: listens on ports below 1024.
    LowPorts,
    /// `CAP_DAC_OVERRIDE`: opens files of all users, where Landlock lets it.
    FilesOfAllUsers,
}

/// A user and his groups, by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user: u32,
    /// His main group.
    pub group: u32,
    /// The other groups that he is in.
    pub groups: Vec<u32>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confinement {
    /// What is in force, a phrase each.
    pub in_force: Vec<String>,
    /// What is not, and why, a sentence each: for warnings.
    pub lacks: Vec<String>,
}

/// Why a process could not be confined: it must not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Confines the process for good. To be called before it has a second thread: threads that are there
/// would keep their privileges and their files.
///
/// # Errors
/// If there are other threads, or the kernel refuses what it can do.
pub fn enter(rules: &Rules) -> Result<Confinement, Error> {
    system::enter(rules)
}

/// Refuses further rings of io_uring to every thread. To be called when those that are needed are
/// there: what a ring does is no system call, so that no filter sees it.
///
/// # Errors
/// If the kernel refuses.
pub fn seal() -> Result<(), Error> {
    system::seal()
}
