//! Images made by hand, for what `makefs` cannot make: 4.3BSD's format, staggered groups, files
//! of any shape, and damage.

use super::MemoryDisk;
use abi::{InodeNo, Timestamp};
use ffs::layout::{
    BlockArea, ByteOrder, CHUNK_BYTES, CylGroup, CylinderGroup, DirectoryEntry, Field, Format,
    FragNo, GROUP_MAGIC, Geometry, INODE_FORMAT_44, Inode, Kind, MAGIC_UFS1, MAGIC_UFS2, Pointers,
    SUPERBLOCK_BYTES, Superblock, clean, flags, mode, record_bytes_min,
};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What kind of file system to make.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub format: Format,
    pub order: ByteOrder,
    pub block_bytes: u32,
    pub frag_bytes: u32,
    /// UFS1 as 4.3BSD left it: narrow fields, 16-bit owners, directories without types.
    pub is_old: bool,
    /// By how many blocks each group is staggered against the last, up to the eighth.
    pub stagger_blocks: u32,
}

impl Shape {
    pub const fn new(format: Format, order: ByteOrder, block_bytes: u32, frag_bytes: u32) -> Self {
        Self { format, order, block_bytes, frag_bytes, is_old: false, stagger_blocks: 0 }
    }
}

const GROUPS: u32 = 10;
const BLOCKS_PER_GROUP: u32 = 1024;

/// A name of a directory under construction: inode, type and name.
pub type Named = (u32, u8, Vec<u8>);

/// A file system under construction.
pub struct Craft {
    pub disk: Rc<MemoryDisk>,
    pub superblock: Superblock,
    pub geometry: Geometry,
    pub superblock_offset: u64,
    next_frag: u64,
    next_inode: u32,
}

fn superblock(shape: Shape) -> (u64, Superblock) {
    let Shape { block_bytes, frag_bytes, .. } = shape;
    let frags = (block_bytes / frag_bytes) as i32;
    let offset: u32 = if shape.format == Format::Ufs1 { 8192 } else { 65536 };
    let mut fs = Superblock::zeroed();
    fs.superblock_frag = ((offset + 8192).div_ceil(block_bytes)) as i32 * frags;
    fs.group_frag = fs.superblock_frag + 8192_u32.div_ceil(block_bytes) as i32 * frags;
    fs.inode_frag = fs.group_frag + frags;
    fs.inodes_per_group = 4 * block_bytes / shape.format.inode_bytes();
    fs.data_frag = fs.inode_frag + 4 * frags;
    fs.groups = GROUPS;
    fs.frags_per_group = BLOCKS_PER_GROUP as i32 * frags;
    // The last group is a short one.
    let size = i64::from(GROUPS * BLOCKS_PER_GROUP - 300) * i64::from(frags) - i64::from(frags / 2);
    (fs.block_bytes, fs.frag_bytes, fs.frags_per_block) =
        (block_bytes as i32, frag_bytes as i32, frags);
    (fs.superblock_bytes, fs.summary_bytes) = (2048, frag_bytes as i32);
    fs.id = [0x1234_5678, 0x9abc_def0];
    fs.clean = clean::IS_CLEAN;
    fs.reserve_percent = 5;
    let summary_frag = fs.data_frag + fs.old_group_offset_frags;
    (fs.size_frags, fs.data_frags, fs.summary_frag) = (size, size - 100, summary_frag.into());
    (fs.superblock_offset_bytes, fs.file_bytes_max) = (offset.into(), i64::MAX as u64);
    fs.inline_link_bytes_max = 15 * shape.format.pointer_bytes() as i32;
    fs.old_inode_format = INODE_FORMAT_44;
    fs.magic = if shape.format == Format::Ufs1 { MAGIC_UFS1 } else { MAGIC_UFS2 };
    fs.old_flags = flags::FLAGS_UPDATED;
    if shape.stagger_blocks != 0 {
        fs.old_group_offset_frags = shape.stagger_blocks as i32 * frags;
        fs.old_group_mask = !7;
    }
    if shape.is_old {
        make_old(&mut fs);
    }
    (offset.into(), fs)
}

/// Moves everything to the narrow fields, and puts a rotational table, which is to say garbage,
/// in the place of the wide ones.
fn make_old(fs: &mut Superblock) {
    (fs.old_size_frags, fs.old_data_frags) = (fs.size_frags as i32, fs.data_frags as i32);
    (fs.old_summary_frag, fs.old_flags) = (fs.summary_frag as i32, 0);
    (fs.size_frags, fs.data_frags, fs.summary_frag) = (-1, -1, -1);
    (fs.superblock_offset_bytes, fs.total.free_blocks) = (-1, -1);
    (fs.flags, fs.old_inode_format, fs.inline_link_bytes_max) = (u32::MAX, -1, -1);
    fs.old_total.free_blocks = 5;
}

impl Craft {
    pub fn new(shape: Shape) -> Self {
        let (superblock_offset, superblock) = superblock(shape);
        let frags = superblock.size_frags.max(superblock.old_size_frags.into());
        let size_bytes = frags as u64 * u64::from(shape.frag_bytes) + 1000;
        let kind = Kind { format: shape.format, order: shape.order };
        let geometry = Geometry::new(kind, &superblock.widened(superblock_offset), size_bytes);
        let geometry = geometry.expect("a legal superblock");
        let disk = MemoryDisk::new(size_bytes);
        let craft =
            Self { disk, superblock, geometry, superblock_offset, next_frag: 0, next_inode: 3 };
        craft.write_superblock();
        craft.write_groups();
        craft
    }

    pub fn write_superblock(&self) {
        let bytes: [u8; SUPERBLOCK_BYTES] = self.superblock.to_bytes(self.geometry.order);
        self.disk.write(self.superblock_offset, &bytes);
    }

    fn write_groups(&self) {
        let order = self.geometry.order;
        for number in 0..self.geometry.groups {
            let mut header = CylinderGroup::get(&[0; 168], order);
            (header.magic, header.number) = (GROUP_MAGIC, number);
            header.initialized_inodes = self.geometry.inodes_per_group;
            let mut bytes = [0; 168];
            header.put(&mut bytes, order);
            self.disk.write(self.place(self.geometry.group_block(CylGroup(number))), &bytes);
        }
    }

    /// Where a fragment stands on the disk, in bytes.
    pub fn place(&self, frag: FragNo) -> u64 {
        frag.0 << self.geometry.frag_shift
    }

    /// The next free fragments that lie in one block; a full block begins a block.
    pub fn allocate(&mut self, frags: u32) -> FragNo {
        let per_block = u64::from(self.geometry.frags_per_block());
        loop {
            let first = self.next_frag;
            let crosses = first % per_block + u64::from(frags) > per_block;
            if crosses || !self.geometry.is_data(FragNo(first), frags) {
                self.next_frag = (first / per_block + 1) * per_block;
                assert!(self.next_frag < self.geometry.size_frags, "the image is full");
                continue;
            }
            self.next_frag += u64::from(frags);
            return FragNo(first);
        }
    }

    pub fn write_inode(&self, number: u32, inode: &Inode) {
        let place = self.geometry.inode_place(InodeNo(number.into()));
        let (frag, offset) = place.expect("an inode that exists");
        let shape = self.geometry.inode_shape();
        let mut bytes = vec![0; shape.bytes()];
        shape.store(inode, &mut bytes);
        self.disk.write(self.place(frag) + offset as u64, &bytes);
    }

    /// An inode with nothing in it.
    pub fn inode(mode: u16) -> Inode {
        let time = Timestamp { seconds: 1_000_000_000, nanoseconds: 0 };
        Inode {
            mode,
            links: 1,
            generation: 77,
            accessed: time,
            modified: time,
            changed: time,
            sectors: 8,
            ..Inode::free()
        }
    }

    /// Adds an inode and gives its number.
    pub fn add(&mut self, inode: &Inode) -> u32 {
        let number = self.next_inode;
        self.next_inode += 1;
        self.write_inode(number, inode);
        number
    }

    /// Writes blocks, and the pointers to them: what is missing is a hole. The last block of a
    /// small file gets only the fragments it needs.
    pub fn pointers(&mut self, size: u64, blocks: &BTreeMap<u64, Vec<u8>>) -> Pointers {
        let mut tops = [FragNo::HOLE; 15];
        for (&lbn, bytes) in blocks {
            let behind = size.saturating_sub(lbn << self.geometry.block_shift);
            let is_tail = lbn < 12 && behind < self.geometry.block_bytes().into();
            let length = if is_tail { behind as u32 } else { self.geometry.block_bytes() };
            let frag = self.allocate(length.div_ceil(self.geometry.frag_bytes()));
            self.disk.write(self.place(frag), bytes);
            self.point(&mut tops, lbn, frag);
        }
        let (direct, indirect) = tops.split_at(12);
        Pointers { direct: direct.try_into().unwrap(), indirect: indirect.try_into().unwrap() }
    }

    /// Makes a pointer lead to a block: a plain walk down, made of divisions.
    fn point(&mut self, tops: &mut [FragNo; 15], lbn: u64, frag: FragNo) {
        let fanout = u64::from(self.geometry.block_bytes() / self.geometry.format.pointer_bytes());
        if lbn < 12 {
            tops[lbn as usize] = frag;
            return;
        }
        let (mut rest, mut depth) = (lbn - 12, 1);
        while rest >= fanout.pow(depth) {
            rest -= fanout.pow(depth);
            depth += 1;
        }
        let top = &mut tops[11 + depth as usize];
        if top.is_hole() {
            *top = self.allocate(self.geometry.frags_per_block());
        }
        let mut block = *top;
        for level in (0..depth).rev() {
            let slot = rest / fanout.pow(level) % fanout;
            if level == 0 {
                return self.write_pointer(block, slot, frag);
            }
            let mut next = self.read_pointer(block, slot);
            if next.is_hole() {
                next = self.allocate(self.geometry.frags_per_block());
                self.write_pointer(block, slot, next);
            }
            block = next;
        }
    }

    pub fn write_pointer(&self, block: FragNo, slot: u64, pointer: FragNo) {
        let bytes = u64::from(self.geometry.format.pointer_bytes());
        let mut raw = vec![0; bytes as usize];
        self.geometry.inode_shape().set_pointer(&mut raw, 0, pointer);
        self.disk.write(self.place(block) + slot * bytes, &raw);
    }

    fn read_pointer(&self, block: FragNo, slot: u64) -> FragNo {
        let bytes = u64::from(self.geometry.format.pointer_bytes());
        let mut raw = vec![0; bytes as usize];
        self.disk.read(self.place(block) + slot * bytes, &mut raw);
        self.geometry.inode_shape().pointer(&raw, 0)
    }

    /// A regular file or a link of these blocks.
    pub fn file(&mut self, mode: u16, size: u64, blocks: &BTreeMap<u64, Vec<u8>>) -> u32 {
        let area = BlockArea::Pointers(self.pointers(size, blocks));
        self.add(&Inode { size_bytes: size, area, ..Self::inode(mode) })
    }

    /// A file with these contents.
    pub fn contents(&mut self, mode: u16, bytes: &[u8]) -> u32 {
        let blocks = self.blocks(bytes);
        self.file(mode, bytes.len() as u64, &blocks)
    }

    fn blocks(&self, bytes: &[u8]) -> BTreeMap<u64, Vec<u8>> {
        let chunks = bytes.chunks(self.geometry.block_bytes() as usize).map(<[u8]>::to_vec);
        (0..).zip(chunks).collect()
    }

    /// Makes inode `number` a directory.
    pub fn directory(&mut self, number: u32, entries: &[Named]) {
        let bytes = self.directory_bytes(entries);
        self.directory_of(number, &bytes);
    }

    /// Makes inode `number` a directory with these contents, whatever they are.
    pub fn directory_of(&mut self, number: u32, bytes: &[u8]) {
        let blocks = self.blocks(bytes);
        let area = BlockArea::Pointers(self.pointers(bytes.len() as u64, &blocks));
        let directory = Self::inode(mode::DIRECTORY | 0o755);
        self.write_inode(number, &Inode { size_bytes: bytes.len() as u64, area, ..directory });
    }

    pub fn directory_bytes(&self, entries: &[Named]) -> Vec<u8> {
        let mut bytes: Vec<u8> = Vec::new();
        // Where the last record of the chunk begins: it takes the rest of the chunk.
        let mut chunk: Vec<(usize, &Named)> = Vec::new();
        let mut used = 0;
        for entry in entries {
            let needed = record_bytes_min(entry.2.len());
            if used + needed > CHUNK_BYTES {
                self.flush(&mut bytes, &chunk);
                chunk.clear();
                used = 0;
            }
            chunk.push((used, entry));
            used += needed;
        }
        self.flush(&mut bytes, &chunk);
        bytes
    }

    fn flush(&self, bytes: &mut Vec<u8>, chunk: &[(usize, &Named)]) {
        let base = bytes.len();
        bytes.resize(base + CHUNK_BYTES, 0);
        let shape = self.geometry.directory_shape();
        for (index, &(at, (inode, type_code, name))) in chunk.iter().enumerate() {
            let end = chunk.get(index + 1).map_or(CHUNK_BYTES, |&(next, _)| next);
            let record_bytes = end - at;
            let entry = DirectoryEntry { inode: *inode, record_bytes, type_code: *type_code, name };
            entry.emit(&mut bytes[base + at..], shape);
        }
    }

    /// The root directory with these names beside `.` and `..`.
    pub fn root(&mut self, names: &[(u32, u8, &str)]) {
        let mut entries = vec![(2, 4, b".".to_vec()), (2, 4, b"..".to_vec())];
        let named =
            |&(inode, kind, name): &(u32, u8, &str)| (inode, kind, name.as_bytes().to_vec());
        entries.extend(names.iter().map(named));
        self.directory(2, &entries);
    }
}
