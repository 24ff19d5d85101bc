//! Quota files damaged in every way: what is not quotas goes on, with a line that names them.

use super::world::{NO_LIMITS, World, layouts};
use crate::layout::{
    BlockArea, Field, FragNo, Geometry, Inode, QUOTA_HEAD_BYTES, QUOTA_MAGIC, QuotaEntry,
    QuotaHeader, QuotaValue, SUPERBLOCK_BYTES, Superblock, mode,
};
use crate::quota::QuotaKind;
use crate::testing::Luck;
use abi::{Errno, InodeNo, Result, SetAttributes};
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use ffscheck::Image;
use ffscheck::fsck;
use ffscheck::newfs::{Memory, Options as Made};

/// Owners with an entry: more than fit into the first block.
const OWNERS: u32 = 60;
/// Whoever is tried has none, or one.
const TRIED: [u32; 3] = [7, 1000, 263];

/// An image with quotas in use, and where the users' quota file is.
#[derive(Clone)]
struct Patient {
    image: Memory,
    geometry: Geometry,
    superblock_at: u64,
    inode_at: u64,
    /// Where its blocks are, in bytes.
    blocks: Vec<u64>,
}

type Change = fn(&mut Patient);

impl Patient {
    fn new(made: &Made) -> Self {
        let world = World::new(made, NO_LIMITS);
        for owner in 1..=OWNERS {
            let name = format!("file {owner}");
            let file = world.create(name.as_bytes(), owner, owner).expect("a file");
            world.write(file, 0, 5000).expect("space");
        }
        let ffs = &world.ffs;
        let (geometry, superblock_at) =
            (ffs.geometry, ffs.superblock.superblock_offset_bytes as u64);
        let number = ffs.superblock.quota_inodes[QuotaKind::User as usize];
        let (frag, offset) = geometry.inode_place(InodeNo(number)).expect("an inode");
        let inode_at = (frag.0 << geometry.frag_shift) + offset as u64;
        let image = world.image();
        let mut patient = Self { image, geometry, superblock_at, inode_at, blocks: Vec::new() };
        let BlockArea::Pointers(pointers) = patient.inode().area else { panic!("no pointers") };
        let used = pointers.direct.into_iter().filter(|frag| !frag.is_hole());
        patient.blocks = used.map(|frag| frag.0 << geometry.frag_shift).collect();
        assert!(patient.blocks.len() > 1);
        patient
    }

    fn get<T: Field>(&self, at: u64) -> T {
        let mut bytes = vec![0; T::BYTES];
        Memory::read_at(&self.image, at, &mut bytes);
        T::get(&bytes, self.geometry.order)
    }

    fn put<T: Field>(&mut self, at: u64, value: T) {
        let mut bytes = vec![0; T::BYTES];
        value.put(&mut bytes, self.geometry.order);
        self.image.write_at(at, &bytes).expect("a place");
    }

    fn inode(&self) -> Inode {
        let shape = self.geometry.inode_shape();
        let mut bytes = vec![0; shape.bytes()];
        Memory::read_at(&self.image, self.inode_at, &mut bytes);
        shape.parse(&bytes)
    }

    fn change_inode(&mut self, change: impl FnOnce(&mut Inode)) {
        let (shape, mut inode) = (self.geometry.inode_shape(), self.inode());
        change(&mut inode);
        let mut bytes = vec![0; shape.bytes()];
        Memory::read_at(&self.image, self.inode_at, &mut bytes);
        shape.store(&inode, &mut bytes);
        self.image.write_at(self.inode_at, &bytes).expect("a place");
    }

    fn change_pointer(&mut self, to: FragNo) {
        self.change_inode(|inode| {
            let BlockArea::Pointers(pointers) = &mut inode.area else { panic!("no pointers") };
            pointers.direct[0] = to;
        });
    }

    fn change_header(&mut self, change: impl FnOnce(&mut QuotaHeader)) {
        let at = self.blocks[0];
        let mut header: QuotaHeader = self.get(at);
        change(&mut header);
        self.put(at, header);
    }

    /// Heads of all lists.
    fn change_heads(&mut self, change: impl Fn(u64) -> u64) {
        let header: QuotaHeader = self.get(self.blocks[0]);
        for list in 0..1_u64 << header.hash_shift {
            let at =
                self.blocks[0] + (QuotaHeader::BYTES + QUOTA_HEAD_BYTES * list as usize) as u64;
            let head: u64 = self.get(at);
            self.put(at, change(head));
        }
    }

    /// All entries.
    fn change_entries(&mut self, change: impl Fn(u64, &mut QuotaEntry)) {
        let header: QuotaHeader = self.get(self.blocks[0]);
        let block_bytes = u64::from(self.geometry.block_bytes());
        for (block, start) in (0_u64..).zip(self.blocks.clone()) {
            let heads = QuotaHeader::BYTES + (QUOTA_HEAD_BYTES << header.hash_shift);
            let mut at = if block == 0 { heads as u64 } else { 0 };
            while at + QuotaEntry::BYTES as u64 <= block_bytes {
                let mut entry: QuotaEntry = self.get(start + at);
                change(block * block_bytes + at, &mut entry);
                self.put(start + at, entry);
                at += QuotaEntry::BYTES as u64;
            }
        }
    }

    fn change_superblock(&mut self, change: impl FnOnce(&mut Superblock)) {
        let mut superblock: Superblock = self.get(self.superblock_at);
        change(&mut superblock);
        self.put(self.superblock_at, superblock);
    }
}

/// What users do all day. Each of them, once.
fn use_it(world: &World) -> Vec<Result<()>> {
    let mut results = Vec::new();
    for owner in TRIED {
        let name = format!("tried {owner}");
        let file = match world.create(name.as_bytes(), owner, owner) {
            Ok(file) => file,
            Err(errno) => {
                results.push(Err(errno));
                continue;
            }
        };
        let none = SetAttributes::default();
        results.push(world.write(file, 0, 30_000).map(drop));
        results.push(world.write(file, 300_000, 100).map(drop));
        results.push(world.change(file, SetAttributes { size_bytes: Some(100), ..none }));
        results.push(world.change(file, SetAttributes { uid: Some(owner + 1), ..none }));
        results.push(world.remove(name.as_bytes(), file));
    }
    results
}

/// After `fsck` nothing is wrong with it.
fn mend(mut image: Memory) {
    for repair in [true, false] {
        let report = fsck::check(&mut image, &fsck::Options { repair }, &mut |_| {});
        assert!(repair || report.expect("checked").findings.is_empty());
    }
    let world = World::mount(image);
    assert!(use_it(&world).iter().all(is_answer));
    assert_eq!(world.damage(), [""; 0]);
}

/// Not what damage may make of it.
fn is_answer(result: &Result<()>) -> bool {
    matches!(result, Ok(()) | Err(Errno::QuotaExceeded))
}

/// Reads that the damage may cost, whatever it is.
const READS_MAX: u64 = 500;

#[test]
fn what_is_damaged_is_done_without() {
    let changes: &[(&str, Change)] = &[
        ("magic", |it| it.change_header(|header| header.magic = 0)),
        ("other order", |it| it.change_header(|header| header.magic = QUOTA_MAGIC.swap_bytes())),
        ("kind", |it| it.change_header(|header| header.kind = 1)),
        ("shift", |it| it.change_header(|header| header.hash_shift = 0xff)),
        ("lists that do not fit", |it| {
            it.change_header(|header| (header.hash_shift, header.hash_size) = (15, 1 << 15));
        }),
        ("hash size", |it| it.change_header(|header| header.hash_size = 77)),
        ("a ring of one", |it| it.change_entries(|at, entry| entry.next = at)),
        ("heads beyond the end", |it| it.change_heads(|_| u64::MAX)),
        ("heads just beyond the end", |it| {
            let end = it.inode().size_bytes;
            it.change_heads(|_| end);
        }),
        ("heads between entries", |it| it.change_heads(|head| head.max(96) + 8)),
        ("heads among the heads", |it| it.change_heads(|_| 200)),
        ("entries that lead away", |it| it.change_entries(|_, entry| entry.next = 1 << 50)),
        ("free entries that lead away", |it| {
            it.change_header(|header| header.free = 1 << 50);
        }),
        ("no size", |it| it.change_inode(|inode| inode.size_bytes = 0)),
        ("half a block", |it| it.change_inode(|inode| inode.size_bytes += 512)),
        ("more than a file has", |it| it.change_inode(|inode| inode.size_bytes = !0xffff)),
        ("a directory", |it| it.change_inode(|inode| inode.mode = mode::DIRECTORY)),
        ("a fifo", |it| it.change_inode(|inode| inode.mode = mode::FIFO)),
        ("nothing", |it| it.change_inode(|inode| inode.mode = 0)),
        ("a hole", |it| it.change_pointer(FragNo::HOLE)),
        ("a pointer that leads away", |it| it.change_pointer(FragNo(0x7fff_fff8))),
        ("a pointer to a group", |it| {
            let group = it.geometry.group_block(crate::layout::CylGroup(0));
            it.change_pointer(group);
        }),
        ("another inode", |it| it.change_superblock(|fs| fs.quota_inodes[0] = 2)),
        ("the groups' inode", |it| {
            it.change_superblock(|fs| fs.quota_inodes[0] = fs.quota_inodes[1]);
        }),
        ("no inode", |it| it.change_superblock(|fs| fs.quota_inodes[0] = u64::MAX)),
    ];
    for made in layouts() {
        let healthy = Patient::new(&made);
        for (what, change) in changes {
            let mut patient =
                Patient { image: healthy.image.clone(), blocks: healthy.blocks.clone(), ..healthy };
            change(&mut patient);
            let world = World::mount(patient.image);
            let results: Result<()> = use_it(&world).into_iter().collect();
            assert_eq!(results, Ok(()), "{what}");
            let lines = world.damage();
            assert!((1..=3).contains(&lines.len()), "{what}: {lines:?}");
            assert!(lines.iter().any(|line| line.contains("user quotas")), "{what}: {lines:?}");
            assert!(world.reads() < READS_MAX, "{what}: {} reads", world.reads());
            mend(world.image());
        }
    }
}

/// Numbers at their ends: counted and limited as they say, and nothing overflows.
#[test]
fn numbers_at_their_ends_overflow_nothing() {
    let ends = [0, 1, u64::MAX, i64::MAX as u64, 1 << 63];
    for made in layouts() {
        let healthy = Patient::new(&made);
        for used in ends {
            for limit in ends {
                let mut patient = healthy.clone();
                let value = QuotaValue {
                    hard_limit: limit,
                    soft_limit: limit / 2,
                    used,
                    grace_end: used as i64,
                    grace_seconds: limit as i64,
                };
                patient.change_entries(|_, entry| entry.values = [value; 2]);
                patient.change_header(|header| header.default.values = [value; 2]);
                let world = World::mount(patient.image);
                assert!(use_it(&world).iter().all(is_answer));
                assert_eq!(world.damage(), [""; 0]);
                mend(world.image());
            }
        }
    }
}

/// A list as long as a file can be, of which each entry is in another block: its blocks are one.
#[test]
fn a_long_list_is_not_followed_to_its_end() {
    for made in layouts() {
        let mut patient = Patient::new(&made);
        let (first, block_bytes) = (patient.blocks[1], patient.geometry.block_bytes());
        let frag = FragNo(first >> patient.geometry.frag_shift);
        // All of the file but its first block is the second one, which leads from entry to entry.
        patient.change_inode(|inode| {
            let BlockArea::Pointers(pointers) = &mut inode.area else { panic!("no pointers") };
            pointers.direct[1..].fill(frag);
            inode.size_bytes = 12 * u64::from(block_bytes);
        });
        let block = u64::from(block_bytes);
        patient.change_heads(|_| block);
        patient.change_entries(|at, entry| {
            entry.owner = 9999;
            entry.next = (at / block % 11 + 1) * block + (at % block + 96) % (block / 96 * 96);
        });
        let world = World::mount(patient.image);
        assert_eq!(use_it(&world).into_iter().collect::<Result<()>>(), Ok(()));
        assert!(world.reads() < READS_MAX && world.damage().len() == 1, "{:?}", world.damage());
    }
}

#[test]
fn random_damage_costs_quotas_and_nothing_else() {
    for (seed, made) in (1..).zip(layouts()) {
        let (healthy, mut luck) = (Patient::new(&made), Luck(seed));
        let places = [healthy.blocks[0], healthy.blocks[1]].map(|at| (at, 4096));
        let inode = (healthy.inode_at, healthy.geometry.format.inode_bytes().into());
        let names = (healthy.superblock_at + 904, 24);
        let places = [places[0], (places[0].0, 112), places[1], inode, names];
        assert!(names.0 + names.1 < healthy.superblock_at + SUPERBLOCK_BYTES as u64);
        for round in 0..600 {
            let mut image = healthy.image.clone();
            for _ in 0..=luck.below(6) {
                let (start, length) = places[luck.below(places.len() as u64) as usize];
                let bytes: Vec<u8> = match luck.below(3) {
                    0 => vec![0xff; 1 + luck.below(8) as usize],
                    1 => vec![0; 1 + luck.below(8) as usize],
                    _ => (0..=luck.below(8)).map(|_| luck.next() as u8).collect(),
                };
                let at = luck.below(length - 8);
                image.write_at(start + at, &bytes).expect("a place");
            }
            let world = World::mount(image);
            let results = use_it(&world);
            assert!(results.iter().all(is_answer), "{seed} {round}: {results:?}");
            assert!(world.reads() < READS_MAX && world.damage().len() < 10);
            world.image();
        }
    }
}

/// A file whose pointers are damaged gives back what is freed of it. The rest stays on the account,
/// as it stays in use, before `fsck`.
#[test]
fn what_is_not_freed_is_not_given_back() {
    for made in layouts() {
        let mut patient = Patient::new(&made);
        let world = World::mount(patient.image.clone());
        let file = world.create(b"spoiled", 500, 500).expect("a file");
        let block_bytes = u64::from(world.ffs.geometry.block_bytes());
        world.write(file, 0, 4 * block_bytes as usize).expect("space");
        let (frag, offset) = world.ffs.geometry.inode_place(file.inode).expect("an inode");
        patient.inode_at = (frag.0 << world.ffs.geometry.frag_shift) + offset as u64;
        patient.image = world.image();
        patient.change_pointer(FragNo(0x7fff_fff8));
        let world = World::mount(patient.image);
        let used = || world.entry(QuotaKind::User, 500).values.map(|value| value.used);
        assert_eq!(used(), [4 * block_bytes / 512, 1]);
        world.remove(b"spoiled", file).expect("removed");
        assert_eq!(used(), [block_bytes / 512, 0]);
        assert_eq!(world.damage().len(), 1);
        mend(world.image());
    }
}
