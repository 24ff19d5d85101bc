//! Small valid images with one file of every kind, made by newfs and a few lines of our own.

use abi::{FileSystemId, FileType, Timestamp};
use ffs::layout::{
    BlockArea, ByteOrder, CHUNK_BYTES, DIRECT_POINTERS, DirectoryEntry, DirectoryShape, Format,
    FragNo, INODE_FORMAT_44, Inode, InodeShape, POINTERS, Pointers, SUPERBLOCK_BYTES,
    SUPERBLOCK_OFFSETS, Superblock, mode, record_bytes_min, type_code,
};
use ffscheck::Image;
use ffscheck::newfs::{Memory, Options, newfs};
use std::sync::OnceLock;

const SIZE_BYTES: u64 = 384 << 10;
const BLOCK_BYTES: usize = 4096;
const FRAGS_PER_BLOCK: u64 = 8;
const FIRST_INODE: u32 = 3;
/// Names of the directory that is large enough to be indexed: few and long, to be quick.
const NAMES: usize = 40;

/// An image, and the places whose change matters: where they start, and their lengths.
pub(super) struct Base {
    pub(super) image: Memory,
    pub(super) places: Vec<(u64, u64)>,
}

/// One for each format and byte order, UFS1 as of 4.3BSD among them.
pub(super) fn bases() -> &'static [Base] {
    static BASES: OnceLock<Vec<Base>> = OnceLock::new();
    BASES.get_or_init(|| {
        let formats = [(Format::Ufs1, false), (Format::Ufs2, false), (Format::Ufs1, true)];
        let orders = [ByteOrder::Little, ByteOrder::Big];
        let kinds = formats.into_iter().flat_map(|format| orders.map(|order| (format, order)));
        kinds.map(|((format, old), order)| Builder::new(format, old, order).build()).collect()
    })
}

struct Builder {
    base: Base,
    superblock: Superblock,
    inodes: InodeShape,
    names: DirectoryShape,
    /// The next block that nobody uses, in fragments. The maps are left alone: who only reads
    /// does not ask them.
    next_frag: u64,
    /// What the root directory will hold.
    root: Vec<(String, u32, FileType)>,
}

impl Builder {
    fn new(format: Format, old: bool, order: ByteOrder) -> Self {
        let options = Options { format, byte_order: order, ..Options::new(SIZE_BYTES) };
        let mut image = Memory::default();
        let time = Timestamp { seconds: 1_700_000_000, nanoseconds: 0 };
        newfs(&mut image, &options, FileSystemId(7), time).expect("a file system");
        let place = match format {
            Format::Ufs1 => SUPERBLOCK_OFFSETS[1],
            Format::Ufs2 => SUPERBLOCK_OFFSETS[0],
        };
        let mut bytes = [0; SUPERBLOCK_BYTES];
        image.read_at(place, &mut bytes);
        let (_, mut superblock) = Superblock::parse(&bytes).expect("a superblock");
        if old {
            // 4.3BSD: narrow fields only, links never in the inode, names without types.
            (superblock.old_flags, superblock.old_inode_format) = (0, INODE_FORMAT_44 - 1);
            superblock.inline_link_bytes_max = 0;
            image.write_at(place, &superblock.to_bytes(order)).expect("its own place");
        }
        let first_data = superblock.data_frag as u64;
        Self {
            base: Base { image, places: vec![(place, SUPERBLOCK_BYTES as u64)] },
            inodes: InodeShape {
                format,
                order,
                old,
                inline_link_bytes_max: superblock.inline_link_bytes_max,
            },
            names: DirectoryShape { order, has_types: !old },
            superblock,
            next_frag: first_data.next_multiple_of(FRAGS_PER_BLOCK) + 2 * FRAGS_PER_BLOCK,
            root: Vec::new(),
        }
    }

    fn build(mut self) -> Base {
        self.small_file();
        self.large_file();
        self.links();
        self.directory();
        self.nodes();
        self.finish_root();
        let inodes = self.inode_place(0);
        let count = u64::from(FIRST_INODE) + self.root.len() as u64;
        self.base.places.push((inodes, count * self.inodes.bytes() as u64));
        self.base
    }

    fn offset_bytes(&self, frag: u64) -> u64 {
        frag * self.superblock.frag_bytes as u64
    }

    fn inode_place(&self, number: u32) -> u64 {
        let start = self.offset_bytes(self.superblock.inode_frag as u64);
        start + u64::from(number) * self.inodes.bytes() as u64
    }

    /// Puts a block on the disk.
    fn block(&mut self, bytes: &[u8]) -> FragNo {
        let frag = self.next_frag;
        self.next_frag += FRAGS_PER_BLOCK;
        self.base.image.write_at(self.offset_bytes(frag), bytes).expect("room for a block");
        FragNo(frag)
    }

    /// The same, and its change matters.
    fn metadata(&mut self, bytes: &[u8]) -> FragNo {
        let frag = self.block(bytes);
        self.base.places.push((self.offset_bytes(frag.0), bytes.len() as u64));
        frag
    }

    fn indirect(&mut self, pointers: &[FragNo]) -> FragNo {
        let mut bytes = vec![0; BLOCK_BYTES];
        for (index, &pointer) in pointers.iter().enumerate() {
            self.inodes.set_pointer(&mut bytes, index, pointer);
        }
        self.metadata(&bytes)
    }

    fn file(&mut self, name: &str, file_type: FileType, mode: u16, size: u64, area: BlockArea) {
        let number = FIRST_INODE + self.root.len() as u32;
        let sectors = match area {
            BlockArea::Pointers(_) => size.div_ceil(512),
            BlockArea::Text(_) => 0,
        };
        let (mode, links) = (mode | 0o644, 1);
        let inode = Inode { mode, links, size_bytes: size, sectors, area, ..Inode::free() };
        let mut bytes = vec![0; self.inodes.bytes()];
        self.inodes.store(&inode, &mut bytes);
        let place = self.inode_place(number);
        self.base.image.write_at(place, &bytes).expect("an inode block");
        self.root.push((name.to_owned(), number, file_type));
    }

    /// Two blocks and a piece of one.
    fn small_file(&mut self) {
        let mut pointers = Pointers::default();
        for direct in &mut pointers.direct[..3] {
            *direct = self.block(&[b's'; BLOCK_BYTES]);
        }
        let area = BlockArea::Pointers(pointers);
        self.file("small", FileType::Regular, mode::REGULAR, 9000, area);
    }

    /// Mostly holes, with something at the end of each level of indirection.
    fn large_file(&mut self) {
        let data = self.block(&[b'l'; BLOCK_BYTES]);
        let mut pointers = Pointers::default();
        pointers.direct[0] = data;
        let single = self.indirect(&[FragNo::HOLE, data]);
        let double = self.indirect(&[single, FragNo::HOLE, single]);
        let triple = self.indirect(&[double]);
        pointers.indirect = [single, double, triple];
        let per_block = (BLOCK_BYTES / self.inodes.format.pointer_bytes() as usize) as u64;
        let blocks = DIRECT_POINTERS as u64 + per_block + per_block.pow(2) + per_block + 2;
        let area = BlockArea::Pointers(pointers);
        let size = blocks * BLOCK_BYTES as u64;
        self.file("large", FileType::Regular, mode::REGULAR, size, area);
    }

    fn links(&mut self) {
        let mut text = [0; POINTERS * 8];
        text[..5].copy_from_slice(b"small");
        let (kind, bits) = (FileType::SymbolicLink, mode::SYMBOLIC_LINK);
        self.file("short", kind, bits, 5, BlockArea::Text(text));
        let mut pointers = Pointers::default();
        pointers.direct[0] = self.metadata(&[b't'; 512]);
        self.file("long", kind, bits, 300, BlockArea::Pointers(pointers));
    }

    /// Many names of one file, over two blocks.
    fn directory(&mut self) {
        let number = FIRST_INODE + self.root.len() as u32;
        let kind = FileType::Directory;
        let mut names = vec![(".".to_owned(), number, kind), ("..".to_owned(), 2, kind)];
        let many = (0..NAMES).map(|name| (format!("{name:0200}"), FIRST_INODE, FileType::Regular));
        names.extend(many);
        let chunks = self.chunks(&names);
        let mut pointers = Pointers::default();
        for (direct, block) in pointers.direct.iter_mut().zip(chunks.chunks(BLOCK_BYTES)) {
            *direct = self.metadata(block);
        }
        let area = BlockArea::Pointers(pointers);
        self.file("names", kind, mode::DIRECTORY, chunks.len() as u64, area);
    }

    /// Records that fill whole chunks.
    fn chunks(&self, names: &[(String, u32, FileType)]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut names = names.iter().peekable();
        while names.peek().is_some() {
            let mut chunk = [0; CHUNK_BYTES];
            let mut at = 0;
            while let Some((name, inode, kind)) = names.next() {
                let next_bytes = names.peek().map(|(name, ..)| record_bytes_min(name.len()));
                let own_bytes = record_bytes_min(name.len());
                let is_last = next_bytes.is_none_or(|next| at + own_bytes + next > CHUNK_BYTES);
                let record_bytes = if is_last { CHUNK_BYTES - at } else { own_bytes };
                let (type_code, name) = (type_code(*kind), name.as_bytes());
                DirectoryEntry { inode: *inode, record_bytes, type_code, name }
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

    fn nodes(&mut self) {
        let mut pointers = Pointers::default();
        pointers.direct[0] = FragNo(0x0102);
        let area = BlockArea::Pointers(pointers);
        self.file("device", FileType::CharacterDevice, mode::CHARACTER_DEVICE, 0, area);
        let area = BlockArea::Pointers(Pointers::default());
        self.file("fifo", FileType::Fifo, mode::FIFO, 0, area);
    }

    /// The root's own block is in use already: its only chunk is written again.
    fn finish_root(&mut self) {
        let kind = FileType::Directory;
        let mut names = vec![(".".to_owned(), 2, kind), ("..".to_owned(), 2, kind)];
        names.extend(self.root.iter().cloned());
        let chunk = self.chunks(&names);
        assert_eq!(chunk.len(), CHUNK_BYTES);
        let mut bytes = vec![0; self.inodes.bytes()];
        self.base.image.read_at(self.inode_place(2), &mut bytes);
        let root = self.inodes.parse(&bytes);
        let BlockArea::Pointers(pointers) = root.area else { panic!("the root has blocks") };
        let place = self.offset_bytes(pointers.direct[0].0);
        self.base.image.write_at(place, &chunk).expect("the root's chunk");
        self.base.places.push((place, CHUNK_BYTES as u64));
    }
}
