//! Inodes and their block pointers.

use super::Patient;

/// Where an inode stands, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(pub(super) usize);

/// Twelve direct pointers, then one for each level of indirection.
pub(super) const DIRECT: usize = 12;
const POINTERS: usize = 15;

const TYPE_MASK: u16 = 0o170_000;
const DIRECTORY: u16 = 0o040_000;
const REGULAR: u16 = 0o100_000;

impl Patient {
    /// The only regular file of this size.
    ///
    /// # Panics
    /// If there is none, or more.
    pub fn file_of_size(&self, size: u64) -> Slot {
        let fits = |slot: &Slot| self.kind(*slot) == REGULAR && self.size(*slot) == size;
        let mut found = self.inodes().filter(fits);
        let slot = found.next().expect("a file of this size");
        assert_eq!(found.next(), None, "only one");
        slot
    }

    /// Every inode in use.
    pub(super) fn inodes(&self) -> impl Iterator<Item = Slot> {
        let numbers = 2..self.group_count() * self.inodes_per_group();
        numbers.map(|number| self.slot(number)).filter(|slot| self.kind(*slot) != 0)
    }

    fn slot(&self, number: usize) -> Slot {
        let (group, index) = (number / self.inodes_per_group(), number % self.inodes_per_group());
        let table = self.group(group) + self.superblock_u32(16) as usize * self.fragment_bytes();
        Slot(table + index * self.inode_bytes())
    }

    /// Size of an inode on disk.
    pub(super) fn inode_bytes(&self) -> usize {
        if self.wide { 256 } else { 128 }
    }

    pub(super) fn is_directory(&self, slot: Slot) -> bool {
        self.kind(slot) == DIRECTORY
    }

    fn kind(&self, slot: Slot) -> u16 {
        self.u16(slot.0) & TYPE_MASK
    }

    fn size_at(&self, slot: Slot) -> usize {
        slot.0 + if self.wide { 16 } else { 8 }
    }

    pub(super) fn size(&self, slot: Slot) -> u64 {
        self.u64(self.size_at(slot))
    }

    /// Gives a file another size, and nothing else.
    pub fn set_size(&mut self, slot: Slot, size: u64) {
        self.set_u64(self.size_at(slot), size);
    }

    /// Sets chflags(2)'s flags.
    pub fn set_flags(&mut self, slot: Slot, flags: u32) {
        self.set_u32(slot.0 + if self.wide { 88 } else { 100 }, flags);
    }

    /// Sets the birth time, in seconds and nanoseconds. Says whether this format keeps one.
    pub fn set_born(&mut self, slot: Slot, seconds: i64, nanoseconds: u32) -> bool {
        if self.wide {
            self.set_u64(slot.0 + 56, seconds.cast_unsigned());
            self.set_u32(slot.0 + 76, nanoseconds);
        }
        self.wide
    }

    /// Sets how many sectors of 512 bytes it takes.
    pub(super) fn set_sectors(&mut self, slot: Slot, sectors: u64) {
        if self.wide {
            self.set_u64(slot.0 + 24, sectors);
        } else {
            self.set_u32(slot.0 + 104, sectors as u32);
        }
    }

    /// Gives every file a fraction of a second: so many nanoseconds for the whole seconds of its
    /// modification time.
    pub fn add_nanoseconds(&mut self, nanoseconds: impl Fn(i64) -> u32) {
        for slot in self.inodes().collect::<Vec<_>>() {
            let seconds = match self.wide {
                true => self.u64(slot.0 + 40) as i64,
                false => i64::from(self.u32(slot.0 + 24) as i32),
            };
            self.set_u32(slot.0 + if self.wide { 64 } else { 28 }, nanoseconds(seconds));
        }
    }

    /// How large a block pointer is.
    pub(super) fn pointer_bytes(&self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    /// Where a pointer of an inode stands.
    pub(super) fn pointer_at(&self, slot: Slot, index: usize) -> usize {
        assert!(index < POINTERS, "an inode has {POINTERS} pointers");
        slot.0 + if self.wide { 112 + 8 * index } else { 40 + 4 * index }
    }

    /// The byte that a pointer points to; 0 for a hole.
    pub(super) fn target(&self, pointer_at: usize) -> usize {
        let fragment = match self.wide {
            true => self.u64(pointer_at) as usize,
            false => self.u32(pointer_at) as usize,
        };
        fragment * self.fragment_bytes()
    }

    /// Lets a pointer point to a byte.
    pub(super) fn point(&mut self, pointer_at: usize, target: usize) {
        let fragment = target / self.fragment_bytes();
        if self.wide {
            self.set_u64(pointer_at, fragment as u64);
        } else {
            self.set_u32(pointer_at, fragment as u32);
        }
    }

    /// Where the direct blocks of a file are, holes left out.
    pub(super) fn direct_blocks(&self, slot: Slot) -> Vec<usize> {
        let pointers = (0..DIRECT).map(|index| self.target(self.pointer_at(slot, index)));
        pointers.filter(|&block| block != 0).collect()
    }
}
