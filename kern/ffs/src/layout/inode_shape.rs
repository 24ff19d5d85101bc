//! What distinguishes the inodes of one file system from another's, and how to read and write
//! them with that knowledge.

use super::{
    AREA_BYTES_MAX, BlockArea, ByteOrder, DIRECT_POINTERS, Dinode, Dinode1, Dinode2, Field, Format,
    FragNo, Inode, POINTERS, Pointers, mode,
};

/// What must be known of a file system to read its inodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InodeShape {
    /// UFS1 or UFS2.
    pub format: Format,
    /// Byte order.
    pub order: ByteOrder,
    /// Whether owners are kept in the 16-bit fields of the 4.3BSD format.
    pub old: bool,
    /// Symbolic links shorter than this stand in the inode (`fs_maxsymlinklen`); zero or less
    /// in the 4.3BSD format.
    pub inline_link_bytes_max: i32,
}

impl InodeShape {
    /// Size of an inode on disk.
    pub const fn bytes(&self) -> usize {
        self.format.inode_bytes() as usize
    }

    /// Reads the inode at the start of `bytes`.
    ///
    /// # Panics
    /// If there are fewer than [`InodeShape::bytes`].
    pub fn parse(&self, bytes: &[u8]) -> Inode {
        match self.format {
            Format::Ufs1 => Dinode1::get(bytes, self.order).inode(self),
            Format::Ufs2 => Dinode2::get(bytes, self.order).inode(self),
        }
    }

    /// Writes `inode` over the one at the start of `bytes`. What an [`Inode`] does not carry
    /// stays as it is.
    ///
    /// # Panics
    /// If there are fewer than [`InodeShape::bytes`].
    pub fn store(&self, inode: &Inode, bytes: &mut [u8]) {
        match self.format {
            Format::Ufs1 => store::<Dinode1>(self, inode, bytes),
            Format::Ufs2 => store::<Dinode2>(self, inode, bytes),
        }
    }

    /// BSD's rule for links in inodes: shorter than the limit; where there is no limit (4.3BSD's
    /// format), those that have no blocks.
    pub(super) fn is_inline_link(&self, mode: u16, size_bytes: u64, sectors: u64) -> bool {
        let area_bytes = POINTERS as u64 * u64::from(self.format.pointer_bytes());
        let short = match self.inline_link_bytes_max {
            1.. => size_bytes < self.inline_link_bytes_max as u64,
            _ => sectors == 0,
        };
        mode & mode::TYPE == mode::SYMBOLIC_LINK && short && size_bytes <= area_bytes
    }

    pub(super) fn area(&self, raw: &[u8], is_text: bool) -> BlockArea {
        if is_text {
            let mut text = [0; AREA_BYTES_MAX];
            text[..raw.len()].copy_from_slice(raw);
            return BlockArea::Text(text);
        }
        let pointer = |index: usize| self.pointer(raw, index);
        BlockArea::Pointers(Pointers {
            direct: core::array::from_fn(pointer),
            indirect: core::array::from_fn(|level| pointer(DIRECT_POINTERS + level)),
        })
    }

    /// The block pointer number `index` of an inode's block area or an indirect block.
    ///
    /// # Panics
    /// If it lies beyond the end of `block`.
    #[inline]
    pub fn pointer(&self, block: &[u8], index: usize) -> FragNo {
        match self.format {
            Format::Ufs1 => i32::get(&block[index * 4..], self.order).into(),
            Format::Ufs2 => i64::get(&block[index * 8..], self.order).into(),
        }
    }

    /// Writes the block pointer number `index`.
    ///
    /// # Panics
    /// If it lies beyond the end of `block`.
    pub fn set_pointer(&self, block: &mut [u8], index: usize, pointer: FragNo) {
        match self.format {
            Format::Ufs1 => (pointer.0 as u32).put(&mut block[index * 4..], self.order),
            Format::Ufs2 => pointer.0.put(&mut block[index * 8..], self.order),
        }
    }

    pub(super) fn store_area(&self, area: &BlockArea, raw: &mut [u8]) {
        match area {
            BlockArea::Text(text) => raw.copy_from_slice(&text[..raw.len()]),
            BlockArea::Pointers(Pointers { direct, indirect }) => {
                for (index, &pointer) in direct.iter().chain(indirect).enumerate() {
                    self.set_pointer(raw, index, pointer);
                }
            }
        }
    }
}

fn store<D: Dinode>(shape: &InodeShape, inode: &Inode, bytes: &mut [u8]) {
    let mut dinode = D::get(bytes, shape.order);
    dinode.set(inode, shape);
    dinode.put(bytes, shape.order);
}
