//! Whose data the disk does not have yet.

use crate::layout::Lbn;
use abi::InodeNo;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use block::PageNo;
use core::ops::Range;

/// Fewer blocks than this are not worth looking through.
const BLOCKS_MIN: usize = 256;

/// Blocks of data that may be dirty. They are noted as they become so; that they are clean again
/// is found out now and then, so there are at most twice as many as are dirty, and some.
#[derive(Debug, Default)]
pub(crate) struct DirtyFiles {
    blocks: BTreeMap<(InodeNo, Lbn), PageNo>,
    /// How many were left when those that were clean were last forgotten.
    left: usize,
}

impl DirtyFiles {
    /// A block has data in `page` that is not on the disk.
    pub(crate) fn note(&mut self, inode: InodeNo, lbn: Lbn, page: PageNo) {
        self.blocks.insert((inode, lbn), page);
    }

    /// Blocks from `lbn` on are no longer the file's.
    pub(crate) fn cut(&mut self, inode: InodeNo, lbn: Lbn) {
        let mut behind = self.blocks.split_off(&(inode, lbn));
        let mut others = behind.split_off(&(InodeNo(inode.0 + 1), Lbn(0)));
        self.blocks.append(&mut others);
    }

    /// The data of one block is lost.
    pub(super) fn forget(&mut self, inode: InodeNo, lbn: Lbn) {
        self.blocks.remove(&(inode, lbn));
    }

    /// The pages of some blocks of a file.
    pub(super) fn pages(&self, inode: InodeNo, lbns: Range<Lbn>) -> impl Iterator<Item = PageNo> {
        let (start, end) = (lbns.start, lbns.end.max(lbns.start));
        self.blocks.range((inode, start)..(inode, end)).map(|(_, &page)| page)
    }

    /// The pages of all of them.
    #[cfg(test)]
    pub(super) fn all_pages(&self) -> Vec<PageNo> {
        self.blocks.values().copied().collect()
    }

    /// Whose blocks have data in a page: several files', if their fragments share it.
    pub(super) fn owners(&self, page: PageNo) -> Vec<(InodeNo, Lbn)> {
        let blocks = self.blocks.iter().filter(|&(_, &other)| other == page);
        blocks.map(|(&owner, _)| owner).collect()
    }

    /// How many.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Forgets blocks that are clean, if it is time to.
    pub(super) fn forget_clean(&mut self, is_dirty: impl Fn(PageNo) -> bool) {
        if self.blocks.len() > 2 * self.left.max(BLOCKS_MIN) {
            self.blocks.retain(|_, &mut page| is_dirty(page));
            self.left = self.blocks.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(blocks: &[(u64, u64)]) -> DirtyFiles {
        let mut files = DirtyFiles::default();
        for &(inode, lbn) in blocks {
            files.note(InodeNo(inode), Lbn(lbn), PageNo(inode * 100 + lbn));
        }
        files
    }

    #[test]
    fn a_cut_takes_the_end_of_one_file() {
        let mut files = noted(&[(1, 0), (1, 7), (2, 0), (2, 1), (2, 9), (3, 5)]);
        files.cut(InodeNo(2), Lbn(1));
        let left: Vec<u64> = files.all_pages().into_iter().map(|page| page.0).collect();
        assert_eq!(left, [100, 107, 200, 305]);
    }

    #[test]
    fn a_range_may_be_empty_or_backwards() {
        let files = noted(&[(1, 0), (1, 7), (2, 0)]);
        let pages = |range| files.pages(InodeNo(1), range).count();
        assert_eq!(pages(Lbn(0)..Lbn(u64::MAX)), 2);
        assert_eq!((pages(Lbn(1)..Lbn(7)), pages(Lbn(9)..Lbn(3))), (0, 0));
    }

    #[test]
    fn fragments_of_several_files_share_a_page() {
        let mut files = noted(&[(1, 0)]);
        files.note(InodeNo(5), Lbn(2), PageNo(100));
        let owners = files.owners(PageNo(100));
        assert_eq!(owners, [(InodeNo(1), Lbn(0)), (InodeNo(5), Lbn(2))]);
    }

    #[test]
    fn clean_blocks_are_forgotten_in_time() {
        let mut files = DirtyFiles::default();
        for lbn in 0..100_000 {
            files.note(InodeNo(1), Lbn(lbn), PageNo(lbn));
            files.forget_clean(|page| page.0 + 300 > lbn);
            assert!(files.blocks.len() <= 2 * 300 + 1);
        }
    }
}
