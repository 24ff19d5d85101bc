//! Small images with a file of every kind, made by newfs and a few lines of our own. Maps and
//! counts are left as newfs made them: what must stand there fsck is to say.

use abi::{FileSystemId, Timestamp};
use ffs::layout::{
    BlockArea, ByteOrder, CHUNK_BYTES, DIRECT_POINTERS, DirectoryEntry, DirectoryShape,
    ExtendedAttributes, Format, FragNo, INODE_FORMAT_44, Inode, InodeShape, POINTERS, Pointers,
    SUPERBLOCK_BYTES, SUPERBLOCK_OFFSETS, Superblock, mode, record_bytes_min,
};
use ffscheck::Image;
use ffscheck::newfs::{Memory, Options, newfs};
use std::collections::BTreeMap;

pub const SIZE_BYTES: u64 = 2 << 20;
pub const BLOCK_BYTES: usize = 4096;
pub const FRAG_BYTES: usize = 512;
const FRAGS: u64 = 8;

/// The inodes of the sample, in the order in which they are made.
pub mod inode {
    pub const ROOT: u32 = 2;
    pub const SMALL: u32 = 3;
    pub const LARGE: u32 = 4;
    pub const SHORT_LINK: u32 = 5;
    pub const LONG_LINK: u32 = 6;
    pub const DEVICE: u32 = 7;
    pub const FIFO: u32 = 8;
    pub const EMPTY: u32 = 9;
    pub const NAMES: u32 = 10;
    pub const A: u32 = 11;
    pub const B: u32 = 12;
    pub const C: u32 = 13;
    pub const OTHER: u32 = 15;
    /// The first that is free.
    pub const FREE: u32 = 16;
}

/// How many names `/names` has.
pub const NAMES: usize = 60;

pub struct Builder {
    pub image: Memory,
    pub superblock: Superblock,
    pub inodes: InodeShape,
    pub names: DirectoryShape,
    next_frag: u64,
    next_inode: u32,
    /// The entries of each directory.
    folders: BTreeMap<u32, Vec<(String, u32, u8)>>,
}

impl Builder {
    /// UFS1 as 4.3BSD made it: narrow fields only, links never in the inode unless they have no
    /// blocks, names without types.
    pub fn old(byte_order: ByteOrder) -> Self {
        let mut builder = Self::new(Format::Ufs1, byte_order);
        let fs = &mut builder.superblock;
        (fs.old_flags, fs.old_inode_format) = (0, INODE_FORMAT_44 - 1);
        (fs.inline_link_bytes_max, fs.cluster_sizes) = (0, 0);
        let bytes = fs.to_bytes(byte_order);
        let size = fs.frags_per_group as u64;
        let copies =
            (0..fs.groups).map(|group| u64::from(group) * size + fs.superblock_frag as u64);
        let copies: Vec<u64> = copies.map(|frag| frag * FRAG_BYTES as u64).collect();
        for place in copies.into_iter().chain([superblock_place(Format::Ufs1)]) {
            builder.image.write_at(place, &bytes).expect("inside");
        }
        (builder.inodes.old, builder.inodes.inline_link_bytes_max) = (true, 0);
        builder.names.has_types = false;
        builder
    }

    pub fn new(format: Format, byte_order: ByteOrder) -> Self {
        let options = Options {
            format,
            byte_order,
            block_bytes: Some(BLOCK_BYTES as u32),
            fragment_bytes: Some(FRAG_BYTES as u32),
            ..Options::new(SIZE_BYTES)
        };
        let mut image = Memory::default();
        let time = Timestamp { seconds: 1_700_000_000, nanoseconds: 0 };
        newfs(&mut image, &options, FileSystemId(7), time).expect("a file system");
        let mut bytes = [0; SUPERBLOCK_BYTES];
        image.read_at(superblock_place(format), &mut bytes);
        let (_, superblock) = Superblock::parse(&bytes).expect("a superblock");
        let first = superblock.data_frag as u64;
        Self {
            image,
            inodes: InodeShape {
                format,
                order: byte_order,
                old: false,
                inline_link_bytes_max: superblock.inline_link_bytes_max,
            },
            names: DirectoryShape { order: byte_order, has_types: true },
            superblock,
            next_frag: first.next_multiple_of(FRAGS) + 2 * FRAGS,
            next_inode: 3,
            folders: BTreeMap::from([(inode::ROOT, vec![(".".into(), 2, 4), ("..".into(), 2, 4)])]),
        }
    }

    /// One file of every kind.
    pub fn sample(mut self) -> Self {
        let root = inode::ROOT;
        self.small(root, "small", 2);
        self.large(root, "large");
        self.link(root, "short", b"small");
        self.link(root, "long", &b"long/".repeat(40));
        self.node(root, "device", mode::CHARACTER_DEVICE, 0x0102);
        self.node(root, "fifo", mode::FIFO, 0);
        self.node(root, "empty", mode::REGULAR, 0);
        let names = self.folder(root, "names");
        let a = self.folder(root, "a");
        let b = self.folder(a, "b");
        self.folder(b, "c");
        self.small(b, "inside", 1);
        self.small(root, "other", 1);
        for number in 0..NAMES {
            self.enter(names, &format!("{number:0100}"), inode::SMALL);
        }
        self
    }

    fn offset_bytes(&self, frag: u64) -> u64 {
        frag * FRAG_BYTES as u64
    }

    fn block(&mut self, bytes: &[u8]) -> FragNo {
        let frag = self.next_frag;
        self.next_frag += FRAGS;
        let place = self.offset_bytes(frag);
        self.image.write_at(place, bytes).expect("room for a block");
        FragNo(frag)
    }

    fn indirect(&mut self, pointers: &[FragNo]) -> FragNo {
        let mut bytes = vec![0; BLOCK_BYTES];
        for (index, &pointer) in pointers.iter().enumerate() {
            self.inodes.set_pointer(&mut bytes, index, pointer);
        }
        self.block(&bytes)
    }

    fn store(&mut self, number: u32, inode: &Inode) {
        let mut bytes = vec![0; self.inodes.bytes()];
        self.inodes.store(inode, &mut bytes);
        let start = self.offset_bytes(self.superblock.inode_frag as u64);
        let place = start + u64::from(number) * self.inodes.bytes() as u64;
        self.image.write_at(place, &bytes).expect("an inode block");
    }

    fn enter(&mut self, folder: u32, name: &str, number: u32) {
        let kind = match number {
            inode::SMALL => 8,
            other => panic!("what is inode {other}?"),
        };
        self.folders.get_mut(&folder).expect("a folder").push((name.into(), number, kind));
    }

    fn file(&mut self, folder: u32, name: &str, inode: Inode) -> u32 {
        let number = self.next_inode;
        self.next_inode += 1;
        let kind = (inode.mode >> 12) as u8;
        self.store(number, &Inode { mode: inode.mode | 0o644, generation: number, ..inode });
        self.folders.get_mut(&folder).expect("a folder").push((name.into(), number, kind));
        number
    }

    /// Two blocks and two fragments of data; in UFS2 with extended attributes.
    fn small(&mut self, folder: u32, name: &str, fill: u8) {
        let mut pointers = Pointers::default();
        for direct in &mut pointers.direct[..3] {
            *direct = self.block(&[fill; BLOCK_BYTES]);
        }
        let mut inode = Inode {
            mode: mode::REGULAR,
            links: if name == "small" { 1 + NAMES as u16 } else { 1 },
            size_bytes: 2 * BLOCK_BYTES as u64 + 1000,
            sectors: 18,
            area: BlockArea::Pointers(pointers),
            ..Inode::free()
        };
        if self.inodes.format == Format::Ufs2 {
            let blocks = [self.block(&[9; BLOCK_BYTES]), FragNo::HOLE];
            inode.extended = ExtendedAttributes { size_bytes: 600, blocks };
            inode.sectors += 2;
        }
        self.file(folder, name, inode);
    }

    /// Mostly holes, with blocks at each level of indirection.
    fn large(&mut self, folder: u32, name: &str) {
        let data: Vec<FragNo> = (0..4).map(|fill| self.block(&[fill; BLOCK_BYTES])).collect();
        let mut pointers = Pointers::default();
        pointers.direct[0] = data[0];
        let single = self.indirect(&[FragNo::HOLE, data[1]]);
        let below = self.indirect(&[data[2]]);
        let double = self.indirect(&[FragNo::HOLE, FragNo::HOLE, below]);
        let lowest = self.indirect(&[FragNo::HOLE, data[3]]);
        let middle = self.indirect(&[lowest]);
        let triple = self.indirect(&[middle]);
        pointers.indirect = [single, double, triple];
        let per_block = (BLOCK_BYTES / self.inodes.format.pointer_bytes() as usize) as u64;
        let blocks = DIRECT_POINTERS as u64 + per_block + per_block.pow(2) + 2;
        let inode = Inode {
            mode: mode::REGULAR,
            links: 1,
            size_bytes: blocks * BLOCK_BYTES as u64,
            sectors: 10 * 8,
            area: BlockArea::Pointers(pointers),
            ..Inode::free()
        };
        self.file(folder, name, inode);
    }

    fn link(&mut self, folder: u32, name: &str, target: &[u8]) {
        let limit = self.inodes.inline_link_bytes_max as usize;
        let (area, sectors) = if target.len() < limit {
            let mut text = [0; POINTERS * 8];
            text[..target.len()].copy_from_slice(target);
            (BlockArea::Text(text), 0)
        } else {
            let mut pointers = Pointers::default();
            pointers.direct[0] = self.block(target);
            (BlockArea::Pointers(pointers), 1)
        };
        let size_bytes = target.len() as u64;
        let inode = Inode {
            mode: mode::SYMBOLIC_LINK,
            links: 1,
            size_bytes,
            sectors,
            area,
            ..Inode::free()
        };
        self.file(folder, name, inode);
    }

    fn node(&mut self, folder: u32, name: &str, kind: u16, number: u64) {
        let mut pointers = Pointers::default();
        pointers.direct[0] = FragNo(number);
        let area = BlockArea::Pointers(pointers);
        self.file(folder, name, Inode { mode: kind, links: 1, area, ..Inode::free() });
    }

    fn folder(&mut self, parent: u32, name: &str) -> u32 {
        let number = self.file(parent, name, Inode { mode: mode::DIRECTORY, ..Inode::free() });
        let dots = vec![(".".into(), number, 4), ("..".into(), parent, 4)];
        self.folders.insert(number, dots);
        number
    }

    /// Writes the directories.
    pub fn finish(mut self) -> Memory {
        for (number, entries) in std::mem::take(&mut self.folders) {
            let links = entries.iter().filter(|(name, _, kind)| *kind == 4 && name != "..").count();
            let bytes = self.chunks(&entries);
            let mut pointers = Pointers::default();
            for (direct, block) in pointers.direct.iter_mut().zip(bytes.chunks(BLOCK_BYTES)) {
                *direct = self.block(block);
            }
            let inode = Inode {
                mode: mode::DIRECTORY | 0o755,
                links: links as u16 + 1,
                size_bytes: bytes.len() as u64,
                sectors: (bytes.len() / 512) as u64,
                generation: number,
                area: BlockArea::Pointers(pointers),
                ..Inode::free()
            };
            self.store(number, &inode);
        }
        self.image
    }

    /// Records that fill whole chunks.
    fn chunks(&self, entries: &[(String, u32, u8)]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut entries = entries.iter().peekable();
        while entries.peek().is_some() {
            let mut chunk = [0; CHUNK_BYTES];
            let mut at = 0;
            while let Some((name, inode, kind)) = entries.next() {
                let own = record_bytes_min(name.len());
                let next = entries.peek().map(|(name, ..)| record_bytes_min(name.len()));
                let is_last = next.is_none_or(|next| at + own + next > CHUNK_BYTES);
                let record_bytes = if is_last { CHUNK_BYTES - at } else { own };
                DirectoryEntry {
                    inode: *inode,
                    record_bytes,
                    type_code: *kind,
                    name: name.as_bytes(),
                }
                .emit(&mut chunk[at..], self.names);
                at += record_bytes;
                if is_last {
                    break;
                }
            }
            out.extend(chunk);
        }
        out
    }
}

pub fn superblock_place(format: Format) -> u64 {
    match format {
        Format::Ufs1 => SUPERBLOCK_OFFSETS[1],
        Format::Ufs2 => SUPERBLOCK_OFFSETS[0],
    }
}
