//! What becomes of a transaction that succeeded.

use super::{Layer, Step, Transaction};
use crate::file_system::Ffs;
use crate::writer::{Extent, Open, Ordered, Snapshot, Weight, Writer};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use block::{PageNo, Sectors};

impl Ffs {
    /// The sectors that fragments in one block take of their page.
    pub(crate) fn sectors(&self, extent: Extent) -> (PageNo, Sectors) {
        let geometry = &self.geometry;
        let start = (geometry.frag_in_block(extent.at) as usize) << geometry.frag_shift;
        let end = start + ((extent.frags as usize) << geometry.frag_shift);
        (self.page(extent.at), Sectors::of(start..end))
    }
}

impl Transaction<'_> {
    /// Makes it everybody's. Nothing in here can fail but the first line.
    pub(super) fn apply(self) -> Step<()> {
        self.writer.admit(self.ffs, &self)?;
        let mut open = self.writer.open.borrow_mut();
        let (ffs, writer) = (self.ffs, self.writer);
        let has_shrunk = self.shrink.as_ref().is_some_and(|layer| !layer.pages.is_empty());
        open.is_used |= has_shrunk || !self.grow.pages.is_empty();
        writer.commits.note_joined(self.time);
        let grow = join(ffs, self.grow, &self.new);
        let shrink = self.shrink.map(|layer| join(ffs, layer, &self.new)).unwrap_or_default();
        if writer.has_log() {
            grow.iter().chain(&shrink).for_each(|part| open.add(part.page, part.sectors));
        } else {
            open.add_ordered(Ordered::new(grow, shrink, &ffs.options.dirty_account));
        }
        for &extent in &self.freed {
            if writer.has_log() {
                free(ffs, writer, &mut open, extent);
            }
            writer.withheld.borrow_mut().add(&ffs.geometry, extent);
        }
        open.add_freed(self.freed);
        open.fresh.extend(self.fresh);
        open.stable.extend(self.stable);
        drop(open);
        for (group, change) in self.counts {
            writer.count(group, change);
        }
        for (group, is_directory) in self.placed {
            writer.placement.borrow_mut().count(group, is_directory);
        }
        for (number, inode) in self.inodes {
            ffs.update_node(number, inode);
        }
        writer.take_note(self.unlinked, self.cut, self.dirty);
        for (directory, change) in self.index_changes {
            ffs.change_index(directory, change);
        }
        Ok(())
    }

    /// What it adds to a compound transaction, at most.
    pub(crate) fn weight(&self) -> Weight {
        let layers = [Some(&self.grow), self.shrink.as_ref()];
        let edits = layers.into_iter().flatten().flat_map(|layer| layer.pages.values());
        Weight {
            sectors: edits.map(|edit| edit.metadata.count()).sum(),
            revoked: self.freed.iter().filter(|extent| extent.was_metadata).count(),
            unlinked: self.unlinked.iter().filter(|(_, inode)| inode.is_some()).count(),
        }
    }
}

/// Hands the pages of a layer to the cache, and returns those with metadata.
fn join(ffs: &Ffs, layer: Layer, new: &BTreeMap<PageNo, Sectors>) -> Vec<Snapshot> {
    let mut snapshots = Vec::new();
    for (page, edit) in layer.pages {
        let sectors = edit.metadata;
        let bytes = edit.put(&ffs.cache, page);
        if !sectors.is_empty() {
            let new = new.get(&page).copied().unwrap_or_default().intersection(sectors);
            snapshots.push(Snapshot { page, bytes, sectors, new });
        }
    }
    snapshots
}

/// What was freed needs neither be logged nor, if it is data, be written: with a log, nobody ever
/// sees what was between two transactions of a compound one. (Metadata of earlier ones may still
/// have to be written in place, and data that they promise: until this one is durable.)
fn free(ffs: &Ffs, writer: &Writer, open: &mut Open, extent: Extent) {
    let (page, sectors) = ffs.sectors(extent);
    if !writer.commits.owes(page) {
        ffs.cache.forget_data(page, sectors);
    }
    open.remove(page, sectors);
}
