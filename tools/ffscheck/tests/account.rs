//! Every fragment of a new file system is accounted for exactly once, and every count follows
//! from the maps, whatever the options.

use abi::{FileSystemId, Timestamp};
use ffs::layout::{
    BlockArea, ByteOrder, CylinderGroup, Field, Format, Inode, InodeShape, SUPERBLOCK_BYTES,
    Summary, Superblock, TotalSummary, flags,
};
use ffscheck::newfs::{Made, Memory, Options, Quotas, newfs};
use proptest::prelude::*;

const ID: FileSystemId = FileSystemId(0x0123_4567_89ab_cdef);
const TIME: Timestamp = Timestamp { seconds: 1_700_000_000, nanoseconds: 5 };

struct Image {
    memory: Memory,
    order: ByteOrder,
    superblock: Superblock,
    made: Made,
    /// Fragments of the log and its indirect blocks.
    log: Vec<(u64, u64)>,
}

impl Image {
    fn new(options: &Options) -> Option<Self> {
        let mut memory = Memory::default();
        let made = newfs(&mut memory, options, ID, TIME).ok()?;
        let offset = match options.format {
            Format::Ufs1 => 8192,
            Format::Ufs2 => 65536,
        };
        let mut bytes = [0; SUPERBLOCK_BYTES];
        memory.read_at(offset, &mut bytes);
        let (kind, superblock) = Superblock::parse(&bytes).expect("a superblock");
        assert_eq!((kind.format, kind.order), (options.format, options.byte_order));
        let mut image = Self { memory, order: kind.order, superblock, made, log: Vec::new() };
        image.log = image.log_blocks();
        Some(image)
    }

    /// Follows the pointers of the log's owner, and checks that they lead to what the superblock
    /// says.
    fn log_blocks(&self) -> Vec<(u64, u64)> {
        let superblock = &self.superblock;
        if superblock.journal_version == 0 {
            assert_eq!((self.made.log_bytes, superblock.journal_places), (0, [0; 4]));
            return Vec::new();
        }
        let inode = self.log_owner();
        let BlockArea::Pointers(pointers) = inode.area else { panic!("no pointers") };
        let size = superblock.block_bytes as u64;
        let mut data: Vec<u64> = pointers.direct.iter().map(|frag| frag.0).collect();
        let mut indirect = Vec::new();
        for (level, pointer) in pointers.indirect.iter().enumerate() {
            self.follow(pointer.0, level as u32, &mut data, &mut indirect);
        }
        data.retain(|&frag| frag != 0);
        assert_eq!(inode.size_bytes, data.len() as u64 * size);
        assert_eq!(inode.sectors, (data.len() + indirect.len()) as u64 * size / 512);
        let frags = superblock.frags_per_block as u64;
        assert!(data.windows(2).all(|pair| pair[0] + frags == pair[1]), "a contiguous log");
        let first = data[0] * self.frag_bytes() / 512;
        assert_eq!(superblock.journal_places, [first, inode.size_bytes / 512, 512, 3]);
        assert_eq!((superblock.journal_location, self.made.log_bytes), (2, inode.size_bytes));
        data.iter().chain(&indirect).map(|&frag| (frag, frag + frags)).collect()
    }

    fn log_owner(&self) -> Inode {
        let shape = InodeShape {
            format: self.made.format,
            order: self.order,
            old: false,
            inline_link_bytes_max: 0,
        };
        let inodes = self.read(self.superblock.inode_frag as u64, 4 * shape.bytes());
        let inode = shape.parse(&inodes[3 * shape.bytes()..]);
        assert_eq!((inode.mode, inode.links, inode.flags), (0o100_000, 1, 0x0040_0000));
        inode
    }

    fn follow(&self, frag: u64, level: u32, data: &mut Vec<u64>, indirect: &mut Vec<u64>) {
        if frag == 0 {
            return;
        }
        indirect.push(frag);
        let block = self.read(frag, self.superblock.block_bytes as usize);
        let pointers: Vec<u64> = match self.made.format {
            Format::Ufs1 => {
                block.chunks(4).map(|bytes| u32::get(bytes, self.order).into()).collect()
            }
            Format::Ufs2 => block.chunks(8).map(|bytes| u64::get(bytes, self.order)).collect(),
        };
        for pointer in pointers {
            match level {
                0 => data.push(pointer),
                _ => self.follow(pointer, level - 1, data, indirect),
            }
        }
    }

    fn read(&self, frag: u64, bytes: usize) -> Vec<u8> {
        let mut buffer = vec![0; bytes];
        self.memory.read_at(frag * self.superblock.frag_bytes as u64, &mut buffer);
        buffer
    }

    fn check(&self) {
        assert!(self.superblock.size_frags as u64 * self.frag_bytes() <= self.memory.size_bytes());
        let mut total = TotalSummary::default();
        for group in 0..self.superblock.groups {
            let summary = Group::new(self, group).check(self);
            assert_eq!(summary, self.summary(group), "summary table, group {group}");
            total.directories += i64::from(summary.directories);
            total.free_blocks += i64::from(summary.free_blocks);
            total.free_inodes += i64::from(summary.free_inodes);
            total.free_frags += i64::from(summary.free_frags);
        }
        assert_eq!(total, self.superblock.total);
        let free = total.free_blocks * i64::from(self.superblock.frags_per_block);
        let free = free + total.free_frags;
        assert_eq!(free as u64 * self.frag_bytes(), self.made.free_bytes);
        let quotas = self.quota_frags();
        let log_frags = self.log.iter().map(|&(from, to)| to - from).sum::<u64>();
        let owned = log_frags + quotas.end - quotas.start;
        assert_eq!(
            free + 1 + owned as i64,
            self.superblock.data_frags,
            "all data is free but the root's fragment, the log's blocks and the quota files"
        );
    }

    fn frag_bytes(&self) -> u64 {
        self.superblock.frag_bytes as u64
    }

    fn summary(&self, group: u32) -> Summary {
        let table =
            self.read(self.superblock.summary_frag as u64, self.superblock.summary_bytes as usize);
        Summary::get(&table[group as usize * Summary::BYTES..], self.order)
    }

    /// The fragments of the quota files: a block each, and each is named by an inode.
    fn quota_frags(&self) -> std::ops::Range<u64> {
        let superblock = &self.superblock;
        let files = u64::from(superblock.quota_flags.count_ones());
        let named = superblock.quota_inodes.iter().filter(|inode| **inode != 0).count() as u64;
        assert_eq!((files, files > 0), (named, superblock.flags & flags::QUOTAS != 0));
        let block = superblock.frags_per_block as u64;
        let behind_summaries = superblock.summary_frag as u64 + self.summary_frags();
        let start = behind_summaries.next_multiple_of(block) + block;
        start..start + files * block
    }

    fn summary_frags(&self) -> u64 {
        self.superblock.summary_bytes as u64 / self.frag_bytes()
    }
}

struct Group {
    number: u32,
    start: u64,
    header: CylinderGroup,
    block: Vec<u8>,
}

impl Group {
    fn new(image: &Image, number: u32) -> Self {
        let superblock = &image.superblock;
        let start = u64::from(number) * superblock.frags_per_group as u64;
        let copy = image.read(start + superblock.superblock_frag as u64, SUPERBLOCK_BYTES);
        assert_eq!(copy, superblock.to_bytes(image.order), "superblock copy, group {number}");
        let block =
            image.read(start + superblock.group_frag as u64, superblock.group_bytes as usize);
        let header = CylinderGroup::parse(&block, image.order).expect("a group");
        assert_eq!(header.number, number);
        Self { number, start, header, block }
    }

    fn bit(&self, map: u32, bit: u32) -> bool {
        self.block[(map + bit / 8) as usize] & (1 << (bit % 8)) != 0
    }

    fn check(&self, image: &Image) -> Summary {
        let superblock = &image.superblock;
        assert!(superblock.group_bytes <= superblock.block_bytes);
        assert!(self.header.end <= superblock.group_bytes as u32);
        let rest = superblock.size_frags as u64 - self.start;
        assert_eq!(u64::from(self.header.frags), rest.min(superblock.frags_per_group as u64));
        self.check_frags(image);
        self.check_inodes(image);
        self.check_counts(image);
        self.header.summary
    }

    /// Claims every fragment for its owner: exactly one claim, or free.
    fn check_frags(&self, image: &Image) {
        let mut claims = vec![0_u8; self.header.frags as usize];
        for (from, to) in self.owners(image) {
            claims[from as usize..to as usize].iter_mut().for_each(|claims| *claims += 1);
        }
        for (frag, claims) in claims.iter().enumerate() {
            let free = self.bit(self.header.frag_map, frag as u32);
            assert_eq!(claims + u8::from(free), 1, "group {}, fragment {frag}", self.number);
        }
        for frag in self.header.frags..image.superblock.frags_per_group as u32 {
            assert!(!self.bit(self.header.frag_map, frag), "free beyond the end");
        }
    }

    fn owners(&self, image: &Image) -> Vec<(u64, u64)> {
        let superblock = &image.superblock;
        let block = superblock.frags_per_block as u64;
        let inode_bytes = superblock.block_bytes as u64 / u64::from(superblock.inodes_per_block);
        let inodes = u64::from(superblock.inodes_per_group) * inode_bytes / image.frag_bytes();
        let area = 8192_u64.div_ceil(superblock.block_bytes as u64) * block;
        let places = [
            (superblock.superblock_frag as u64, area),
            (superblock.group_frag as u64, block),
            (superblock.inode_frag as u64, inodes),
        ];
        let mut owners: Vec<_> = places.map(|(from, frags)| (from, from + frags)).into();
        if self.number == 0 {
            let summaries = superblock.summary_frag as u64;
            let root = self.root_frag(image);
            owners.push((0, superblock.superblock_frag as u64));
            owners.push((summaries, summaries + image.summary_frags()));
            owners.push((root, root + 1));
            let quotas = image.quota_frags();
            owners.push((quotas.start, quotas.end));
        }
        let mine = self.start..self.start + u64::from(self.header.frags);
        let log = image.log.iter().filter(|(from, _)| mine.contains(from));
        owners.extend(log.map(|(from, to)| (from - self.start, to - self.start)));
        owners
    }

    fn root_frag(&self, image: &Image) -> u64 {
        let (inode_bytes, pointer_at) =
            if image.made.format == Format::Ufs1 { (128, 40) } else { (256, 112) };
        let inodes = image.read(image.superblock.inode_frag as u64, 3 * inode_bytes);
        let root = &inodes[2 * inode_bytes..];
        assert_eq!(u16::get(root, image.order), 0o040_755);
        assert_eq!(u16::get(&root[2..], image.order), 2);
        match image.made.format {
            Format::Ufs1 => u32::get(&root[pointer_at..], image.order).into(),
            Format::Ufs2 => u64::get(&root[pointer_at..], image.order),
        }
    }

    fn check_inodes(&self, image: &Image) {
        let quota_files = image.superblock.quota_flags.count_ones();
        let in_use = if image.log.is_empty() { 3 } else { 4 } + quota_files;
        let reserved = if self.number == 0 { in_use } else { 0 };
        for inode in 0..image.superblock.inodes_per_group {
            assert_eq!(self.bit(self.header.inode_map, inode), inode < reserved);
        }
        let free = image.superblock.inodes_per_group - reserved;
        assert_eq!(self.header.summary.free_inodes, free as i32);
    }

    fn check_counts(&self, image: &Image) {
        let size = image.superblock.frags_per_block as u32;
        let blocks = self.header.frags / size;
        let (mut free_blocks, mut free_frags) = (0, 0);
        let mut clusters = vec![0; image.superblock.cluster_sizes as usize + 1];
        let mut run = 0_usize;
        for block in 0..self.header.frags.div_ceil(size) {
            let frags = (block * size)..((block + 1) * size).min(self.header.frags);
            let free = frags.filter(|&frag| self.bit(self.header.frag_map, frag)).count() as i32;
            let whole = free == size as i32;
            if block < blocks {
                assert_eq!(self.bit(self.header.cluster_map, block), whole);
            }
            if whole {
                free_blocks += 1;
                run += 1;
            } else {
                free_frags += free;
                clusters[std::mem::take(&mut run).min(image.superblock.cluster_sizes as usize)] +=
                    1;
            }
        }
        clusters[run.min(image.superblock.cluster_sizes as usize)] += 1;
        let summary = self.header.summary;
        assert_eq!((summary.free_blocks, summary.free_frags), (free_blocks, free_frags));
        let runs = self.header.free_runs.iter().zip(0..).map(|(count, length)| count * length);
        assert_eq!(runs.sum::<u32>() as i32, free_frags);
        for (length, count) in clusters.iter().enumerate().skip(1) {
            let at = self.header.cluster_counts as usize + 4 * length;
            assert_eq!(u32::get(&self.block[at..], image.order), *count, "clusters of {length}");
        }
    }
}

fn options() -> impl Strategy<Value = Options> {
    let sizes = prop_oneof![300_000_u64..4_000_000, 1_000_000_u64..200_000_000];
    let block = proptest::option::of(12_u32..=16);
    let log = prop_oneof![Just(Some(0)), Just(None), (1_u64 << 20..4 << 20).prop_map(Some)];
    let density = proptest::option::of(1_u32..100_000);
    let quotas = (any::<bool>(), any::<bool>()).prop_map(|(user, group)| Quotas { user, group });
    (sizes, any::<bool>(), any::<bool>(), block, 0_u32..=3, density, log, quotas).prop_map(
        |(size_bytes, old, big, block, frag, density, log_bytes, quotas)| Options {
            log_bytes,
            quotas,
            format: if old { Format::Ufs1 } else { Format::Ufs2 },
            byte_order: if big { ByteOrder::Big } else { ByteOrder::Little },
            block_bytes: block.map(|shift| 1 << shift),
            fragment_bytes: block.map(|shift| 1 << (shift - frag)),
            bytes_per_inode: density,
            ..Options::new(size_bytes)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_fragment_has_one_owner(options in options()) {
        match Image::new(&options) {
            Some(image) => image.check(),
            // A log must lie in one group, of which there are many where inodes are dense.
            None => prop_assert!(
                options.size_bytes < 2_000_000 || options.log_bytes.is_some_and(|bytes| bytes > 0),
                "refused"
            ),
        }
    }
}

#[test]
fn usual_sizes_are_accounted_for() {
    for (format, size_bytes) in [
        (Format::Ufs1, 1 << 20),
        (Format::Ufs2, 1 << 20),
        (Format::Ufs1, (64 << 20) + 77),
        (Format::Ufs2, 5 << 30),
    ] {
        let options = Options { format, ..Options::new(size_bytes) };
        Image::new(&options).expect("an image").check();
    }
}

#[test]
fn a_log_is_as_large_as_netbsd_would_make_it() {
    for format in [Format::Ufs1, Format::Ufs2] {
        let log_bytes = |size_bytes, log_bytes| {
            let options = Options { format, log_bytes, ..Options::new(size_bytes) };
            let image = Image::new(&options).expect("an image");
            image.check();
            image.made.log_bytes
        };
        assert_eq!(log_bytes(4 << 20, None), 0);
        assert_eq!(log_bytes(16 << 20, None), 1 << 20);
        assert_eq!(log_bytes(5 << 30, None), 5 << 20);
        assert_eq!(log_bytes(5 << 30, Some(64 << 20)), 64 << 20);
        assert_eq!(log_bytes(5 << 30, Some(0)), 0);
    }
    let options = Options { log_bytes: None, ..Options::new(1 << 40) };
    let mut memory = Memory::default();
    assert_eq!(newfs(&mut memory, &options, ID, TIME).expect("an image").log_bytes, 64 << 20);
}

#[test]
fn a_terabyte_takes_only_its_metadata() {
    let image = Image::new(&Options::new(1 << 40)).expect("an image");
    assert!(image.memory.resident_bytes() < 64 << 20, "{}", image.memory.resident_bytes());
    let last = image.superblock.groups - 1;
    for group in [0, 1, last - 1, last] {
        assert_eq!(Group::new(&image, group).check(&image), image.summary(group));
    }
}

#[test]
fn the_same_question_has_the_same_answer() {
    let options = Options::new(3 << 20);
    let image = |id| {
        let mut memory = Memory::default();
        newfs(&mut memory, &options, id, TIME).expect("an image");
        memory.to_vec()
    };
    assert_eq!(image(ID), image(ID));
    assert_ne!(image(ID), image(FileSystemId(7)));
}

#[test]
fn nonsense_is_refused_before_anything_is_written() {
    let sensible = Options::new(8 << 20);
    let nonsense = [
        (Options { block_bytes: Some(5000), ..sensible.clone() }, "block size 5000: choose"),
        (Options { block_bytes: Some(1 << 17), ..sensible.clone() }, "block size 131072"),
        (Options { fragment_bytes: Some(256), ..sensible.clone() }, "fragment size 256: for"),
        (
            Options { block_bytes: Some(65536), fragment_bytes: Some(4096), ..sensible.clone() },
            "a power of two from 8192 to 65536",
        ),
        (Options { bytes_per_inode: Some(0), ..sensible.clone() }, "bytes per inode: choose"),
        (Options { reserved_percent: 100, ..sensible.clone() }, "reserve of 100 percent"),
        (Options { log_bytes: Some(1000), ..sensible.clone() }, "log of 1000 bytes: choose"),
        (Options { log_bytes: Some(65 << 20), ..sensible.clone() }, "log of 68157440 bytes"),
        (Options { log_bytes: Some(8 << 20), ..sensible.clone() }, "no room for the log"),
        (Options { volume_name: "n".repeat(32), ..sensible.clone() }, "at most 31 bytes"),
        (Options::new(80_000), "too small: these options need"),
        (Options::new(0), "too small: these options need"),
        (
            Options { format: Format::Ufs1, fragment_bytes: Some(512), ..Options::new(2 << 40) },
            "too large for UFS1",
        ),
        (
            Options { fragment_bytes: Some(512), ..Options::new(64 << 40) },
            "too many cylinder groups",
        ),
        (Options { bytes_per_inode: Some(4096), ..Options::new(1 << 45) }, "too many inodes"),
    ];
    for (options, expected) in nonsense {
        let mut memory = Memory::default();
        let error = newfs(&mut memory, &options, ID, TIME).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error:?} instead of {expected:?}");
        assert_eq!((memory.size_bytes(), memory.resident_bytes()), (0, 0));
    }
}

#[test]
fn the_size_an_error_names_is_enough() {
    for format in [Format::Ufs1, Format::Ufs2] {
        for block_bytes in [4096, 8192, 65536] {
            let sized = |size_bytes| Options {
                format,
                block_bytes: Some(block_bytes),
                ..Options::new(size_bytes)
            };
            let mut memory = Memory::default();
            let error = newfs(&mut memory, &sized(1), ID, TIME).expect_err("too small").to_string();
            let least = error.split(' ').find_map(|word| word.parse::<u64>().ok()).expect("a size");
            Image::new(&sized(least)).expect("the least size is enough").check();
            assert!(Image::new(&sized(least - 1)).is_none());
        }
    }
}
