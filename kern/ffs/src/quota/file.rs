//! Entries of a quota file: found, and made for those who have none yet.
//!
//! All of it may be damaged. A list leads only to places of entries within the file, and is followed
//! only so far; what is damaged is done without from then on.

use super::QuotaKind;
use crate::contents::Use;
use crate::layout::{
    Field, Geometry, Inode, Lbn, QUOTA_HEAD_BYTES, QUOTA_MAGIC, QuotaEntry, QuotaHeader, mode,
};
use crate::transaction::{Halt, Step, Transaction};
use abi::{Errno, InodeNo};
use block::PageNo;
use core::fmt;

/// Most bytes of blocks that the entries of one list may lie in, each in another. With `newfs`'s
/// lists of blocks of 8 KiB, that is enough for a quarter of a million owners.
const LIST_BYTES_MAX: u32 = 8 << 20;

/// A quota file with a header that makes sense.
#[derive(Clone, Copy)]
pub(super) struct QuotaFile {
    kind: QuotaKind,
    number: InodeNo,
    inode: Inode,
    /// The first block.
    page: PageNo,
    header: QuotaHeader,
}

/// Where something stands: in a page, at an offset in bytes.
pub(super) type Place = (PageNo, usize);

/// What a search came to.
pub(super) enum Found {
    Entry(Place),
    Nothing,
    /// The file is damaged, and was named.
    Damage,
}

impl QuotaFile {
    fn heads_end(&self) -> usize {
        QuotaHeader::BYTES + (QUOTA_HEAD_BYTES << self.header.hash_shift)
    }

    /// Where the head of an owner's list stands in the first block.
    pub(super) fn head(&self, owner: u32) -> usize {
        let list = owner & ((1 << self.header.hash_shift) - 1);
        QuotaHeader::BYTES + QUOTA_HEAD_BYTES * list as usize
    }

    /// Where the entry stands that new ones are copies of: behind magic and kind.
    pub(super) fn default_entry(&self) -> Place {
        (self.page, 8)
    }

    fn is_sound(&self, geometry: &Geometry) -> bool {
        let (header, block_bytes) = (&self.header, geometry.block_bytes());
        let is_file = self.inode.mode & mode::TYPE == mode::REGULAR;
        let is_ours = header.magic == QUOTA_MAGIC && header.kind == self.kind as u8;
        let sizes = u64::from(block_bytes)..=geometry.file_bytes_max;
        let size = self.inode.size_bytes;
        is_file
            && is_ours
            && header.hash_shift < 16
            && header.hash_size == 1 << header.hash_shift
            && self.heads_end() + QuotaEntry::BYTES <= block_bytes as usize
            && sizes.contains(&size)
            && size.is_multiple_of(block_bytes.into())
    }
}

impl Transaction<'_> {
    /// A quota file; `None` if there is none, or a damaged one.
    pub(super) fn quota_file(&self, kind: QuotaKind) -> Step<Option<QuotaFile>> {
        let Some(number) = self.ffs.quota_inode(kind) else { return Ok(None) };
        if self.writer.placement.borrow().is_without(kind) {
            return Ok(None);
        }
        let inode = match self.inode(number) {
            Ok(inode) => inode,
            Err(halt) => return self.unless_damaged(kind, number, halt),
        };
        let page = match self.quota_page(number, &inode, Lbn(0)) {
            Ok(page) => page,
            Err(halt) => return self.unless_damaged(kind, number, halt),
        };
        let header = QuotaHeader::get(&self.page(page)?, self.ffs.geometry.order);
        let file = QuotaFile { kind, number, inode, page, header };
        if file.is_sound(&self.ffs.geometry) {
            return Ok(Some(file));
        }
        self.do_without(kind, number, format_args!("its header makes no sense"));
        Ok(None)
    }

    fn unless_damaged<T>(&self, kind: QuotaKind, number: InodeNo, halt: Halt) -> Step<Option<T>> {
        let Halt::Errno(errno) = halt else { return Err(halt) };
        self.do_without(kind, number, format_args!("it cannot be read: {errno}"));
        Ok(None)
    }

    /// Names a damaged quota file, the first time, and keeps no such quota any more.
    fn do_without(&self, kind: QuotaKind, number: InodeNo, why: fmt::Arguments<'_>) {
        if self.writer.placement.borrow_mut().do_without(kind) {
            let (kind, number) = (kind.name(), number.0);
            self.ffs.damaged(format_args!(
                "inode {number}, the {kind} quotas: {why}; these quotas are not kept before fsck \
                 has repaired them"
            ));
        }
    }

    /// The page of a full block of a quota file.
    fn quota_page(&self, number: InodeNo, inode: &Inode, lbn: Lbn) -> Step<PageNo> {
        let frag = self.pointer_of(number, inode, lbn)?;
        if frag.is_hole() { Err(Errno::Io.into()) } else { Ok(self.ffs.page(frag)) }
    }

    /// Where an entry stands, given its offset in the file.
    fn entry_place(&self, file: &QuotaFile, offset: u64) -> Step<Place> {
        let geometry = &self.ffs.geometry;
        let (lbn, at) = (offset >> geometry.block_shift, offset as usize & self.block_mask());
        let first = if lbn == 0 { file.heads_end() } else { 0 };
        let fits = at >= first
            && (at - first).is_multiple_of(QuotaEntry::BYTES)
            && at + QuotaEntry::BYTES <= geometry.block_bytes() as usize;
        if offset >= file.inode.size_bytes || !fits {
            return Err(Errno::Io.into());
        }
        let page = match lbn {
            0 => file.page,
            _ => self.quota_page(file.number, &file.inode, Lbn(lbn))?,
        };
        Ok((page, at))
    }

    fn block_mask(&self) -> usize {
        self.ffs.geometry.block_bytes() as usize - 1
    }

    /// The entry of an owner.
    pub(super) fn find_entry(&self, file: &QuotaFile, owner: u32) -> Step<Found> {
        match self.walk(file, owner) {
            Ok(Some(place)) => Ok(Found::Entry(place)),
            Ok(None) => Ok(Found::Nothing),
            Err(Halt::Errno(_)) => {
                let why = format_args!("the list of {owner} is broken, or too long");
                self.do_without(file.kind, file.number, why);
                Ok(Found::Damage)
            }
            Err(halt) => Err(halt),
        }
    }

    /// Follows the list of an owner: no further than there can be entries, and not for ever.
    fn walk(&self, file: &QuotaFile, owner: u32) -> Step<Option<Place>> {
        let order = self.ffs.geometry.order;
        let mut next = u64::get(&self.page(file.page)?[file.head(owner)..], order);
        let entries = file.inode.size_bytes / QuotaEntry::BYTES as u64;
        let entries_max = u64::from(LIST_BYTES_MAX >> self.ffs.geometry.block_shift);
        for _ in 0..entries.min(entries_max) {
            if next == 0 {
                return Ok(None);
            }
            let (page, at) = self.entry_place(file, next)?;
            let entry = QuotaEntry::get(&self.page(page)?[at..], order);
            if entry.owner == owner {
                return Ok(Some((page, at)));
            }
            next = entry.next;
        }
        Err(Errno::Io.into())
    }

    /// An entry for an owner who has none: a copy of the default, from the list of free ones.
    /// `None` if that list is damaged.
    pub(super) fn new_entry(&mut self, mut file: QuotaFile, owner: u32) -> Step<Option<Place>> {
        if file.header.free == 0
            && let Err(halt) = self.lengthen_quota_file(&mut file)
        {
            return Err(self.unless_full(&file, halt));
        }
        let (order, offset) = (self.ffs.geometry.order, file.header.free);
        let (page, at) = match self.entry_place(&file, offset) {
            Ok(place) => place,
            Err(halt) => return self.unless_damaged(file.kind, file.number, halt),
        };
        let free = QuotaEntry::get(&self.page(page)?[at..], order);
        let head = file.head(owner);
        let next = u64::get(&self.page(file.page)?[head..], order);
        let entry = QuotaEntry { owner, next, ..file.header.default };
        entry.put(self.metadata_mut(page, at..at + QuotaEntry::BYTES)?, order);
        offset.put(self.metadata_mut(file.page, head..head + QUOTA_HEAD_BYTES)?, order);
        file.header.free = free.next;
        file.header.put(self.metadata_mut(file.page, 0..QuotaHeader::BYTES)?, order);
        Ok(Some((page, at)))
    }

    /// A quota file that cannot become longer, though there is space, is done without: from the
    /// beginning, since there may be something half-done.
    fn unless_full(&self, file: &QuotaFile, halt: Halt) -> Halt {
        match halt {
            Halt::Errno(Errno::NoSpace) => halt,
            Halt::Errno(errno) => {
                self.do_without(file.kind, file.number, format_args!("it cannot grow: {errno}"));
                Halt::Again
            }
            _ => halt,
        }
    }

    /// Gives a quota file another block of free entries.
    fn lengthen_quota_file(&mut self, file: &mut QuotaFile) -> Step<()> {
        let geometry = &self.ffs.geometry;
        let (order, block_bytes) = (geometry.order, geometry.block_bytes());
        let first = file.inode.size_bytes;
        let lbn = Lbn(first >> geometry.block_shift);
        let block = self.ready_block(file.number, lbn, block_bytes, Use::Metadata)?;
        let (page, _) = self.place(block.frag);
        for index in 0..block_bytes as usize / QuotaEntry::BYTES {
            let at = index * QuotaEntry::BYTES;
            let entry = QuotaEntry { next: file.header.free, ..QuotaEntry::default() };
            entry.put(self.metadata_mut(page, at..at + QuotaEntry::BYTES)?, order);
            file.header.free = first + at as u64;
        }
        let time = self.time;
        file.inode = Inode {
            size_bytes: first + u64::from(block_bytes),
            modified: time,
            changed: time,
            ..self.inode(file.number)?
        };
        self.set_inode(file.number, file.inode)
    }
}
