//! What is mounted, in words for people.

use crate::layout::{ByteOrder, Format, MAGIC_UFS1, Superblock, clean, flags};
use alloc::string::String;
use core::fmt;

/// `fs_old_postblformat` of 4.2BSD, whose group blocks have another form.
const ROTATION_42BSD: i32 = -1;

/// Whether a file system was left in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Unmounted cleanly.
    Clean,
    /// Still mounted somewhere, or its system stopped without unmounting it.
    NotUnmounted,
    /// As before, and NetBSD's log may hold changes that are not in place yet.
    LogPending,
    /// As before, and it was kept with soft updates: space may be lost.
    SoftUpdates,
    /// As before, with FreeBSD's journal of soft updates.
    SoftUpdatesJournal,
    /// As before, and FreeBSD's block journal may hold changes that are not in place yet.
    GeomJournal,
    /// A system has found damage that only a full check can repair.
    NeedsCheck,
}

impl Condition {
    /// What the superblock tells.
    pub(crate) fn of(superblock: &Superblock) -> Self {
        let has = |flag| superblock.flags & flag != 0;
        // FreeBSD uses WAPBL's flag for something else, but has no journal version there.
        let is_logged = has(flags::WAPBL) && superblock.journal_version != 0;
        match () {
            () if has(flags::NEEDS_CHECK) => Self::NeedsCheck,
            () if superblock.clean & clean::IS_CLEAN != 0 && !has(flags::UNCLEAN) => Self::Clean,
            () if is_logged => Self::LogPending,
            () if has(flags::GEOM_JOURNAL) => Self::GeomJournal,
            () if has(flags::SOFT_UPDATES_JOURNAL) => Self::SoftUpdatesJournal,
            () if has(flags::SOFT_UPDATES) => Self::SoftUpdates,
            () => Self::NotUnmounted,
        }
    }

    /// Why the file system is not clean; `None` if it is.
    pub const fn reason(self) -> Option<&'static str> {
        Some(match self {
            Self::Clean => return None,
            Self::NotUnmounted => "it was not unmounted cleanly and needs fsck",
            Self::LogPending => "its log (WAPBL) has not been replayed",
            Self::SoftUpdates => "it was not unmounted cleanly (soft updates) and needs fsck",
            Self::SoftUpdatesJournal => "its soft updates journal has not been replayed",
            Self::GeomJournal => "its block journal (gjournal) has not been replayed",
            Self::NeedsCheck => "its system found damage and asks for a full fsck",
        })
    }
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// UFS1 or UFS2.
    pub format: Format,
    /// Whether inodes and directories are in 4.3BSD's format.
    pub is_old: bool,
    /// Byte order on disk.
    pub byte_order: ByteOrder,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Block size in bytes.
    pub block_bytes: u32,
    /// Fragment size in bytes.
    pub frag_bytes: u32,
    /// Its label; empty if it has none.
    pub label: String,
    /// Where it was last mounted; empty if it tells nothing.
    pub last_mounted_on: String,
    /// Clean, or why not.
    pub condition: Condition,
    /// Why nothing on it may be changed; `None` if it may.
    pub unwritable: Option<&'static str>,
}

/// Why a file system must not be changed, as far as its superblock tells.
pub(crate) fn obstacle(superblock: &Superblock, is_old: bool) -> Option<&'static str> {
    let has_old_groups =
        superblock.magic == MAGIC_UFS1 && superblock.old_rotation_format == ROTATION_42BSD;
    let has_snapshots = superblock.snapshot_inodes.iter().any(|&inode| inode != 0);
    match () {
        () if Condition::of(superblock) != Condition::Clean => Condition::of(superblock).reason(),
        () if is_old => Some("inodes in 4.3BSD's format are only read"),
        () if has_old_groups => Some("cylinder groups in 4.2BSD's format are only read"),
        () if has_snapshots => Some("it has snapshots, whose blocks a change would spoil"),
        () => None,
    }
}

impl Description {
    /// The format as people call it: `FFSv1` or `FFSv2`.
    pub const fn format_name(&self) -> &'static str {
        match self.format {
            Format::Ufs1 => "FFSv1",
            Format::Ufs2 => "FFSv2",
        }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.byte_order {
            ByteOrder::Little => "little-endian",
            ByteOrder::Big => "big-endian",
        };
        let old = if self.is_old { " (4.3BSD inodes)" } else { "" };
        write!(formatter, "{}{old} {order}, {} bytes, ", self.format_name(), self.size_bytes)?;
        write!(formatter, "block {}, fragment {}", self.block_bytes, self.frag_bytes)?;
        if !self.label.is_empty() {
            write!(formatter, ", label {:?}", self.label)?;
        }
        if !self.last_mounted_on.is_empty() {
            write!(formatter, ", last mounted on {:?}", self.last_mounted_on)?;
        }
        match self.condition.reason() {
            None => formatter.write_str(", clean"),
            Some(reason) => write!(formatter, ", unclean: {reason}"),
        }
    }
}

/// A text of the superblock up to its NUL, whatever bytes it is made of.
pub(crate) fn text(field: &[u8]) -> String {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::MAGIC_UFS2;

    fn clean() -> Superblock {
        let mut superblock = Superblock::zeroed();
        (superblock.clean, superblock.magic) = (clean::IS_CLEAN, MAGIC_UFS2);
        superblock
    }

    #[test]
    fn what_must_not_be_changed_says_why() {
        assert_eq!(obstacle(&clean(), false), None);
        assert!(obstacle(&clean(), true).is_some_and(|reason| reason.contains("4.3BSD")));
        let said = |change: fn(&mut Superblock), word: &str| {
            let mut superblock = clean();
            change(&mut superblock);
            obstacle(&superblock, false).is_some_and(|reason| reason.contains(word))
        };
        assert!(said(|fs| fs.snapshot_inodes[0] = 5, "snapshots"));
        assert!(said(|fs| fs.clean = 0, "fsck"));
        assert!(said(|fs| fs.flags |= flags::NEEDS_CHECK, "full fsck"));
        let old_groups = |fs: &mut Superblock| {
            (fs.magic, fs.old_rotation_format) = (MAGIC_UFS1, ROTATION_42BSD);
        };
        assert!(said(old_groups, "4.2BSD"));
        // Soft updates left in order are no obstacle.
        assert!(!said(|fs| fs.flags |= flags::SOFT_UPDATES, "soft updates"));
    }
}
