//! Who has which fragments, from the image alone.

use crate::layout::{
    BlockArea, CylGroup, CylinderGroup, DIRECT_POINTERS, FragNo, Geometry, Inode, ROOT_INODE,
};
use crate::testing::Mounted;
use abi::InodeNo;
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

/// Fragments in use by regular files, and free ones.
pub(super) struct Census {
    pub(super) claimed: BTreeSet<u64>,
    pub(super) free_frags: BTreeSet<u64>,
}

/// One file being walked.
struct Walk<'a> {
    fs: &'a Mounted,
    number: InodeNo,
    inode: Inode,
    frags: Vec<(FragNo, u32)>,
}

impl Census {
    pub(super) fn of(fs: &Mounted) -> Self {
        let mut census = Self { claimed: BTreeSet::new(), free_frags: BTreeSet::new() };
        let geometry = &fs.ffs.geometry;
        for group in (0..geometry.groups).map(CylGroup) {
            let block = read(fs, geometry.group_block(group), geometry.frags_per_block());
            let header = CylinderGroup::parse(&block, geometry.order).expect("a group");
            let start = u64::from(group.0) * u64::from(geometry.frags_per_group);
            let free = (0..header.frags).filter(|&frag| bit(&block, header.frag_map, frag));
            census.free_frags.extend(free.map(|frag| start + u64::from(frag)));
            let first = u64::from(group.0) * u64::from(geometry.inodes_per_group);
            let used =
                (0..geometry.inodes_per_group).filter(|&one| bit(&block, header.inode_map, one));
            for number in used.map(|index| InodeNo(first + u64::from(index))) {
                if number > ROOT_INODE {
                    census.claim(fs, number);
                }
            }
        }
        census
    }

    fn claim(&mut self, fs: &Mounted, number: InodeNo) {
        for (at, count) in files_frags(fs, number) {
            for frag in at.0..at.0 + u64::from(count) {
                assert!(self.claimed.insert(frag), "fragment {frag} twice, in {number:?}");
            }
        }
    }
}

fn bit(bytes: &[u8], start: u32, index: u32) -> bool {
    bytes[(start + index / 8) as usize] & (1 << (index % 8)) != 0
}

fn read(fs: &Mounted, at: FragNo, frags: u32) -> Vec<u8> {
    let geometry = &fs.ffs.geometry;
    let mut bytes = vec![0; (frags as usize) << geometry.frag_shift];
    fs.disk.image.borrow().read_at(at.0 << geometry.frag_shift, &mut bytes);
    bytes
}

/// The inode as it is on the disk.
pub(super) fn inode_on_disk(fs: &Mounted, number: InodeNo) -> Inode {
    let geometry = &fs.ffs.geometry;
    let (block, offset) = geometry.inode_place(number).expect("an inode");
    geometry.inode_shape().parse(&read(fs, block, geometry.frags_per_block())[offset..])
}

/// All fragments of a file, indirect blocks among them, after everything about it was checked.
fn files_frags(fs: &Mounted, number: InodeNo) -> Vec<(FragNo, u32)> {
    let inode = inode_on_disk(fs, number);
    assert_ne!(inode.mode, 0, "inode {number:?} is in use and empty");
    let mut walk = Walk { fs, number, inode, frags: Vec::new() };
    walk.all();
    let geometry = &fs.ffs.geometry;
    let count: u64 = walk.frags.iter().map(|&(_, frags)| u64::from(frags)).sum();
    assert_eq!(inode.sectors, (count << geometry.frag_shift) / 512, "sectors of {number:?}");
    walk.frags
}

impl Walk<'_> {
    fn geometry(&self) -> &Geometry {
        &self.fs.ffs.geometry
    }

    fn all(&mut self) {
        let BlockArea::Pointers(pointers) = self.inode.area else { panic!("text") };
        let mut last = None;
        for (lbn, &at) in (0..).zip(&pointers.direct) {
            self.data(lbn, at, &mut last);
        }
        let mut first = DIRECT_POINTERS as u64;
        for (level, &at) in (1..).zip(&pointers.indirect) {
            self.indirect(first, level, at, &mut last);
            first += 1 << (level * self.geometry().pointers_shift());
        }
        let size = self.inode.size_bytes;
        let expected = size.checked_sub(1).map(|byte| byte >> self.geometry().block_shift);
        assert_eq!(last, expected, "the last block of {:?}", self.number);
    }

    fn data(&mut self, lbn: u64, at: FragNo, last: &mut Option<u64>) {
        if at.is_hole() {
            return;
        }
        let (block, frag) = (self.geometry().block_bytes(), self.geometry().frag_bytes());
        let behind = self.inode.size_bytes.checked_sub(lbn * u64::from(block));
        let behind = behind.filter(|&bytes| bytes > 0).expect("no block beyond the end");
        let bytes = behind.min(block.into()) as u32;
        let is_direct = lbn < DIRECT_POINTERS as u64;
        let frags = if is_direct { bytes.div_ceil(frag) } else { block / frag };
        let contents = read(self.fs, at, frags);
        assert!(contents[bytes as usize..].iter().all(|&byte| byte == 0), "behind the end");
        self.frags.push((at, frags));
        *last = Some(lbn);
    }

    fn indirect(&mut self, first: u64, level: u32, at: FragNo, last: &mut Option<u64>) {
        if at.is_hole() {
            return;
        }
        let frags = self.geometry().frags_per_block();
        let block = read(self.fs, at, frags);
        self.frags.push((at, frags));
        let (shape, shift) = (self.geometry().inode_shape(), self.geometry().pointers_shift());
        let before = self.frags.len();
        for slot in 0..1 << shift {
            let first = first + ((slot as u64) << ((level - 1) * shift));
            match level {
                1 => self.data(first, shape.pointer(&block, slot), last),
                _ => self.indirect(first, level - 1, shape.pointer(&block, slot), last),
            }
        }
        assert!(self.frags.len() > before, "an indirect block that leads nowhere");
    }
}
