//! What a crash has left is put in order before anything else: the log is replayed, counts are
//! taken anew, and files without names are taken apart.
//!
//! `FS_DOWAPBL` in the superblock says that the log holds what may not be in place; without it,
//! what stands in the log is history. The log may bring a superblock (NetBSD's does), so the
//! superblock is read again afterwards.

use crate::damage::Reports;
use crate::file_system::Ffs;
use crate::layout::log::{Location, OWNER_FLAG, Place, Unlinked};
use crate::layout::{
    BlockArea, CylGroup, CylinderGroup, FragNo, Geometry, Inode, Summary, Superblock, clean, flags,
};
use crate::log::{Log, Replayed, replay};
use crate::reclaim::Owners;
use abi::{Errno, FileType, InodeNo, Result};
use alloc::rc::Rc;
use alloc::vec::Vec;
use block::Device;
use core::fmt;

/// A log that was replayed.
pub(crate) struct Recovered {
    place: Place,
    replayed: Replayed,
}

impl Recovered {
    /// Files without names, to be taken apart.
    pub(crate) fn unlinked(&self) -> &[Unlinked] {
        &self.replayed.unlinked
    }
}

/// Replays the log, if it holds something. What is in the way is reported; the file system must
/// not be changed then.
pub(crate) async fn recover(
    device: &Rc<Device>,
    superblock: &mut Superblock,
    geometry: &Geometry,
    reports: &Reports,
) -> Option<Recovered> {
    // FreeBSD uses the flag for something else, and has other things where the version is.
    if superblock.flags & flags::WAPBL == 0 || superblock.journal_version != 1 {
        return None;
    }
    let place = match Place::of(superblock, geometry, device.geometry().size_bytes) {
        Ok(Some(place)) => place,
        Ok(None) => return refuse(superblock, reports, format_args!("nobody knows where it is")),
        Err(fault) => return refuse(superblock, reports, format_args!("its place: {fault}")),
    };
    match replay(device, geometry, &place).await {
        Ok(replayed) => Some(Recovered { place, replayed }),
        Err(error) => refuse(superblock, reports, format_args!("{error}")),
    }
}

fn refuse(
    superblock: &mut Superblock,
    reports: &Reports,
    why: fmt::Arguments<'_>,
) -> Option<Recovered> {
    reports.report(format_args!("the log is not replayed: {why}"));
    superblock.clean &= !clean::IS_CLEAN;
    None
}

impl Ffs {
    /// The log to use: the one that was replayed, or the one that the superblock names.
    pub(crate) async fn open_log(&self, recovered: Option<&Recovered>) -> Option<Log> {
        let device = self.cache.device().clone();
        let page_bytes = self.geometry.block_bytes();
        if !self.options.log {
            return None;
        }
        if let Some(Recovered { place, replayed }) = recovered {
            return Some(Log::of(device, *place, replayed.header, page_bytes));
        }
        let disk_bytes = device.geometry().size_bytes;
        if self.superblock.journal_version != 1 {
            return None;
        }
        let place = match Place::of(&self.superblock, &self.geometry, disk_bytes) {
            Ok(place) => place?,
            Err(fault) => {
                self.damaged(format_args!("the log is not used: {fault}"));
                return None;
            }
        };
        let is_owned = self.is_owned(&place).await;
        is_owned.then(|| Log::new(device, place, self.geometry.order, page_bytes))
    }

    /// Whether the blocks of the log are the log's: the superblock may be wrong, and they be
    /// somebody's file.
    async fn is_owned(&self, place: &Place) -> bool {
        let Location::Within(number) = place.location else { return true };
        let inode = self.raw_inode(number).await;
        let first = FragNo(place.offset_bytes >> self.geometry.frag_shift);
        let is_owner = inode.is_ok_and(|inode| {
            inode.file_type() == Some(FileType::Regular)
                && inode.flags & OWNER_FLAG != 0
                && matches!(inode.area, BlockArea::Pointers(pointers) if pointers.direct[0] == first)
                && inode.size_bytes >= place.size_bytes
        });
        if !is_owner {
            let number = number.0;
            self.damaged(format_args!("the log is not used: inode {number} is not its owner"));
        }
        is_owner
    }

    async fn raw_inode(&self, number: InodeNo) -> Result<Inode> {
        let (frag, offset) = self.geometry.inode_place(number).ok_or(Errno::Io)?;
        let shape = self.geometry.inode_shape();
        let page = self.cache.read(self.page(frag)).await?;
        let bytes = page.get(offset..offset + shape.bytes()).ok_or(Errno::Io)?;
        Ok(shape.parse(bytes))
    }

    /// The counts of all groups, from the groups themselves.
    pub(crate) async fn count_groups(&self) -> Result<Vec<Summary>> {
        let mut summaries = Vec::with_capacity(self.geometry.groups as usize);
        for group in (0..self.geometry.groups).map(CylGroup) {
            let page = self.page(self.geometry.group_block(group));
            let block = self.cache.read(page).await?;
            let header = CylinderGroup::parse(&block, self.geometry.order);
            summaries.push(header.map(|header| header.summary).unwrap_or_default());
        }
        Ok(summaries)
    }

    /// Takes over the files that had no name when the system stopped. They are taken apart with the
    /// first save: whoever mounts does not wait for it.
    pub(crate) async fn doom_listed(&self, unlinked: &[Unlinked]) {
        let Some(writer) = &self.writer else { return };
        for &Unlinked { inode: number, .. } in unlinked {
            match self.raw_inode(number).await {
                // It has a name: it is no longer what the list says.
                Ok(inode) if inode.links > 0 => {
                    writer.unlinked.borrow_mut().remove(&number);
                }
                Ok(inode) => writer.doomed.add_left(number, Owners::of(&inode)),
                Err(errno) => {
                    self.report_stuck(number, errno);
                    writer.doomed.add_stuck(number);
                }
            }
        }
    }
}
