//! What the allocator remembers from one transaction to the next.

use crate::layout::CylGroup;
use crate::quota::QuotaKind;
use alloc::collections::{BTreeMap, BTreeSet};

/// See the top of the file.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    /// Damaged groups: see [`super::group`].
    left_out: BTreeSet<CylGroup>,
    /// Directories made in a group one after another, less files made there since
    /// (`fs_contigdirs`); groups without any are left out.
    directories_in_row: BTreeMap<CylGroup, u8>,
    /// Quotas whose files are damaged: see [`crate::quota`].
    without: BTreeSet<QuotaKind>,
}

impl Placement {
    pub(super) fn is_damaged(&self, group: CylGroup) -> bool {
        self.left_out.contains(&group)
    }

    /// Says whether it was not left out before.
    pub(super) fn leave_out(&mut self, group: CylGroup) -> bool {
        self.left_out.insert(group)
    }

    pub(crate) fn is_without(&self, kind: QuotaKind) -> bool {
        self.without.contains(&kind)
    }

    /// Says whether it was not done without before.
    pub(crate) fn do_without(&mut self, kind: QuotaKind) -> bool {
        self.without.insert(kind)
    }

    pub(super) fn directories_in_row(&self, group: CylGroup) -> u8 {
        self.directories_in_row.get(&group).copied().unwrap_or(0)
    }

    /// An inode was asked for in a group.
    pub(crate) fn count(&mut self, group: CylGroup, is_directory: bool) {
        let before = self.directories_in_row(group);
        let count = if is_directory { before.saturating_add(1) } else { before.saturating_sub(1) };
        match count {
            0 => self.directories_in_row.remove(&group),
            _ => self.directories_in_row.insert(group, count),
        };
    }
}
