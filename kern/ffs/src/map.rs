//! From a block of a file to a fragment of the disk.
//!
//! ```text
//! inode ─ direct[12] ───────────────────────────► data      n pointers in an indirect block
//!       ─ indirect[0] ─► n pointers ────────────► data      blocks 12 .. 12 + n
//!       ─ indirect[1] ─► n ─► n ────────────────► data      .. + n²
//!       ─ indirect[2] ─► n ─► n ─► n ───────────► data      .. + n³
//! ```
//! Indirect blocks stay in the page cache and are read in place. No pointer is followed before
//! it was checked, and no more than three levels deep, so a cycle ends by itself.

use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::{BlockArea, DIRECT_POINTERS, FragNo, INDIRECT_POINTERS, Lbn, Pointers};
use abi::{Errno, InodeNo, Result};
use bytes::Bytes;
use core::fmt;

/// Which way leads to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A direct pointer.
    Direct(usize),
    /// `depth` indirect blocks, 1 to 3; `index` counts the blocks below the first of them.
    Indirect { depth: u32, index: u64 },
}

impl Way {
    /// The way to block `lbn`, with 2^`pointers_shift` pointers in an indirect block; `None` if
    /// none leads so far.
    pub(crate) fn to(lbn: Lbn, pointers_shift: u32) -> Option<Self> {
        let direct = DIRECT_POINTERS as u64;
        let Some(mut index) = lbn.0.checked_sub(direct) else {
            return Some(Self::Direct(lbn.0 as usize));
        };
        for depth in 1..=INDIRECT_POINTERS as u32 {
            let span = 1 << (depth * pointers_shift);
            if index < span {
                return Some(Self::Indirect { depth, index });
            }
            index -= span;
        }
        None
    }
}

/// What a pointer is for, to name it when it is damaged.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    Data(Lbn),
    Indirect { depth: u32, lbn: Lbn },
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(lbn) => write!(formatter, "block {}", lbn.0),
            Self::Indirect { depth, lbn } => {
                let name = ["single", "double", "triple"][(depth - 1) as usize % 3];
                write!(formatter, "{name} indirect block for block {}", lbn.0)
            }
        }
    }
}

/// Where a way ended.
struct End {
    pointer: FragNo,
    /// How many blocks from this one on are a hole for the same missing pointer.
    hole_blocks: u64,
}

/// The last level of pointers, in place: those of blocks from `first` on.
struct Leaf {
    first: u64,
    block: Bytes,
}

/// The block map of one file, which remembers the indirect block it used last.
pub(crate) struct Map<'a> {
    ffs: &'a Ffs,
    node: &'a Node,
    /// The pointers in the inode, as they were when the map was made: whoever uses it holds the
    /// file's lock. A file without blocks has none.
    pointers: Option<Pointers>,
    leaf: Option<Leaf>,
}

impl<'a> Map<'a> {
    pub(crate) fn new(ffs: &'a Ffs, node: &'a Node) -> Self {
        let pointers = match node.inode().area {
            BlockArea::Pointers(pointers) => Some(pointers),
            BlockArea::Text(_) => None,
        };
        Self { ffs, node, pointers, leaf: None }
    }

    /// The first fragment of block `lbn`, as the pointer says, or a hole. The caller knows how
    /// long the block is and checks it.
    pub(crate) async fn pointer(&mut self, lbn: Lbn) -> Result<FragNo> {
        if let Some(pointer) = self.known(lbn) {
            return Ok(pointer);
        }
        Ok(self.walk(lbn).await?.pointer)
    }

    /// How many blocks from `lbn` on are certainly a hole: none if that is data, and all that a
    /// missing indirect block would lead to.
    pub(crate) async fn hole_blocks(&mut self, lbn: Lbn) -> Result<u64> {
        match self.known(lbn) {
            Some(pointer) => Ok(pointer.is_hole().into()),
            None => Ok(self.walk(lbn).await?.hole_blocks),
        }
    }

    async fn walk(&mut self, lbn: Lbn) -> Result<End> {
        match Way::to(lbn, self.ffs.geometry.pointers_shift()) {
            Some(Way::Indirect { depth, index }) => self.descend(lbn, depth, index).await,
            Some(Way::Direct(_)) | None => Err(Errno::Io),
        }
    }

    /// The same, if it can be told without reading anything.
    #[inline]
    pub(crate) fn known(&self, lbn: Lbn) -> Option<FragNo> {
        if let Some(&pointer) = self.pointers.as_ref()?.direct.get(lbn.0 as usize) {
            return Some(pointer);
        }
        let leaf = self.leaf.as_ref()?;
        let index = lbn.0.checked_sub(leaf.first)?;
        let is_here = index >> self.ffs.geometry.pointers_shift() == 0;
        is_here.then(|| self.pointer_in(&leaf.block, index))
    }

    fn pointer_in(&self, block: &[u8], index: u64) -> FragNo {
        self.ffs.geometry.inode_shape().pointer(block, index as usize)
    }

    async fn descend(&mut self, lbn: Lbn, depth: u32, index: u64) -> Result<End> {
        let shift = self.ffs.geometry.pointers_shift();
        let mask = (1 << shift) - 1;
        let pointers = self.pointers.as_ref().ok_or(Errno::Io)?;
        let mut pointer = pointers.indirect[(depth - 1) as usize];
        for level in (1..=depth).rev() {
            if pointer.is_hole() {
                let span = 1 << (level * shift);
                return Ok(End { pointer, hole_blocks: span - index % span });
            }
            let block = self.indirect_block(pointer, level, lbn).await?;
            let slot = (index >> ((level - 1) * shift)) & mask;
            pointer = self.pointer_in(&block, slot);
            if level == 1 {
                self.leaf = Some(Leaf { first: lbn.0 - slot, block });
            }
        }
        Ok(End { pointer, hole_blocks: pointer.is_hole().into() })
    }

    async fn indirect_block(&self, pointer: FragNo, depth: u32, lbn: Lbn) -> Result<Bytes> {
        let ffs = self.ffs;
        let frags = ffs.geometry.frags_per_block();
        ffs.check_pointer(self.node.number, Role::Indirect { depth, lbn }, pointer, frags)?;
        let block = ffs.cache.read(ffs.page(pointer)).await?;
        // Shorter at the end of the disk, which the check has ruled out.
        if block.len() == ffs.geometry.block_bytes() as usize { Ok(block) } else { Err(Errno::Io) }
    }

    /// Starts to read the indirect block that block `lbn` needs first, if no other block needed
    /// it before: a sequential reader comes to it soon.
    pub(crate) fn expect(&self, lbn: Lbn) {
        let ffs = self.ffs;
        let way = Way::to(lbn, ffs.geometry.pointers_shift());
        let (Some(pointers), Some(Way::Indirect { depth, index: 0 })) =
            (self.pointers.as_ref(), way)
        else {
            return;
        };
        let pointer = pointers.indirect[(depth - 1) as usize];
        if ffs.geometry.is_data(pointer, ffs.geometry.frags_per_block()) {
            ffs.cache.read_ahead(ffs.page(pointer), 1);
        }
    }
}

impl Ffs {
    /// Checks a pointer that is no hole: its `frags` fragments must be a file's, and lie in one
    /// block. Group starts are multiples of a block, so every full block is one page.
    #[inline]
    pub(crate) fn check_pointer(
        &self,
        inode: InodeNo,
        role: Role,
        pointer: FragNo,
        frags: u32,
    ) -> Result<()> {
        let in_block = self.geometry.frag_in_block(pointer) + frags;
        if in_block <= self.geometry.frags_per_block() && self.geometry.is_data(pointer, frags) {
            return Ok(());
        }
        Err(self.bad_pointer(inode, role, pointer))
    }

    #[cold]
    fn bad_pointer(&self, inode: InodeNo, role: Role, pointer: FragNo) -> Errno {
        let (inode, size) = (inode.0, self.geometry.size_frags);
        if pointer.0 >= size {
            return self.damaged(format_args!(
                "inode {inode}: {role} at fragment {pointer} lies outside the file system \
                 (0..{size} fragments)"
            ));
        }
        self.damaged(format_args!(
            "inode {inode}: {role} at fragment {pointer} lies among the file system's own blocks \
             or crosses a block's end"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_meet_without_gap() {
        let shift = 2;
        let way = |lbn| Way::to(Lbn(lbn), shift);
        assert_eq!(way(11), Some(Way::Direct(11)));
        assert_eq!(way(12), Some(Way::Indirect { depth: 1, index: 0 }));
        assert_eq!(way(15), Some(Way::Indirect { depth: 1, index: 3 }));
        assert_eq!(way(16), Some(Way::Indirect { depth: 2, index: 0 }));
        assert_eq!(way(31), Some(Way::Indirect { depth: 2, index: 15 }));
        assert_eq!(way(32), Some(Way::Indirect { depth: 3, index: 0 }));
        assert_eq!(way(95), Some(Way::Indirect { depth: 3, index: 63 }));
        assert_eq!(way(96), None);
    }
}
