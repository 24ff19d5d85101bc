//! Looking at what is free, without taking it.

use crate::layout::{CylinderGroup, FragNo};
use crate::transaction::{Step, Transaction};
use block::PageNo;
use core::ops::Range;

impl Transaction<'_> {
    /// Whether any of the fragments that begin at `frag` is free: then they are nobody's.
    pub(super) fn is_any_free(&self, frag: FragNo, frags: u32) -> Step<bool> {
        let (group, first) = self.ffs.geometry.place_in_group(frag);
        let block = self.page(self.ffs.page(self.ffs.geometry.group_block(group)))?;
        Ok(self.free_in(&block, first..first + frags).any(|is_free| is_free))
    }

    /// Whether a page has nothing but these fragments that anybody needs: then it is not read. If
    /// it is in memory, that is no question.
    pub(super) fn is_alone(&self, page: PageNo, frag: FragNo, frags: u32) -> bool {
        let geometry = &self.ffs.geometry;
        let all = geometry.frags_per_block();
        let (group, first) = geometry.place_in_group(frag);
        let start = first - first % all;
        let Ok(block) = self.page(self.ffs.page(geometry.group_block(group))) else { return false };
        let mut others = [start..first, first + frags..start + all].into_iter();
        frags == all
            || self.page(page).is_err()
                && others.all(|part| self.free_in(&block, part).all(|is_free| is_free))
    }

    /// Whether each of some fragments of a group is free, as its block says.
    fn free_in(&self, block: &[u8], frags: Range<u32>) -> impl Iterator<Item = bool> {
        let header = CylinderGroup::parse(block, self.ffs.geometry.order);
        let map = header.and_then(|header| block.get(header.frag_map as usize..));
        frags.map(move |frag| {
            let byte = map.and_then(|map| map.get(frag as usize / 8));
            byte.is_some_and(|byte| byte & (1 << (frag % 8)) != 0)
        })
    }
}
