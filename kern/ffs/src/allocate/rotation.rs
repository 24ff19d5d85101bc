//! Where free blocks pass under the head: tables of old UFS1 groups.
//!
//! Superblocks from before UFS2 describe a disk of cylinders, tracks and rotational positions; each
//! group counts its free blocks by cylinder, and by position in it. BSD keeps the counts right
//! as long as the superblock is not updated, and its fsck compares them; nobody places blocks by
//! them any more.

use super::group::Group;
use crate::layout::{Field, GROUP_HEADER_BYTES, Superblock};
use crate::transaction::{Step, Transaction};
use core::ops::Range;

/// Where a block is on the disk that the superblock describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rotation {
    cylinder: u64,
    position: u64,
}

impl Rotation {
    /// `old_cbtocylno` and `old_cbtorpos`; `None` if the description makes no sense.
    fn of(superblock: &Superblock, frag: u32) -> Option<Self> {
        let positive = |value: i32| u64::try_from(value).ok();
        let sector = u64::from(frag) * positive(superblock.old_sectors_per_frag)?;
        let per_cylinder = positive(superblock.old_sectors_per_cylinder)?;
        let per_track = positive(superblock.old_sectors_per_track)?;
        let cylinder = sector.checked_div(per_cylinder)?;
        let sector = sector.checked_rem(per_cylinder)?;
        let skewed = sector.checked_div(per_track)? * positive(superblock.old_track_skew)?
            + sector.checked_rem(per_track)? * positive(superblock.old_interleave)?;
        let positions = positive(superblock.old_rotation_positions)?;
        let position = (skewed % per_track * positions)
            .checked_div(positive(superblock.old_physical_sectors)?)?;
        Some(Self { cylinder, position: if positions <= 1 { 0 } else { position } })
    }
}

impl Group {
    /// The tables' entries for a block: an `i32` and an `i16`, between header and maps.
    fn rotation_entries(&self, superblock: &Superblock, frag: u32) -> Option<[Range<usize>; 2]> {
        let rotation = Rotation::of(superblock, frag)?;
        let positions = u64::try_from(superblock.old_rotation_positions).ok()?.max(1);
        let index = rotation.cylinder.checked_mul(positions)?.checked_add(rotation.position)?;
        let total = u64::from(self.header.old_block_totals) + rotation.cylinder * 4;
        let position = index.checked_mul(2)?.checked_add(self.header.old_positions.into())?;
        let limits = GROUP_HEADER_BYTES as u64..=self.header.inode_map.into();
        let entry = |start: u64, bytes: u64| {
            let fits = limits.contains(&start) && limits.contains(&(start + bytes));
            fits.then_some(start as usize..(start + bytes) as usize)
        };
        Some([entry(total, 4)?, entry(position, 2)?])
    }
}

impl Transaction<'_> {
    /// Enters into the tables that a block has become free (`change` is 1) or not (-1).
    pub(super) fn count_rotation(&mut self, group: &Group, block: u32, change: i32) -> Step<()> {
        let superblock = &self.ffs.superblock;
        if superblock.is_updated() {
            return Ok(());
        }
        let frag = block * group.frags_per_block;
        let Some([total, position]) = group.rotation_entries(superblock, frag) else {
            return Ok(());
        };
        let order = self.ffs.geometry.order;
        let place = self.metadata_mut(group.page, total)?;
        i32::get(place, order).wrapping_add(change).put(place, order);
        let place = self.metadata_mut(group.page, position)?;
        i16::get(place, order).wrapping_add(change as i16).put(place, order);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk of 10 heads of 32 sectors and 8 positions, without skew or interleave.
    fn superblock() -> Superblock {
        let mut superblock = Superblock::zeroed();
        superblock.old_sectors_per_frag = 2;
        superblock.old_sectors_per_cylinder = 320;
        superblock.old_sectors_per_track = 32;
        superblock.old_physical_sectors = 32;
        superblock.old_interleave = 1;
        superblock.old_rotation_positions = 8;
        superblock
    }

    #[test]
    fn blocks_pass_under_the_head() {
        let superblock = superblock();
        let cases = [(0, 0, 0), (8, 0, 4), (16, 0, 0), (152, 0, 4), (160, 1, 0), (168, 1, 4)];
        for (frag, cylinder, position) in cases {
            assert_eq!(Rotation::of(&superblock, frag), Some(Rotation { cylinder, position }));
        }
    }

    #[test]
    fn nonsense_has_no_place() {
        let wrong: [fn(&mut Superblock); 4] = [
            |superblock| superblock.old_sectors_per_cylinder = 0,
            |superblock| superblock.old_sectors_per_track = 0,
            |superblock| superblock.old_physical_sectors = -1,
            |superblock| superblock.old_sectors_per_frag = -1,
        ];
        for wrong in wrong {
            let mut superblock = superblock();
            wrong(&mut superblock);
            assert_eq!(Rotation::of(&superblock, 8), None);
        }
    }
}
