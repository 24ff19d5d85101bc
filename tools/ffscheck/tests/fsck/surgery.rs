//! A sound image on the operating table.

use crate::builder::{BLOCK_BYTES, Builder, FRAG_BYTES, superblock_place};
use crate::support::repair;
use ffs::layout::{
    BlockArea, ByteOrder, CylinderGroup, DirectoryEntry, DirectoryShape, Field, Format, FragNo,
    Inode, InodeShape, Pointers, SUPERBLOCK_BYTES, Superblock,
};
use ffscheck::Image;
use ffscheck::newfs::Memory;

pub struct Patient {
    pub image: Memory,
    pub format: Format,
    pub order: ByteOrder,
    pub superblock: Superblock,
    pub inodes: InodeShape,
    pub names: DirectoryShape,
}

impl Patient {
    /// The builder's sample with its maps in order.
    pub fn sound(format: Format, order: ByteOrder) -> Self {
        let builder = Builder::new(format, order).sample();
        let (inodes, names) = (builder.inodes, builder.names);
        let mut image = builder.finish();
        repair(&mut image);
        Self::of(image, format, order, inodes, names)
    }

    fn of(
        image: Memory,
        format: Format,
        order: ByteOrder,
        inodes: InodeShape,
        names: DirectoryShape,
    ) -> Self {
        let superblock = Superblock::zeroed();
        let mut patient = Self { image, format, order, superblock, inodes, names };
        let bytes = patient.bytes(superblock_place(format), SUPERBLOCK_BYTES);
        patient.superblock = Superblock::get(&bytes, order);
        patient
    }

    pub fn bytes(&self, at: u64, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.image.read_at(at, &mut bytes);
        bytes
    }

    pub fn write(&mut self, at: u64, bytes: &[u8]) {
        self.image.write_at(at, bytes).expect("inside the image");
    }

    pub fn frag_place(frag: FragNo) -> u64 {
        frag.0 * FRAG_BYTES as u64
    }

    /// Where the start of a group's metadata is: `frag` is the superblock's word for it.
    pub fn group_place(&self, group: u32, frag: i32) -> u64 {
        let start = u64::from(group) * self.superblock.frags_per_group as u64;
        (start + frag as u64) * FRAG_BYTES as u64
    }

    pub fn inode_place(&self, number: u32) -> u64 {
        let per_group = self.superblock.inodes_per_group;
        let table = self.group_place(number / per_group, self.superblock.inode_frag);
        table + u64::from(number % per_group) * self.inodes.bytes() as u64
    }

    pub fn inode(&self, number: u32) -> Inode {
        self.inodes.parse(&self.bytes(self.inode_place(number), self.inodes.bytes()))
    }

    /// Changes an inode.
    pub fn alter(&mut self, number: u32, change: impl FnOnce(&mut Inode)) {
        let place = self.inode_place(number);
        let mut bytes = self.bytes(place, self.inodes.bytes());
        let mut inode = self.inodes.parse(&bytes);
        change(&mut inode);
        self.inodes.store(&inode, &mut bytes);
        self.write(place, &bytes);
    }

    pub fn pointers(&self, number: u32) -> Pointers {
        match self.inode(number).area {
            BlockArea::Pointers(pointers) => pointers,
            BlockArea::Text(_) => panic!("inode {number} has no pointers"),
        }
    }

    /// Changes the pointers of an inode.
    pub fn point(&mut self, number: u32, change: impl FnOnce(&mut Pointers)) {
        let mut pointers = self.pointers(number);
        change(&mut pointers);
        self.alter(number, |inode| inode.area = BlockArea::Pointers(pointers));
    }

    /// Changes a pointer in a block of pointers.
    pub fn point_in(&mut self, block: FragNo, index: usize, to: FragNo) {
        let mut bytes = self.bytes(Self::frag_place(block), BLOCK_BYTES);
        self.inodes.set_pointer(&mut bytes, index, to);
        self.write(Self::frag_place(block), &bytes);
    }

    /// Changes the superblock, but none of its copies.
    pub fn alter_superblock(&mut self, change: impl FnOnce(&mut Superblock)) {
        let place = superblock_place(self.format);
        let mut superblock = Superblock::get(&self.bytes(place, SUPERBLOCK_BYTES), self.order);
        change(&mut superblock);
        self.superblock = superblock;
        self.write(place, &superblock.to_bytes(self.order));
    }

    /// Changes the header of a group.
    pub fn alter_group(&mut self, group: u32, change: impl FnOnce(&mut CylinderGroup)) {
        let place = self.group_place(group, self.superblock.group_frag);
        let mut header = CylinderGroup::get(&self.bytes(place, BLOCK_BYTES), self.order);
        change(&mut header);
        let mut bytes = vec![0; CylinderGroup::BYTES];
        header.put(&mut bytes, self.order);
        self.write(place, &bytes);
    }

    /// Turns over a bit of a group's map, which begins where `map` says.
    pub fn flip(&mut self, group: u32, map: impl FnOnce(&CylinderGroup) -> u32, bit: u32) {
        let place = self.group_place(group, self.superblock.group_frag);
        let header = CylinderGroup::get(&self.bytes(place, BLOCK_BYTES), self.order);
        let at = place + u64::from(map(&header)) + u64::from(bit / 8);
        let byte = self.bytes(at, 1)[0] ^ (1 << (bit % 8));
        self.write(at, &[byte]);
    }

    /// Where the entry of a directory with this name stands, and how long it is.
    pub fn entry_place(&self, directory: u32, name: &str) -> (u64, usize) {
        let pointers = self.pointers(directory);
        let size = self.inode(directory).size_bytes as usize;
        for (index, direct) in pointers.direct.iter().enumerate().filter(|(_, to)| !to.is_hole()) {
            let count = (size - index * BLOCK_BYTES).min(BLOCK_BYTES);
            let block = self.bytes(Self::frag_place(*direct), count);
            for (number, chunk) in block.chunks(512).enumerate() {
                let mut at = 0;
                while at < chunk.len() {
                    let entry = DirectoryEntry::parse(chunk, at, self.names).expect("sound");
                    if entry.inode != 0 && entry.name == name.as_bytes() {
                        let place = Self::frag_place(*direct) + (number * 512 + at) as u64;
                        return (place, entry.record_bytes);
                    }
                    at += entry.record_bytes;
                }
            }
        }
        panic!("inode {directory} has no entry {name}");
    }

    /// Lets an entry lead to another inode.
    pub fn lead(&mut self, directory: u32, name: &str, to: u32) {
        let (place, _) = self.entry_place(directory, name);
        let mut bytes = [0; 4];
        to.put(&mut bytes, self.order);
        self.write(place, &bytes);
    }

    /// Changes the bytes of an entry.
    pub fn alter_entry(&mut self, directory: u32, name: &str, change: impl FnOnce(&mut [u8])) {
        let (place, length) = self.entry_place(directory, name);
        let mut bytes = self.bytes(place, length);
        change(&mut bytes);
        self.write(place, &bytes);
    }

    /// Gives an entry another name of the same length.
    pub fn rename(&mut self, directory: u32, from: &str, to: &str) {
        assert_eq!(from.len(), to.len());
        self.alter_entry(directory, from, |bytes| {
            bytes[8..][..to.len()].copy_from_slice(to.as_bytes());
        });
    }
}
