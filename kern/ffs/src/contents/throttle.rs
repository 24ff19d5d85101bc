//! Dirty data has a bound; and a client may want some of it to be stable.

use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::Lbn;
use abi::Result;
use block::{REQUEST_BYTES_MAX, Room};

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

    /// How much to write at once, `bytes_max` at most: so much that there is room for the next while
    /// one is on its way to the disk, and whole blocks.
    pub(super) fn piece_bytes_max(&self, bytes_max: usize) -> usize {
        let block_bytes = self.geometry.block_bytes() as usize;
        let half = usize::try_from(self.dirty_limit() / 2).unwrap_or(usize::MAX).min(bytes_max);
        (half & !(block_bytes - 1)).max(block_bytes)
    }

    /// Waits for room for the blocks of `length` more bytes of dirty data at `offset`. From half of
    /// the bound on, what has been dirty for longest is written without waiting.
    ///
    /// What is waited for is always this file system's own: the end of a write, of a commit, or of
    /// a change by another writer. Who finds nothing left goes on, whatever other services hold.
    pub(super) async fn room_to_write(&self, offset: u64, length: u64) -> Result<Room> {
        let writer = self.changeable()?;
        writer.dirty_files.borrow_mut().forget_clean(|page| self.cache.is_dirty(page));
        let bytes = self.blocks_bytes(offset, length);
        loop {
            let (taken, limit) = (self.cache.taken_bytes(), self.dirty_limit());
            let expected = taken.saturating_add(bytes);
            if expected > limit / 2 {
                self.start_to_clean(expected - limit / 2);
            }
            let room = if expected <= limit { self.cache.take_room(bytes) } else { None };
            if let Some(room) = room {
                return Ok(room);
            }
            if taken <= limit / 2 && writer.keeps_snapshots() {
                self.commit_for_room().await?;
            } else if taken == 0 {
                return Ok(self.cache.take_room_anyway(bytes));
            } else {
                self.start_to_clean(bytes);
                self.cache.next_end().await;
            }
        }
    }

    /// Starts to write what has been dirty for longest.
    fn start_to_clean(&self, bytes: u64) {
        // The device goes on with it by itself; `note_failures` tells who lost data.
        drop(self.cache.write_back(self.cache.oldest(bytes.max(REQUEST_BYTES_MAX))));
    }

    /// The bound of this file system, or its share of what all services may have, if that is less.
    fn dirty_limit(&self) -> u64 {
        self.dirty_bytes_max().min(self.options.dirty_account.share_bytes())
    }

    /// What the blocks of a range take, in bytes.
    fn blocks_bytes(&self, offset: u64, length: u64) -> u64 {
        let shift = self.geometry.block_shift;
        let end = offset.saturating_add(length).div_ceil(1 << shift);
        (end - (offset >> shift)) << shift
    }
}
