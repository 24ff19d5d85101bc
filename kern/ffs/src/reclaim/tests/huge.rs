//! A file of 100 GiB, with a log of 1 MiB.
//!
//! Nobody writes it: its map is put on the disk. The whole map is there; data has every block only
//! of so many groups, spread over the file, so that it takes seconds.

use super::world::{World, poll};
use crate::Options;
use crate::layout::{
    BlockArea, CylGroup, CylinderGroup, DIRECT_POINTERS, Field, FragNo, Geometry, Inode,
    SUPERBLOCK_BYTES, Summary, Superblock, clean, flags,
};
use crate::testing::Mounted;
use abi::InodeNo;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use ffscheck::Image;
use ffscheck::newfs::{self, Memory};

const FILE_BYTES: u64 = 100 << 30;

/// Groups all of whose blocks are the file's.
const GROUPS: u32 = 2;

const LOG_BYTES: u64 = 1 << 20;

fn layout() -> newfs::Options {
    newfs::Options {
        block_bytes: Some(65536),
        log_bytes: Some(LOG_BYTES),
        reserved_percent: 0,
        ..newfs::Options::new(FILE_BYTES + (10 << 30))
    }
}

/// Gives a file blocks that were free.
struct Forgery<'a> {
    image: &'a mut Memory,
    geometry: Geometry,
}

impl Forgery<'_> {
    fn read(&self, frag: FragNo) -> Vec<u8> {
        let mut bytes = vec![0; self.geometry.block_bytes() as usize];
        self.image.read_at(frag.0 << self.geometry.frag_shift, &mut bytes);
        bytes
    }

    fn write(&mut self, frag: FragNo, bytes: &[u8]) {
        let at = frag.0 << self.geometry.frag_shift;
        Image::write_at(self.image, at, bytes).expect("room");
    }

    /// Takes blocks of a group that are free as a whole: all, or so many of the last ones.
    fn take(&mut self, group: CylGroup, count: Option<usize>) -> Vec<FragNo> {
        let at = self.geometry.group_block(group);
        let (mut page, order) = (self.read(at), self.geometry.order);
        let mut header = CylinderGroup::parse(&page, order).expect("a group");
        let map = header.frag_map as usize;
        let blocks = (header.frags / 8) as usize;
        let free: Vec<_> = (0..blocks).filter(|&block| page[map + block] == 0xff).collect();
        let taken = &free[free.len() - count.unwrap_or(free.len())..];
        for &block in taken {
            page[map + block] = 0;
            page[header.cluster_map as usize + block / 8] &= !(1 << (block % 8));
        }
        if count.is_none() {
            // No runs of free blocks are left; else the last one is still longer than is counted.
            page[header.cluster_counts as usize + 4..header.cluster_map as usize].fill(0);
        }
        let change = Summary { free_blocks: -(taken.len() as i32), ..Summary::default() };
        header.summary = header.summary.plus(change);
        header.put(&mut page, order);
        self.write(at, &page);
        let start = u64::from(group.0) * u64::from(self.geometry.frags_per_group);
        taken.iter().map(|&block| FragNo(start + 8 * block as u64)).collect()
    }

    fn write_pointers(&mut self, at: FragNo, pointers: &[FragNo]) {
        let mut page = vec![0; self.geometry.block_bytes() as usize];
        for (index, &pointer) in pointers.iter().enumerate() {
            self.geometry.inode_shape().set_pointer(&mut page, index, pointer);
        }
        self.write(at, &page);
    }

    /// The file's map: data in every so many blocks of it, and the last one.
    fn extend(&mut self, inode: &mut Inode) {
        let data: Vec<_> =
            (1..=GROUPS).flat_map(|group| self.take(CylGroup(group), None)).collect();
        let blocks = (FILE_BYTES >> self.geometry.block_shift) as usize;
        let mut map = vec![FragNo::HOLE; blocks];
        for (index, &frag) in data.iter().enumerate() {
            map[blocks - 1 - index * (blocks / data.len())] = frag;
        }
        let (direct, rest) = map.split_at(DIRECT_POINTERS);
        let chunks: Vec<_> = rest.chunks(1 << self.geometry.pointers_shift()).collect();
        let indirect = self.take(CylGroup(0), Some(chunks.len() + 1));
        let (&root, leaves) = indirect.split_last().expect("a block");
        for (&leaf, pointers) in leaves.iter().zip(&chunks) {
            self.write_pointers(leaf, pointers);
        }
        self.write_pointers(root, &leaves[1..]);
        let BlockArea::Pointers(pointers) = &mut inode.area else { panic!("text") };
        pointers.direct.copy_from_slice(direct);
        (pointers.indirect[0], pointers.indirect[1]) = (leaves[0], root);
        inode.size_bytes = FILE_BYTES;
        inode.sectors = ((data.len() + indirect.len()) as u64) << (self.geometry.block_shift - 9);
    }

    fn extend_file(&mut self, number: InodeNo) {
        let (frag, offset) = self.geometry.inode_place(number).expect("an inode");
        let (mut page, shape) = (self.read(frag), self.geometry.inode_shape());
        let mut inode = shape.parse(&page[offset..offset + shape.bytes()]);
        self.extend(&mut inode);
        shape.store(&inode, &mut page[offset..offset + shape.bytes()]);
        self.write(frag, &page);
    }

    /// There was a crash, so everything is counted anew.
    fn mark_crashed(&mut self, offset: u64) {
        let mut bytes = [0; SUPERBLOCK_BYTES];
        self.image.read_at(offset, &mut bytes);
        let mut superblock = Superblock::get(&bytes, self.geometry.order);
        superblock.flags |= flags::WAPBL;
        superblock.clean = clean::WAS_CLEAN;
        superblock.put(&mut bytes, self.geometry.order);
        Image::write_at(self.image, offset, &bytes).expect("room");
    }
}

fn mounted(image: Memory) -> World {
    World::of(Mounted::of(image, Options::default()).expect("a mount"))
}

/// A world with the file `huge`, and how much was free without its blocks.
fn forged() -> (World, u64) {
    let world = World::new(&layout());
    let file = world.file("huge", 0);
    world.wait(world.fs.ffs.leave_clean()).expect("all written");
    let mut image = world.fs.disk.image.borrow().clone();
    let mut forgery = Forgery { image: &mut image, geometry: world.fs.ffs.geometry };
    forgery.extend_file(file.file().inode);
    forgery.mark_crashed(world.fs.ffs.superblock.superblock_offset_bytes as u64);
    (mounted(image), world.free_bytes())
}

#[test]
fn a_small_log_is_enough() {
    let (world, free_bytes) = forged();
    let full_bytes = world.free_bytes();
    assert!(full_bytes < free_bytes - (5 << 30));
    let mut removal = Box::pin(world.remove("huge"));
    let (mut before, mut largest) = (world.fs.ffs.counters(), 0);
    let mut cut_off = None;
    // Somebody else wants something to be durable now and then.
    let mut other = None;
    for polls in 0.. {
        if poll(&mut removal).is_ready() {
            break;
        }
        if polls % 128 == 0 {
            other.get_or_insert_with(|| Box::pin(world.fs.ffs.make_durable()));
        }
        other.take_if(|other| poll(other).is_ready());
        let after = world.fs.ffs.counters();
        assert!(after.commits <= before.commits + 1);
        largest = largest.max(after.log_bytes - before.log_bytes);
        before = after;
        if cut_off.is_none() && world.free_bytes() > (free_bytes + full_bytes) / 2 {
            cut_off = Some(world.fs.disk.image.borrow().clone());
        }
        world.collect();
    }
    assert!(largest <= LOG_BYTES / 2, "{largest} bytes in one commit");
    assert!(before.commits > 3, "{before:?}");
    drop((removal, other));
    assert_eq!((world.unlinked(), world.free_bytes()), (0, free_bytes));
    world.check();
    go_on(cut_off.expect("half of it"), full_bytes, free_bytes);
}

/// The power was cut in the middle: what is durable is not done again.
fn go_on(image: Memory, full_bytes: u64, free_bytes: u64) {
    let world = mounted(image);
    assert_eq!(world.unlinked(), 1);
    assert!(world.free_bytes() > full_bytes, "begun anew");
    world.wait(world.fs.ffs.save()).expect("saved");
    assert_eq!((world.unlinked(), world.free_bytes()), (0, free_bytes));
    world.check();
}
