//! Sealing: the open compound transaction as it is at one moment.

use crate::file_system::Ffs;
use crate::layout::log::{self, Unlinked};
use crate::log::{Batch, LoggedPage};
use crate::writer::{Extent, Open, Ordered, Writer};
use abi::{Errno, Result, Timestamp};
use alloc::collections::BTreeSet;
use alloc::rc::Rc;
use alloc::vec::Vec;
use block::PageNo;

/// A compound transaction that nothing joins any more.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) number: u64,
    /// Metadata to be logged; with a log.
    pub(super) pages: Vec<LoggedPage>,
    /// Metadata to be written in steps; without.
    pub(super) ordered: Vec<Ordered>,
    /// Pages with data in fragments that were free before.
    pub(super) fresh: BTreeSet<PageNo>,
    /// Pages with data that somebody wants to be durable, and not fresh.
    pub(super) stable: BTreeSet<PageNo>,
    /// Fragments given back.
    pub(super) freed: Vec<Extent>,
    /// Those of them that the log must not write any more.
    revoked: Vec<log::Extent>,
    /// All files without names.
    unlinked: Vec<Unlinked>,
    time: Timestamp,
}

impl Sealed {
    /// Whether there is more in it than data.
    pub(super) fn has_changes(&self) -> bool {
        !(self.pages.is_empty() && self.ordered.is_empty() && self.freed.is_empty())
    }

    /// What goes into the log.
    pub(super) fn batch(&self) -> Batch<'_> {
        let Self { revoked, pages, unlinked, time, .. } = self;
        Batch { revoked, pages, unlinked, time: *time }
    }
}

impl Ffs {
    /// Seals the open transaction, and opens the next.
    pub(super) fn seal(&self, writer: &Writer) -> Result<Rc<Sealed>> {
        let open = writer.open.take();
        let pages = self.snapshots(&open)?;
        let unlinked = writer.unlinked.borrow();
        let unlinked = unlinked.iter().map(|(&inode, &mode)| Unlinked { inode, mode: mode.into() });
        let sealed = Rc::new(Sealed {
            number: writer.commits.next_number(),
            pages,
            revoked: self.revocations(&open),
            unlinked: unlinked.collect(),
            stable: open.stable.difference(&open.fresh).copied().collect(),
            fresh: open.fresh,
            ordered: open.ordered,
            freed: open.freed,
            time: writer.commits.time(),
        });
        writer.commits.set_sealed(&sealed);
        Ok(sealed)
    }

    /// The pages as they are now. One with changes that are not logged is always in memory.
    fn snapshots(&self, open: &Open) -> Result<Vec<LoggedPage>> {
        let changed = open.pages().filter(|(_, sectors)| !sectors.is_empty());
        changed
            .map(|(page, sectors)| {
                let bytes = self.cache.peek(page).ok_or(Errno::Io)?;
                Ok(LoggedPage { page, bytes, sectors })
            })
            .collect()
    }

    fn revocations(&self, open: &Open) -> Vec<log::Extent> {
        let shift = self.geometry.frag_shift;
        let revoked = open.freed.iter().filter(|extent| extent.was_metadata);
        let extent = |extent: &Extent| log::Extent {
            offset_bytes: extent.at.0 << shift,
            length_bytes: extent.frags << shift,
        };
        revoked.map(extent).collect()
    }
}
