//! Free blocks in a row, as many as are asked for: for a log, which must be one run, and which is
//! on nobody's account.

use super::bits;
use crate::layout::{CylGroup, FragNo};
use crate::transaction::{Halt, Step, Transaction};
use abi::Errno;

impl Transaction<'_> {
    /// So many blocks in a row of one group, whose contents are unknown.
    ///
    /// # Errors
    /// `NoSpace` if the group has no such run.
    pub(crate) fn allocate_run(&mut self, number: CylGroup, blocks: u32) -> Step<FragNo> {
        let Some(mut group) = self.group(number)? else { return Err(Errno::NoSpace.into()) };
        let view = self.page(group.page)?;
        let found = group.find_cluster(&self.usable_map(&group, &view), 0, blocks);
        drop(view);
        let first = found.ok_or(Halt::Errno(Errno::NoSpace))?;
        let (at, frags) = (self.first_frag(&group, first), blocks * group.frags_per_block);
        if !self.ffs.geometry.is_data(at, frags) {
            let line = format_args!("the blocks at fragment {at} are not free, as its map says");
            self.leave_out(number, line);
            return Err(Errno::NoSpace.into());
        }
        let all = bits::all(group.frags_per_block);
        for block in first..first + blocks {
            self.take_bits(&mut group, block, all)?;
        }
        self.put_group(group)?;
        Ok(at)
    }
}
