//! What a check found, for people and for programs.

use super::class::Class;
use ffs::layout::{ByteOrder, Format};
use std::fmt;

/// What a check is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether to write repairs to the image. Without it nothing is written.
    pub repair: bool,
}

/// The phases, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The superblock and its copies.
    Superblock,
    /// The log, if there is one.
    Journal,
    /// Inodes, their blocks and sizes.
    Inodes,
    /// Who else owns a block.
    Duplicates,
    /// Names in directories.
    Names,
    /// Directories that no name leads to.
    Connectivity,
    /// Counts of names.
    Links,
    /// What quotas count.
    Quotas,
    /// Cylinder groups and totals.
    Groups,
}

impl Phase {
    /// Its number, as BSD counts.
    pub const fn number(self) -> &'static str {
        match self {
            Self::Superblock | Self::Journal => "0",
            Self::Inodes => "1",
            Self::Duplicates => "1b",
            Self::Names => "2",
            Self::Connectivity => "3",
            Self::Links => "4",
            Self::Quotas => "4b",
            Self::Groups => "5",
        }
    }

    /// What it looks at.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Superblock => "superblock",
            Self::Journal => "log",
            Self::Inodes => "inodes and blocks",
            Self::Duplicates => "duplicate blocks",
            Self::Names => "names",
            Self::Connectivity => "connectivity",
            Self::Links => "link counts",
            Self::Quotas => "quotas",
            Self::Groups => "cylinder groups",
        }
    }
}

/// How far a phase has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which.
    pub phase: Phase,
    /// What is done.
    pub done: u64,
    /// Of how much.
    pub total: u64,
}

/// Where damage is, as far as that can be said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub inode: Option<u32>,
    /// The fragment of the file system.
    pub fragment: Option<u64>,
    /// The cylinder group.
    pub group: Option<u32>,
    /// A path that leads there, in bytes.
    pub path: Option<Vec<u8>>,
}

impl Place {
    /// A file.
    pub fn inode(number: u32) -> Self {
        Self { inode: Some(number), ..Self::default() }
    }

    /// A cylinder group.
    pub fn group(number: u32) -> Self {
        Self { group: Some(number), ..Self::default() }
    }

    /// The same, with a fragment.
    pub fn at(self, fragment: u64) -> Self {
        Self { fragment: Some(fragment), ..self }
    }

    /// The same, with a path.
    pub fn named(self, path: Option<Vec<u8>>) -> Self {
        Self { path, ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, self.inode, self.group) {
            (Some(path), ..) => write!(formatter, "{}", path.escape_ascii()),
            (None, Some(inode), _) => write!(formatter, "inode {inode}"),
            (None, None, Some(group)) => write!(formatter, "group {group}"),
            (None, None, None) => write!(formatter, "file system"),
        }
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The phase that found it.
    pub phase: Phase,
    /// Its kind.
    pub class: Class,
    /// Where it is.
    pub place: Place,
    /// What is wrong.
    pub what: String,
    /// What the repair did, or would do; `None` if nothing can be done.
    pub remedy: Option<&'static str>,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { phase, place, what, .. } = self;
        let remedy = self.remedy.unwrap_or("not repaired");
        write!(formatter, "phase {}: {place}: {what} ({remedy})", phase.number())
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was found.
    Clean,
    /// Everything that was found is repaired: another check finds nothing.
    Repaired,
    /// There is damage.
    Damaged,
}

/// What the log held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Bytes put in their place.
    pub bytes: u64,
    /// Files without a name that were freed.
    pub files: u64,
}

/// What is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Files that are no directories.
    pub files: u64,
    /// Directories.
    pub directories: u64,
    /// Bytes for data.
    pub data_bytes: u64,
    /// Of these, in use.
    pub used_bytes: u64,
    /// Free blocks.
    pub free_blocks: u64,
    /// Free fragments outside free blocks.
    pub free_fragments: u64,
    /// How much of all data those fragments are, in tenths of a percent.
    pub fragmentation_permille: u64,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// UFS1 or UFS2.
    pub format: Format,
    /// Byte order of everything on disk.
    pub byte_order: ByteOrder,
    /// Size of the file system in bytes.
    pub size_bytes: u64,
    /// Whether it was marked as unmounted cleanly.
    pub was_clean: bool,
    /// What was replayed, if the log had to be.
    pub replay: Option<Replay>,
    /// What was found, in the order in which it was.
    pub findings: Vec<Finding>,
    /// Findings that are not in the list, because it is long already.
    pub findings_left_out: u64,
    /// Why nothing can be repaired whatever was found, if so.
    pub refusal: Option<&'static str>,
    /// Whether a repair would leave, or has left, nothing to be found.
    pub is_repairable: bool,
    /// What is in use, repairs included.
    pub usage: Usage,
    /// How it ended.
    pub outcome: Outcome,
}
