//! The file system as it stands in the image, changes included: its superblock, inodes and
//! fragments.

use super::error::Result;
use super::overlay::Overlay;
use ffs::layout::{
    CylGroup, DirectoryShape, FragNo, Geometry, Inode, InodeShape, SUPERBLOCK_BYTES, Summary,
    Superblock, TotalSummary, clean, flags,
};

/// SF_SNAPSHOT: the inode holds a snapshot, some of whose pointers are no places.
pub(super) const SNAPSHOT_FLAG: u32 = 0x0020_0000;

/// `fs_flags` of FreeBSD: metadata has check hashes. NetBSD uses the bit for quotas.
const CHECK_HASHES: u32 = 0x200;

/// A file system whose superblock makes sense.
pub(super) struct Volume<'a> {
    pub overlay: Overlay<'a>,
    /// The superblock as on disk.
    pub raw: Superblock,
    /// Where it stands, in bytes.
    pub place: u64,
    pub geometry: Geometry,
    pub inodes: InodeShape,
    pub names: DirectoryShape,
    /// Whether nobody wrote the totals since they changed: then they are no damage.
    pub totals_are_stale: bool,
    /// The same of the table of summaries.
    pub table_is_stale: bool,
}

impl Volume<'_> {
    /// The superblock with every field where new ones have it.
    pub fn superblock(&self) -> Superblock {
        self.raw.widened(self.place)
    }

    /// Whether it was unmounted cleanly, and nobody asks for a check.
    pub fn is_clean(&self) -> bool {
        let superblock = self.superblock();
        superblock.clean & clean::IS_CLEAN != 0
            && superblock.flags & (flags::UNCLEAN | flags::NEEDS_CHECK) == 0
    }

    pub fn has_snapshots(&self) -> bool {
        self.raw.is_updated() && self.raw.snapshot_inodes.iter().any(|&inode| inode != 0)
    }

    pub fn block_frags(&self) -> u32 {
        self.geometry.frags_per_block()
    }

    pub fn block_bytes(&self) -> u64 {
        self.geometry.block_bytes().into()
    }

    fn offset_bytes(&self, frag: FragNo) -> u64 {
        frag.0 << self.geometry.frag_shift
    }

    pub fn read(&self, first: FragNo, bytes: &mut [u8]) -> Result<()> {
        self.overlay.read(self.offset_bytes(first), bytes)
    }

    pub fn read_frags(&self, first: FragNo, count: u32) -> Result<Vec<u8>> {
        let mut bytes = vec![0; (count << self.geometry.frag_shift) as usize];
        self.read(first, &mut bytes)?;
        Ok(bytes)
    }

    pub fn write(&mut self, first: FragNo, bytes: &[u8]) -> Result<()> {
        self.overlay.write(self.offset_bytes(first), bytes)
    }

    /// Whether a block or a piece of one may stand here.
    pub fn is_place(&self, first: FragNo, count: u32) -> bool {
        let before = self.geometry.frag_in_block(first);
        !first.is_hole()
            && before + count <= self.block_frags()
            && self.geometry.is_data(first, count)
    }

    /// How many fragments a file of this size has in this block: 0 behind its end.
    pub fn frags_of(&self, size_bytes: u64, lbn: u64) -> u32 {
        let block = self.block_bytes();
        let blocks = size_bytes.div_ceil(block);
        if lbn >= blocks {
            return 0;
        }
        if lbn + 1 == blocks && lbn < 12 {
            return (size_bytes - lbn * block).div_ceil(self.geometry.frag_bytes().into()) as u32;
        }
        self.block_frags()
    }

    /// Where an inode stands, in bytes.
    fn inode_offset_bytes(&self, number: u32) -> u64 {
        let place = self.geometry.inode_place(abi::InodeNo(number.into()));
        let (frag, inside) = place.expect("inode numbers are checked where they are read");
        self.offset_bytes(frag) + inside as u64
    }

    pub fn inode(&self, number: u32) -> Result<Inode> {
        let mut bytes = vec![0; self.inodes.bytes()];
        self.overlay.read(self.inode_offset_bytes(number), &mut bytes)?;
        Ok(self.inodes.parse(&bytes))
    }

    pub fn store_inode(&mut self, number: u32, inode: &Inode) -> Result<()> {
        let mut bytes = vec![0; self.inodes.bytes()];
        let offset_bytes = self.inode_offset_bytes(number);
        self.overlay.read(offset_bytes, &mut bytes)?;
        self.inodes.store(inode, &mut bytes);
        self.overlay.write(offset_bytes, &bytes)
    }

    /// Zeros an inode, but for its generation: handles of what was there must stay stale.
    pub fn clear_inode(&mut self, number: u32) -> Result<()> {
        let generation = self.inode(number)?.generation;
        let offset_bytes = self.inode_offset_bytes(number);
        self.overlay.write(offset_bytes, &vec![0; self.inodes.bytes()])?;
        self.store_inode(number, &Inode { generation, ..Inode::free() })
    }

    /// Writes zeros over inodes of a group.
    pub fn zero_inodes(&mut self, group: CylGroup, index: u32, count: u32) -> Result<()> {
        let number = group.0 * self.geometry.inodes_per_group + index;
        let offset_bytes = self.inode_offset_bytes(number);
        self.overlay.write(offset_bytes, &vec![0; count as usize * self.inodes.bytes()])
    }

    /// The inodes of a group from `index` on, as many as fit in a block of them.
    pub fn inode_block(&self, group: CylGroup, index: u32) -> Result<Vec<u8>> {
        let number = group.0 * self.geometry.inodes_per_group + index;
        let mut bytes = vec![0; self.block_bytes() as usize];
        self.overlay.read(self.inode_offset_bytes(number), &mut bytes)?;
        Ok(bytes)
    }

    /// Fragments of a group: the last may have fewer.
    pub fn group_frags(&self, group: CylGroup) -> u32 {
        let base = u64::from(group.0) * u64::from(self.geometry.frags_per_group);
        let rest = self.geometry.size_frags - base;
        rest.min(self.geometry.frags_per_group.into()) as u32
    }

    pub fn group_block(&self, group: CylGroup) -> Result<Vec<u8>> {
        self.read_frags(self.geometry.group_block(group), self.block_frags())
    }

    /// Sets the counts of all groups, in whichever fields this superblock has.
    pub fn set_totals(&mut self, total: &TotalSummary) {
        let TotalSummary { directories, free_blocks, free_inodes, free_frags, .. } = *total;
        if self.raw.is_updated() {
            let spare = self.raw.total.spare;
            self.raw.total = TotalSummary { spare, ..*total };
        }
        let old = Summary {
            directories: directories as i32,
            free_blocks: free_blocks as i32,
            free_inodes: free_inodes as i32,
            free_frags: free_frags as i32,
        };
        if self.raw.old_total != Summary::default() || !self.raw.is_updated() {
            self.raw.old_total = old;
        }
    }

    /// The superblock of a file system in which everything is right. A log has been replayed or
    /// given up, and check hashes no longer hold for what was repaired.
    pub fn finished(&self) -> Superblock {
        let mut raw = self.raw;
        raw.clean = clean::IS_CLEAN;
        (raw.modified, raw.read_only) = (0, 0);
        if raw.is_updated() {
            raw.flags &= !(flags::UNCLEAN | flags::NEEDS_CHECK);
            (raw.pending_sectors, raw.pending_inodes) = (0, 0);
            if raw.journal_version != 0 {
                raw.flags &= !flags::WAPBL;
            }
            if raw.check_hashes != 0 {
                (raw.check_hash, raw.check_hashes) = (0, 0);
                raw.flags &= !CHECK_HASHES;
            }
        } else {
            raw.old_flags &= !((flags::UNCLEAN | flags::NEEDS_CHECK) as u8);
        }
        raw
    }

    /// Marks the file system in the image as not clean, if its superblock can be known there: a
    /// repair that is interrupted must not be taken for a sound file system.
    pub fn begin_repair(&mut self) -> Result<()> {
        let mut bytes = [0; SUPERBLOCK_BYTES];
        self.overlay.read(self.place, &mut bytes)?;
        let Some((kind, mut superblock)) = Superblock::parse(&bytes) else { return Ok(()) };
        if superblock.clean == 0 {
            return Ok(());
        }
        superblock.clean = 0;
        self.overlay.write_now(self.place, &superblock.to_bytes(kind.order))
    }

    /// Writes a superblock to the image at once, durably.
    pub fn write_superblock(&mut self, superblock: &Superblock) -> Result<()> {
        let bytes = superblock.to_bytes(self.geometry.order);
        self.overlay.write_now(self.place, &bytes)
    }
}
