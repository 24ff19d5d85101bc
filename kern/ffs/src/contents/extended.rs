//! Extended attributes of a UFS2 file: two blocks beside its data, freed with it.

use crate::layout::{FragNo, Lbn};
use crate::transaction::{Step, Transaction};
use abi::InodeNo;

impl Transaction<'_> {
    /// Frees the blocks of extended attributes.
    pub(super) fn free_extended(&mut self, number: InodeNo) -> Step<()> {
        let mut inode = self.inode(number)?;
        let extended = core::mem::take(&mut inode.extended);
        let mut freed = 0;
        for (index, frag) in extended.blocks.into_iter().enumerate() {
            let lbn = Lbn(index as u64);
            let frags = self.ffs.block_frags(extended.size_bytes.into(), lbn);
            if !frag.is_hole() && frags > 0 {
                self.free_frags(number, frag, frags, true)?;
                freed += u64::from(frags);
            }
        }
        if extended.blocks == [FragNo::HOLE; 2] {
            return Ok(());
        }
        inode.sectors = inode.sectors.saturating_sub(self.sectors_of(freed));
        self.set_inode(number, inode)
    }
}
