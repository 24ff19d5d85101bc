//! Dirty data has a bound; and a client may want some of it to be stable.

use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::Lbn;
use abi::Result;
use block::REQUEST_BYTES_MAX;

impl Ffs {
    /// Makes the dirty data of a range take part in the next commit; a length of zero means to the
    /// end of the file. There is a commit even if all is clean: it is on the disk, but the disk may
    /// have it in a cache of its own.
    ///
    /// # Errors
    /// What became of data written earlier, once.
    pub(crate) fn want_stable(&self, node: &Node, offset: u64, length: u64) -> Result<()> {
        self.tell_failure(node.number)?;
        let writer = self.changeable()?;
        let shift = self.geometry.block_shift;
        let end = if length == 0 { u64::MAX } else { offset.saturating_add(length) };
        let lbns = Lbn(offset >> shift)..Lbn(end.div_ceil(1 << shift));
        let mut open = writer.open.borrow_mut();
        open.stable.extend(writer.dirty_files.borrow().pages(node.number, lbns));
        open.is_used = true;
        Ok(())
    }

    /// Waits until `bytes` more of dirty data are within the bound. From half of it on, what has
    /// been dirty for longest is written without waiting.
    pub(super) async fn wait_for_clean(&self, bytes: u64) -> Result<()> {
        let writer = self.changeable()?;
        writer.dirty_files.borrow_mut().forget_clean(|page| self.cache.is_dirty(page));
        let limit = self.options.dirty_bytes_max;
        loop {
            let dirty = self.cache.dirty_bytes();
            let expected = dirty.saturating_add(bytes);
            if expected > limit / 2 {
                let excess = (expected - limit / 2).max(REQUEST_BYTES_MAX);
                // The device goes on with it by itself; `note_failures` tells who lost data.
                drop(self.cache.write_back(self.cache.oldest(excess)));
            }
            if expected <= limit || dirty == 0 {
                return Ok(());
            }
            self.cache.next_end().await;
        }
    }
}
