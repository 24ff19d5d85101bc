//! A log for a file system that has none: made by the first mount that may change it.
//!
//! ```text
//! map, indirect blocks ─► owner ─► headers ─► counts, and the log's place ─► fs_clean = 1
//! └── one transaction, in steps ─┘
//! ```
//! A flush stands between any two, and `fs_clean` is 0 from before the first: after a crash there
//! is a file system that was used without a log, and perhaps a file without a name, which `fsck -p`
//! mends. What is there in the end is what `newfs` makes, and nobody has begun to use it.
//!
//! NetBSD makes the log when it is asked to (`-o log`), and with the size that `tunefs` has left in
//! the superblock; it takes the space from whatever there is. Here it must be little of that.

use super::superblock::set_state;
use crate::file_system::Ffs;
use crate::layout::log::{Place, Run, SIZE_BYTES_MIN, usual_size_bytes};
use crate::layout::{CylGroup, FragNo, QUOTA_MAGIC, ROOT_INODE, Superblock, clean, flags};
use crate::log::Log;
use crate::transaction::{Step, Transaction};
use crate::writer::Writer;
use abi::{Errno, Result, Timestamp};
use alloc::vec::Vec;
use core::fmt;

#[cfg(test)]
mod tests;

/// A log takes at most this part of what is free.
const SHARE_MAX: u64 = 20;

/// Most groups that are searched, of those with blocks enough.
const GROUPS_MAX: usize = 64;

impl Ffs {
    /// Makes a log, if there is none and there may be one, and uses it from here on. Where there is
    /// no room for it, that is said, and the file system is changed without.
    ///
    /// Nothing else may be going on in the file system.
    pub(crate) async fn provide_log(&mut self) {
        if !self.may_have_log() {
            return;
        }
        match self.make_log().await {
            Ok(Some((place, writer))) => {
                place.store(&mut self.superblock);
                self.writer = Some(writer);
            }
            Ok(None) => self.say_without("a log would take too much of what is free"),
            // What could not be written was told.
            Err(_) if self.changeable().is_err() => {}
            Err(errno) => self.say_without(errno),
        }
    }

    fn say_without(&self, why: impl fmt::Display) {
        self.damaged(format_args!(
            "no log is made, so metadata is written in steps, which is slower: {why}"
        ));
    }

    fn may_have_log(&self) -> bool {
        let is_without = self.writer.as_ref().is_some_and(|writer| !writer.has_log());
        is_without && self.options.log && !self.geometry.is_old && is_vacant(&self.superblock)
    }

    /// The log's place, and what is to change the file system from now on; `None` if there is no
    /// room.
    async fn make_log(&self) -> Result<Option<(Place, Writer)>> {
        let writer = self.changeable()?;
        let Some(place) = self.allocate_log(writer).await? else { return Ok(None) };
        self.make_durable().await?;
        let device = self.cache.device().clone();
        let log = Log::new(device, place, self.geometry.order, self.geometry.block_bytes());
        match self.install(writer, &log, place).await {
            Ok(()) => {
                let (summaries, verifier) = (writer.summaries(), writer.verifier());
                Ok(Some((place, Writer::new(Some(log), summaries, verifier))))
            }
            Err(errno) => Err(self.fail(writer, errno)),
        }
    }

    /// The largest that there is room for, in the group nearest to the middle.
    async fn allocate_log(&self, writer: &Writer) -> Result<Option<Place>> {
        let time = Timestamp { seconds: super::time_of(&self.superblock), nanoseconds: 0 };
        for size_bytes in self.log_sizes() {
            let run = self.log_run(size_bytes);
            for group in self.groups_with(writer, run.all_blocks()) {
                let made =
                    self.transact(time, |transaction| transaction.make_log(group, run)).await;
                match made {
                    Ok(place) => return Ok(Some(place)),
                    Err(Errno::NoSpace) => {}
                    Err(errno) => return Err(errno),
                }
            }
        }
        Ok(None)
    }

    /// NetBSD's size and halves of it, those that take little of what is free.
    fn log_sizes(&self) -> impl Iterator<Item = u64> + use<> {
        let usual = usual_size_bytes(self.geometry.size_frags << self.geometry.frag_shift);
        let most = self.space().available_bytes / SHARE_MAX;
        let halves = (0..u64::BITS).map(move |half| usual >> half);
        halves.take_while(|&size| size >= SIZE_BYTES_MIN).filter(move |&size| size <= most)
    }

    /// A log of this size that has no place yet.
    fn log_run(&self, size_bytes: u64) -> Run {
        let geometry = &self.geometry;
        Run {
            first: FragNo::HOLE,
            blocks: size_bytes.div_ceil(geometry.block_bytes().into()) as u32,
            block_bytes: geometry.block_bytes(),
            frag_bytes: geometry.frag_bytes(),
            format: geometry.format,
        }
    }

    /// Groups with so many free blocks, those in the middle first.
    fn groups_with(&self, writer: &Writer, blocks: u32) -> Vec<CylGroup> {
        let groups = self.geometry.groups;
        let has_enough = |group: &CylGroup| {
            u32::try_from(writer.summary(*group).free_blocks).is_ok_and(|free| free >= blocks)
        };
        let mut found: Vec<_> = (0..groups).map(CylGroup).filter(has_enough).collect();
        found.sort_by_key(|group| group.0.abs_diff(groups / 2));
        found.truncate(GROUPS_MAX);
        found
    }

    /// The owner of the log is durable: makes the log, and the file system clean and with it.
    async fn install(&self, writer: &Writer, log: &Log, place: Place) -> Result<()> {
        let _turn = writer.commits.turn().await;
        log.make().await?;
        self.write_summaries(writer).await?;
        self.change_superblock(writer, |superblock| {
            set_state(superblock, writer);
            place.store(superblock);
        })
        .await?;
        self.change_superblock(writer, |superblock| superblock.clean = clean::IS_CLEAN).await
    }
}

impl Transaction<'_> {
    /// The log in a group: its blocks, and the inode that owns them.
    fn make_log(&mut self, group: CylGroup, run: Run) -> Step<Place> {
        let (number, generation) = self.allocate_inode(ROOT_INODE, false)?;
        let first = self.allocate_run(group, run.all_blocks())?;
        let run = Run { first, ..run };
        self.set_indirect_blocks(&run)?;
        self.set_inode(number, run.owner(generation, self.time))?;
        Ok(run.place(number))
    }

    fn set_indirect_blocks(&mut self, run: &Run) -> Step<()> {
        let bytes = run.indirect_bytes(self.ffs.geometry.order);
        let blocks = bytes.chunks_exact(run.block_bytes as usize);
        for (index, block) in (0..run.indirect_blocks()).zip(blocks) {
            let (page, _) = self.place(run.block(index));
            self.clear_page(page);
            self.metadata_mut(page, 0..block.len())?.copy_from_slice(block);
        }
        Ok(())
    }
}

/// Whether the place where a superblock names a log is NetBSD's, and nothing stands there. FreeBSD
/// keeps counts of its own in it, and its journals and check hashes elsewhere.
fn is_vacant(superblock: &Superblock) -> bool {
    const FOREIGN: u32 = flags::SOFT_UPDATES | flags::SOFT_UPDATES_JOURNAL | flags::GEOM_JOURNAL;
    let names_none = superblock.journal_version == 0
        && superblock.journal_location == 0
        && superblock.journal_reserved == [0; 2]
        && superblock.journal_flags == 0
        && superblock.journal_places == [0; 4];
    let has_quotas = superblock.flags & flags::QUOTAS != 0 && superblock.quota_magic == QUOTA_MAGIC;
    let names_no_quotas = superblock.quota_magic == 0
        && superblock.quota_flags == 0
        && superblock.quota_reserved == [0; 3]
        && superblock.quota_inodes == [0; 2];
    superblock.is_updated()
        && superblock.flags & FOREIGN == 0
        && names_none
        && (has_quotas || names_no_quotas)
        && (superblock.check_hash, superblock.check_hashes) == (0, 0)
}
