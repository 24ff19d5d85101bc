//! Making durable what was ordered.

use crate::file_system::Ffs;
use crate::layout::{Field, SUPERBLOCK_BYTES, Summary, clean};
use crate::writer::{Open, Writer};
use abi::{Errno, Result};
use alloc::vec;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};

impl Ffs {
    /// What is needed to change anything.
    ///
    /// # Errors
    /// `ReadOnly` if nothing may be changed, or nothing any more.
    pub(crate) fn changeable(&self) -> Result<&Writer> {
        let writer = self.writer.as_ref().ok_or(Errno::ReadOnly)?;
        writer.failed.get().map_or(Ok(writer), |_| Err(Errno::ReadOnly))
    }

    /// Makes the open compound transaction durable.
    pub(crate) async fn commit_once(&self) -> Result<()> {
        let writer = self.changeable()?;
        let sealed = writer.open.take();
        let result = self.write_sealed(&sealed).await;
        for &extent in &sealed.freed {
            let (page, sectors) = self.sectors(extent);
            self.cache.forget(page, sectors);
            writer.withheld.borrow_mut().give_back(&self.geometry, extent);
        }
        result
    }

    async fn write_sealed(&self, sealed: &Open) -> Result<()> {
        self.cache.write_back(sealed.fresh.union(&sealed.stable).copied()).await?;
        let snapshots = sealed.ordered.iter().flat_map(|one| one.grow.iter().chain(&one.shrink));
        let mut pages = Vec::new();
        for snapshot in snapshots {
            self.cache.release(snapshot.page, snapshot.bytes.clone(), snapshot.sectors);
            pages.push(snapshot.page);
        }
        self.cache.write_back(pages).await?;
        self.cache.flush().await
    }

    /// Makes everything durable that was ordered before.
    pub(crate) async fn make_durable(&self) -> Result<()> {
        let is_used = self.changeable()?.open.borrow().is_used;
        if is_used { self.commit_once().await } else { Ok(()) }
    }

    /// Everything, unstable data too.
    pub(crate) async fn write_everything(&self) -> Result<()> {
        let writer = self.changeable()?;
        self.commit_once().await?;
        writer.dirty_files.take();
        self.cache.write_back(self.cache.oldest(u64::MAX)).await?;
        self.cache.flush().await
    }

    /// Leaves the image clean.
    pub(crate) async fn leave_clean(&self) -> Result<()> {
        self.write_everything().await?;
        let writer = self.changeable()?;
        self.write_summaries(&writer.summaries()).await?;
        self.write_superblock(clean::IS_CLEAN).await?;
        writer.failed.set(Some(Errno::ReadOnly));
        Ok(())
    }

    async fn write_summaries(&self, summaries: &[Summary]) -> Result<()> {
        let geometry = &self.geometry;
        let mut table = BytesMut::zeroed(geometry.summary_bytes as usize);
        for (index, summary) in summaries.iter().enumerate() {
            summary.put(&mut table[index * Summary::BYTES..], geometry.order);
        }
        let offset_bytes = geometry.summary_frag.0 << geometry.frag_shift;
        self.cache.device().write(offset_bytes, vec![table.freeze()]).await
    }

    async fn write_superblock(&self, clean: u8) -> Result<()> {
        let mut superblock = self.superblock;
        superblock.clean = clean;
        if let Some(writer) = &self.writer {
            superblock.total = writer.total();
        }
        let bytes: [u8; SUPERBLOCK_BYTES] = superblock.to_bytes(self.geometry.order);
        let offset_bytes = self.superblock.superblock_offset_bytes as u64;
        let mut sectors = vec![0; SUPERBLOCK_BYTES.next_multiple_of(512)];
        sectors[..SUPERBLOCK_BYTES].copy_from_slice(&bytes);
        self.cache.device().write(offset_bytes, vec![Bytes::from(sectors)]).await?;
        self.cache.flush().await
    }
}
