//! Giving out fragments, blocks and inodes, and taking them back.
//!
//! ```text
//!  preference   where the next block of a file should be         directories   and a new directory
//!      │                                                              │
//!  space        blocks and fragments ── order ── group by group ── inodes ── generation
//!      │                                                              │
//!  group        a group's header, checked; its fragment map with every sum that follows from it
//!      ├── search      finding free runs
//!      ├── run         many blocks in a row
//!      ├── clusters    runs of free blocks
//!      └── rotation    tables of old UFS1
//!  withheld     free, and not to be given out before the next commit
//! ```
//! Everything happens in a transaction, so nothing in here waits or is undone. Nothing is
//! believed: what a map gives is checked against the geometry, what is given back against the map.
//! Who a file belongs to, and how many sectors it has, is not known here.
//!
//! After McKusick et al. (1984) and the `ffs_alloc.c` of NetBSD and FreeBSD.

mod bits;
mod clusters;
mod directories;
mod generation;
mod group;
mod inodes;
mod order;
mod placement;
mod preference;
mod rotation;
mod run;
mod search;
mod space;
#[cfg(test)]
mod tests;
mod withheld;

pub(crate) use placement::Placement;
pub(crate) use withheld::Withheld;

use crate::layout::{CylGroup, FragNo};

/// Near where something is to be allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Near {
    /// The group to try first.
    pub(crate) group: CylGroup,
    /// The fragment that would be best, for instance the one behind the last block; its group
    /// takes precedence.
    pub(crate) frag: Option<FragNo>,
}
