//! What becomes of a transaction that succeeded.

use super::{Layer, Step, Transaction};
use crate::file_system::Ffs;
use crate::writer::{Extent, Open, Ordered, Snapshot};
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
        open.is_used |= !self.grow.pages.is_empty();
        let (ffs, writer, has_log) = (self.ffs, self.writer, self.writer.has_log());
        let grow = join(ffs, &mut open, self.grow, has_log);
        let shrink = self.shrink.map(|layer| join(ffs, &mut open, layer, has_log));
        if !has_log {
            open.ordered.push(Ordered { grow, shrink: shrink.unwrap_or_default() });
        }
        for &extent in &self.freed {
            free(ffs, &mut open, extent);
            writer.withheld.borrow_mut().add(&ffs.geometry, extent);
        }
        open.freed.extend(self.freed);
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

    /// How many sectors of metadata it changed, and how many extents it revokes.
    pub(crate) fn weight(&self) -> (u32, usize) {
        let layers = [Some(&self.grow), self.shrink.as_ref()];
        let edits = layers.into_iter().flatten().flat_map(|layer| layer.pages.values());
        let sectors = edits.map(|edit| edit.metadata.count()).sum();
        (sectors, self.freed.iter().filter(|extent| extent.was_metadata).count())
    }
}

/// Hands the pages of a layer to the cache.
fn join(ffs: &Ffs, open: &mut Open, layer: Layer, has_log: bool) -> Vec<Snapshot> {
    let mut snapshots = Vec::new();
    for (page, edit) in layer.pages {
        let bytes = edit.bytes.freeze();
        ffs.cache.change(page, bytes.clone(), edit.data, edit.metadata);
        if edit.metadata.is_empty() {
            continue;
        }
        if has_log {
            *open.pages.entry(page).or_default() |= edit.metadata;
        } else {
            snapshots.push(Snapshot { page, bytes, sectors: edit.metadata });
        }
    }
    snapshots
}

/// What was freed needs neither be logged nor, if it is data, be written. (Metadata of earlier
/// transactions may still have to be written in place: until this one is durable.)
fn free(ffs: &Ffs, open: &mut Open, extent: Extent) {
    let (page, sectors) = ffs.sectors(extent);
    ffs.cache.forget_data(page, sectors);
    if let Some(dirt) = open.pages.get_mut(&page) {
        *dirt = dirt.without(sectors);
    }
}
