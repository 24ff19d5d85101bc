//! What was found out about a directory, and stays true while it changes.

use core::cell::Cell;
use task::Lock;

/// Kept with the directory's node.
#[derive(Default)]
pub(crate) struct Findings {
    /// Held by whoever builds the name index.
    pub(super) indexing: Lock,
    /// The index would exceed its budget: until a scan meets few enough names.
    pub(super) is_unindexed: Cell<bool>,
    /// Whether there is a damaged chunk, once the directory was read from end to end. Chunks are
    /// made whole; in a damaged one no name is put, and it is never cut off: it stays as it is.
    pub(super) is_damaged: Cell<Option<bool>>,
    /// Whether a block stands in the directory twice, once that was asked. A directory that has
    /// one is not changed; blocks that are added cost whoever adds them.
    pub(super) is_folded: Cell<Option<bool>>,
}
