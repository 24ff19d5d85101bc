//! Writing the superblock and the table of summaries.
//!
//! Only a few fields of the superblock ever change. It is read anew each time and only they are
//! changed, so that whatever else stands there, in whatever form, stays.

use super::verifier;
use crate::file_system::Ffs;
use crate::layout::{
    Field, MAGIC_UFS1, QUOTA_MAGIC, SUPERBLOCK_BYTES, Summary, Superblock, TotalSummary, flags,
};
use crate::writer::Writer;
use abi::{Errno, Result, Timestamp};
use alloc::vec;
use block::SECTOR_BYTES;
use bytes::BytesMut;

/// The superblock in whole sectors.
const AREA_BYTES: usize = SUPERBLOCK_BYTES.next_multiple_of(SECTOR_BYTES);

impl Ffs {
    /// Changes fields of the superblock, durably.
    pub(super) async fn change_superblock(
        &self,
        writer: &Writer,
        change: impl FnOnce(&mut Superblock),
    ) -> Result<()> {
        writer.commits.under_way.finish().await?;
        let device = self.cache.device();
        let order = self.geometry.order;
        let offset_bytes = self.superblock.superblock_offset_bytes as u64;
        let buffers = device.read(offset_bytes, vec![BytesMut::zeroed(AREA_BYTES)]).await?;
        let mut bytes = buffers.into_iter().next().ok_or(Errno::Io)?;
        let mut superblock = Superblock::get(&bytes, order);
        change(&mut superblock);
        drop_check_hashes(&mut superblock);
        superblock.put(&mut bytes, order);
        writer.commits.under_way.add(device.write(offset_bytes, vec![bytes.freeze()]));
        writer.commits.under_way.finish().await?;
        self.flush(writer).await
    }

    /// Writes the counts of all groups to their table.
    pub(super) async fn write_summaries(&self, writer: &Writer) -> Result<()> {
        let geometry = &self.geometry;
        let length =
            (geometry.summary_bytes as usize).next_multiple_of(geometry.frag_bytes() as usize);
        let mut table = BytesMut::zeroed(length);
        for (entry, summary) in table.chunks_exact_mut(Summary::BYTES).zip(writer.summaries()) {
            summary.put(entry, geometry.order);
        }
        let offset_bytes = geometry.summary_frag.0 << geometry.frag_shift;
        writer.commits.under_way.add(self.cache.device().write(offset_bytes, vec![table.freeze()]));
        writer.commits.under_way.finish().await
    }
}

/// FreeBSD's check hashes, which say nothing true of what is changed without them: it verifies only
/// what `fs_metackhash` names, and can take them up again. (NetBSD uses the flag for quotas.)
fn drop_check_hashes(superblock: &mut Superblock) {
    let has_quotas = superblock.quota_magic == QUOTA_MAGIC;
    if superblock.flags & flags::QUOTAS != 0 && !has_quotas {
        superblock.flags &= !flags::QUOTAS;
        (superblock.check_hashes, superblock.check_hash) = (0, 0);
    }
}

/// Puts what the writer knows into a superblock that is about to be clean: counts, time, and the
/// write verifier.
pub(super) fn set_state(superblock: &mut Superblock, writer: &Writer) {
    set_counts(superblock, writer.total(), writer.commits.time());
    verifier::store(superblock, writer.verifier());
}

/// Puts counts and time into a superblock, wide and narrow as its format has them.
fn set_counts(superblock: &mut Superblock, total: TotalSummary, time: Timestamp) {
    let time = time.seconds.max(time_of(superblock));
    if superblock.is_updated() {
        (superblock.total, superblock.time) = (total, time);
    }
    if superblock.magic == MAGIC_UFS1 {
        superblock.old_total = narrow(&total);
        superblock.old_time = time.clamp(0, i32::MAX.into()) as i32;
    }
}

/// When a superblock was last written, in seconds.
pub(crate) fn time_of(superblock: &Superblock) -> i64 {
    if superblock.is_updated() { superblock.time } else { superblock.old_time.into() }
}

fn narrow(total: &TotalSummary) -> Summary {
    Summary {
        directories: total.directories as i32,
        free_blocks: total.free_blocks as i32,
        free_inodes: total.free_inodes as i32,
        free_frags: total.free_frags as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_hashes_are_dropped_and_quotas_are_kept() {
        let mut superblock = Superblock::zeroed();
        superblock.flags = flags::QUOTAS | flags::SOFT_UPDATES;
        (superblock.check_hashes, superblock.check_hash) = (7, 9);
        let mut with_quotas = superblock;
        with_quotas.quota_magic = QUOTA_MAGIC;
        drop_check_hashes(&mut superblock);
        assert_eq!((superblock.flags, superblock.check_hashes), (flags::SOFT_UPDATES, 0));
        let before = with_quotas;
        drop_check_hashes(&mut with_quotas);
        assert_eq!(with_quotas, before);
    }
}
