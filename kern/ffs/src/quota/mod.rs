//! Quotas: what users and groups may use, counted and limited as NetBSD does (quota2).
//!
//! ```text
//!  charge    who pays for fragments and files, and whether a limit stands against it
//!   │
//!  file      a user's or group's entry in the quota file; new ones
//!   │
//!  limit     one count, with its limits
//!
//!  administer   what an administrator sees of all this, and changes
//! ```
//! The counts are metadata and change in the transaction that changes what is counted, so they
//! are right after every crash. A file system without quotas pays one comparison for them.
//! A quota file that is damaged is named once, and that kind of quota is neither kept nor
//! enforced any more: `fsck` counts anew.
//!
//! NetBSD exempts the superuser's processes. Nobody here knows who asks, so what is exempt is what
//! belongs to the superuser, and giving a file to another user, which only the superuser can.

mod administer;
mod charge;
mod file;
mod limit;
#[cfg(test)]
mod tests;

pub use administer::{LimitChange, Quotas};

use crate::file_system::Ffs;
use crate::layout::{QUOTA_MAGIC, flags};
use abi::InodeNo;

/// Whose use is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaKind {
    /// A user's.
    User,
    /// A group's.
    Group,
}

impl QuotaKind {
    /// Users, and groups.
    pub const ALL: [Self; 2] = [Self::User, Self::Group];

    /// `user` or `group`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }
}

impl Ffs {
    /// The inode of a quota file, if the file system keeps such quotas.
    fn quota_inode(&self, kind: QuotaKind) -> Option<InodeNo> {
        let superblock = &self.superblock;
        if superblock.flags & flags::QUOTAS == 0 || superblock.quota_magic != QUOTA_MAGIC {
            return None;
        }
        let is_kept = superblock.quota_flags & (1 << kind as u8) != 0;
        let inode = superblock.quota_inodes[kind as usize];
        (is_kept && inode != 0).then_some(InodeNo(inode))
    }

    /// Whether this is a quota file. Nobody pays for those.
    pub(crate) fn is_quota_file(&self, number: InodeNo) -> bool {
        QuotaKind::ALL.into_iter().any(|kind| self.quota_inode(kind) == Some(number))
    }
}
