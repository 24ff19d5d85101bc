//! The log: put into the image what an unclean file system has committed, and no more.
//!
//! As NetBSD's `vfs_wapbl.c` and `ffs_wapbl.c` replay: of the two headers the newer holds; records
//! are read from the tail to the head; of a sector logged twice the later contents count, and a
//! revocation makes all before it void; the last list of inodes names the files that had no name
//! left, and these are freed (`unlinked`). Counts outside the groups are not logged, so they are
//! derived.

use super::Check;
use super::class::Class;
use super::error::Result;
use super::report::{Phase, Place as Where, Replay};
use super::walk::{Kind, Verdict};
use ffs::layout::log::{Extent, Header, Location, Place, Record, Walk, clear_place};
use ffs::layout::{FieldFault, flags};
use std::collections::{BTreeMap, BTreeSet};

const SECTOR_BYTES: u64 = 512;

/// What the records come to.
#[derive(Default)]
struct Contents {
    /// By sector of the disk, where in the log its newest contents are, from the log's beginning.
    sectors: BTreeMap<u64, u64>,
    unlinked: BTreeSet<u32>,
}

impl Check<'_> {
    /// Finds the log, and replays it if the file system is not clean.
    pub(super) fn check_log(&mut self) -> Result<()> {
        self.notes.phase = Phase::Journal;
        let superblock = self.volume.superblock();
        // FreeBSD keeps other things in these fields.
        let is_foreign =
            superblock.flags & (flags::SOFT_UPDATES | flags::SOFT_UPDATES_JOURNAL) != 0;
        if is_foreign || !self.volume.raw.is_updated() {
            return Ok(());
        }
        let disk_bytes = self.volume.overlay.size_bytes();
        match Place::of(&superblock, &self.volume.geometry, disk_bytes) {
            Ok(None) => Ok(()),
            Err(fault) => {
                self.give_up_log(&fault.to_string());
                Ok(())
            }
            Ok(Some(place)) => self.use_log(&place, superblock.flags),
        }
    }

    /// The superblock names no log from now on; another is made by the next mount.
    pub(super) fn give_up_log(&mut self, what: &str) {
        self.notes.fixed(Class::Log, Where::default(), what, "the log given up");
        clear_place(&mut self.volume.raw);
        self.volume.raw.flags &= !flags::WAPBL;
        self.log = None;
    }

    fn use_log(&mut self, place: &Place, superblock_flags: u32) -> Result<()> {
        self.log = Some(*place);
        if self.volume.is_clean() || superblock_flags & flags::WAPBL == 0 {
            return Ok(());
        }
        let header = match self.newest_header(place)? {
            Ok(header) => header,
            Err(fault) => {
                self.give_up_log(&format!("neither header of the log holds: {fault}"));
                return Ok(());
            }
        };
        let contents = self.read_records(place, &header)?;
        let bytes = self.write_sectors(place, &header, &contents.sectors)?;
        let mut files = 0;
        for &number in &contents.unlinked {
            files += u64::from(self.finish_unlinked(number)?);
        }
        self.replay = Some(Replay { bytes, files });
        (self.volume.totals_are_stale, self.volume.table_is_stale) = (true, true);
        self.empty_log(place, &header)
    }

    fn newest_header(&self, place: &Place) -> Result<std::result::Result<Header, FieldFault>> {
        let mut headers = Vec::new();
        for index in 0..2 {
            let mut block = vec![0; place.block_bytes as usize];
            let offset = place.offset_bytes + index * u64::from(place.block_bytes);
            self.volume.overlay.read(offset, &mut block)?;
            headers.push(Header::parse(&block, place));
        }
        let newest = headers.iter().flatten().max_by_key(|header| header.generation).copied();
        Ok(newest.map_or_else(|| headers.swap_remove(0), Ok))
    }

    fn read_records(&mut self, place: &Place, header: &Header) -> Result<Contents> {
        let mut contents = Contents::default();
        let mut walk = Walk::new(header);
        while let Some(at) = walk.at() {
            self.notes.progress(header.circle.distance(header.tail, at), header.used_bytes);
            let mut block = vec![0; place.block_bytes as usize];
            self.volume.overlay.read(place.offset_bytes + at, &mut block)?;
            match walk.step(&block) {
                Ok(step) => contents.take(&step.record, step.data_at, header),
                Err(fault) => {
                    let what = format!("record at byte {at} of the log: {fault}");
                    let remedy = "replayed up to there";
                    self.notes.fixed(Class::Log, Where::default(), what, remedy);
                    break;
                }
            }
        }
        Ok(contents)
    }

    /// Writes logged sectors to their place; says how many bytes.
    fn write_sectors(
        &mut self,
        place: &Place,
        header: &Header,
        sectors: &BTreeMap<u64, u64>,
    ) -> Result<u64> {
        let mut bytes = [0; SECTOR_BYTES as usize];
        for (&sector, &at) in sectors {
            let offset = sector * SECTOR_BYTES;
            let is_inside = offset
                .checked_add(SECTOR_BYTES)
                .is_some_and(|end| end <= self.volume.overlay.size_bytes());
            if !is_inside || place.overlaps(offset, SECTOR_BYTES) {
                let what = format!("the log has contents for byte {offset} of the disk");
                self.notes.fixed(Class::Log, Where::default(), what, "left out");
                continue;
            }
            debug_assert!(at < header.circle.end_bytes());
            self.volume.overlay.read(place.offset_bytes + at, &mut bytes)?;
            self.volume.overlay.write(offset, &bytes)?;
        }
        Ok(sectors.len() as u64 * SECTOR_BYTES)
    }

    /// Nobody must replay it again.
    fn empty_log(&mut self, place: &Place, header: &Header) -> Result<()> {
        let generation = header.generation.wrapping_add(1);
        let empty = Header { generation, ..Header::empty(place, header.order, header.time) };
        let mut block = vec![0; place.block_bytes as usize];
        empty.emit(&mut block);
        for index in 0..2 {
            let offset = place.offset_bytes + index * u64::from(place.block_bytes);
            self.volume.overlay.write(offset, &block)?;
        }
        Ok(())
    }

    /// The log in the file system must be the blocks of the inode that is said to own it, in a
    /// row.
    pub(super) fn check_log_owner(&mut self) -> Result<()> {
        let Some(place) = self.log else { return Ok(()) };
        let Location::Within(owner) = place.location else { return Ok(()) };
        let number = owner.0 as u32;
        let known = self.census.known(number);
        let is_owner = known.type_code == super::census::REGULAR && self.owns(number, &place)?;
        if is_owner {
            self.census.unnamed.insert(number);
        } else {
            self.notes.phase = Phase::Journal;
            self.give_up_log(&format!("inode {number} does not own the blocks of the log"));
        }
        Ok(())
    }

    fn owns(&mut self, number: u32, place: &Place) -> Result<bool> {
        let mut inode = self.volume.inode(number)?;
        let shift = self.volume.geometry.frag_shift;
        let first = place.offset_bytes >> shift;
        let end = (place.offset_bytes + place.size_bytes).div_ceil(1 << shift);
        let mut covered = 0;
        self.volume.walk(&mut inode, &mut |pointer| {
            if let Kind::Data(_) = pointer.kind {
                let from = pointer.to.0.max(first);
                let to = (pointer.to.0 + u64::from(pointer.frags)).min(end);
                covered += to.saturating_sub(from);
            }
            Verdict::Keep
        })?;
        Ok(covered == end - first)
    }
}

impl Contents {
    fn take(&mut self, record: &Record<'_>, data_at: u64, header: &Header) {
        let sectors = |extent: &Extent| {
            let first = extent.offset_bytes / SECTOR_BYTES;
            first..first + u64::from(extent.length_bytes) / SECTOR_BYTES
        };
        match record {
            Record::Blocks(extents) => {
                let mut at = data_at;
                for sector in extents.iter().flat_map(|extent| sectors(&extent)) {
                    self.sectors.insert(sector, at);
                    at = advance(header, at);
                }
            }
            Record::Revocations(extents) => {
                for range in extents.iter().map(|extent| sectors(&extent)) {
                    let revoked: Vec<u64> = self.sectors.range(range).map(|(&at, _)| at).collect();
                    revoked.iter().for_each(|sector| {
                        self.sectors.remove(sector);
                    });
                }
            }
            Record::Inodes(inodes) => {
                if inodes.is_first {
                    self.unlinked.clear();
                }
                let numbers = inodes.iter().map(|unlinked| unlinked.inode.0 as u32);
                self.unlinked.extend(numbers);
            }
        }
    }
}

/// A sector further on.
fn advance(header: &Header, at: u64) -> u64 {
    let next = at + SECTOR_BYTES;
    if next < header.circle.end_bytes() { next } else { header.circle.start_bytes }
}
