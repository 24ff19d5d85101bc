//! The block map within a transaction: read through the overlay, and changed.

use crate::allocate::Near;
use crate::layout::{BlockArea, Format, FragNo, Inode, Lbn, Pointers};
use crate::map::{Role, Way};
use crate::transaction::{Step, Transaction};
use abi::{Errno, FileType, InodeNo};

/// Where a pointer stands.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    /// A direct pointer of the inode.
    Direct(usize),
    /// In an indirect block.
    Indirect { block: FragNo, index: usize },
}

/// The block pointers of an inode that has such.
pub(super) fn pointers(inode: &Inode) -> Option<&Pointers> {
    let may_have_blocks = matches!(
        inode.file_type(),
        Some(FileType::Regular | FileType::Directory | FileType::SymbolicLink)
    );
    match &inode.area {
        BlockArea::Pointers(pointers) if may_have_blocks => Some(pointers),
        _ => None,
    }
}

pub(super) fn pointers_mut(inode: &mut Inode) -> Step<&mut Pointers> {
    match &mut inode.area {
        BlockArea::Pointers(pointers) => Ok(pointers),
        BlockArea::Text(_) => Err(Errno::Io.into()),
    }
}

impl Transaction<'_> {
    /// The first fragment of block `lbn`, as long as the size of the file says, or a hole.
    ///
    /// # Errors
    /// `Io` if a pointer on the way is damaged.
    pub(crate) fn pointer_of(&self, number: InodeNo, inode: &Inode, lbn: Lbn) -> Step<FragNo> {
        let pointers = pointers(inode).ok_or(Errno::Io)?;
        let pointer = match self.way(lbn)? {
            Way::Direct(index) => pointers.direct[index],
            Way::Indirect { depth, index } => {
                let root = pointers.indirect[(depth - 1) as usize];
                self.descend(number, lbn, root, depth, index)?
            }
        };
        if !pointer.is_hole() {
            let frags = self.ffs.block_frags(inode.size_bytes, lbn);
            self.ffs.check_pointer(number, Role::Data(lbn), pointer, frags)?;
        }
        Ok(pointer)
    }

    fn descend(
        &self,
        number: InodeNo,
        lbn: Lbn,
        root: FragNo,
        depth: u32,
        index: u64,
    ) -> Step<FragNo> {
        let mut pointer = root;
        for level in (1..=depth).rev() {
            if pointer.is_hole() {
                break;
            }
            self.check_indirect(number, lbn, level, pointer)?;
            pointer = self.pointer_in(pointer, self.slot(index, level))?;
        }
        Ok(pointer)
    }

    pub(super) fn way(&self, lbn: Lbn) -> Step<Way> {
        let way = Way::to(lbn, self.ffs.geometry.pointers_shift());
        Ok(way.ok_or(Errno::FileTooBig)?)
    }

    /// Which pointer of an indirect block of `level` leads to block `index` below it.
    fn slot(&self, index: u64, level: u32) -> usize {
        let shift = self.ffs.geometry.pointers_shift();
        (index >> ((level - 1) * shift)) as usize & ((1 << shift) - 1)
    }

    pub(super) fn check_indirect(
        &self,
        number: InodeNo,
        lbn: Lbn,
        depth: u32,
        pointer: FragNo,
    ) -> Step<()> {
        let frags = self.ffs.geometry.frags_per_block();
        Ok(self.ffs.check_pointer(number, Role::Indirect { depth, lbn }, pointer, frags)?)
    }

    /// A pointer in an indirect block.
    fn pointer_in(&self, block: FragNo, index: usize) -> Step<FragNo> {
        let page = self.page(self.ffs.page(block))?;
        Ok(self.ffs.geometry.inode_shape().pointer(&page, index))
    }

    /// Changes a pointer.
    pub(super) fn set_pointer(&mut self, number: InodeNo, slot: Slot, to: FragNo) -> Step<()> {
        match slot {
            Slot::Direct(index) => {
                let mut inode = self.inode(number)?;
                pointers_mut(&mut inode)?.direct[index] = to;
                self.set_inode(number, inode)
            }
            Slot::Indirect { block, index } => {
                let shape = self.ffs.geometry.inode_shape();
                let bytes = self.ffs.geometry.format.pointer_bytes() as usize;
                let (page, _) = self.place(block);
                let place = self.metadata_mut(page, index * bytes..(index + 1) * bytes)?;
                shape.set_pointer(place, 0, to);
                Ok(())
            }
        }
    }

    /// Where the pointer to block `lbn` stands; makes the indirect blocks that lead there.
    pub(super) fn slot_of(&mut self, number: InodeNo, lbn: Lbn) -> Step<Slot> {
        let (depth, index) = match self.way(lbn)? {
            Way::Direct(index) => return Ok(Slot::Direct(index)),
            Way::Indirect { depth, index } => (depth, index),
        };
        let mut block = self.root_of(number, lbn, depth)?;
        for level in (2..=depth).rev() {
            self.check_indirect(number, lbn, level, block)?;
            let slot = Slot::Indirect { block, index: self.slot(index, level) };
            block = self.next_of(number, lbn, slot)?;
        }
        self.check_indirect(number, lbn, 1, block)?;
        Ok(Slot::Indirect { block, index: self.slot(index, 1) })
    }

    /// The indirect block that the inode points to.
    fn root_of(&mut self, number: InodeNo, lbn: Lbn, depth: u32) -> Step<FragNo> {
        let inode = self.inode(number)?;
        let root = pointers(&inode).ok_or(Errno::Io)?.indirect[(depth - 1) as usize];
        if !root.is_hole() {
            return Ok(root);
        }
        let root = self.new_indirect(number, lbn)?;
        let mut inode = self.inode(number)?;
        pointers_mut(&mut inode)?.indirect[(depth - 1) as usize] = root;
        self.set_inode(number, inode)?;
        Ok(root)
    }

    /// The indirect block that another points to.
    fn next_of(&mut self, number: InodeNo, lbn: Lbn, slot: Slot) -> Step<FragNo> {
        let Slot::Indirect { block, index } = slot else { return Err(Errno::Io.into()) };
        let next = self.pointer_in(block, index)?;
        if !next.is_hole() {
            return Ok(next);
        }
        let next = self.new_indirect(number, lbn)?;
        self.set_pointer(number, slot, next)?;
        Ok(next)
    }

    /// A block for pointers, all of them holes.
    fn new_indirect(&mut self, number: InodeNo, lbn: Lbn) -> Step<FragNo> {
        let near = self.near(number, lbn, None)?;
        let block = self.allocate_block(number, near)?;
        let (page, _) = self.place(block);
        self.clear_page(page);
        self.metadata_mut(page, 0..self.ffs.geometry.block_bytes() as usize)?;
        self.add_frags(number, self.ffs.geometry.frags_per_block())?;
        Ok(block)
    }

    /// Where block `lbn` is best allocated.
    pub(super) fn near(&self, number: InodeNo, lbn: Lbn, previous: Option<FragNo>) -> Step<Near> {
        self.near_for(number, &self.inode(number)?, lbn, previous)
    }

    /// Counts fragments that a file has got. UFS1 counts sectors in 32 bits.
    pub(super) fn add_frags(&mut self, number: InodeNo, frags: u32) -> Step<()> {
        let geometry = &self.ffs.geometry;
        let mut inode = self.inode(number)?;
        inode.sectors = inode.sectors.saturating_add(self.sectors_of(frags.into()));
        if geometry.format == Format::Ufs1 && inode.sectors > u32::MAX.into() {
            return Err(Errno::FileTooBig.into());
        }
        self.set_inode(number, inode)
    }

    /// 512-byte sectors in so many fragments.
    pub(super) fn sectors_of(&self, frags: u64) -> u64 {
        (frags << self.ffs.geometry.frag_shift) / 512
    }
}
