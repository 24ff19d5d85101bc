//! Phase 1b: blocks that two files lead to.
//!
//! Whose they are nobody can tell, so both get the contents: the file that came first keeps the
//! block, every other one is given a copy. (BSD clears all of them.) If there is no room for a
//! copy, the pointer becomes a hole.

use super::Check;
use super::allocate::{is_snapshot_mark, range};
use super::claim::Duplicate;
use super::class::Class;
use super::error::Result;
use super::report::{Phase, Place};
use super::walk::{Home, Verdict};
use ffs::layout::{BlockArea, FragNo, Inode};
use std::collections::BTreeMap;

/// Who came first, by fragment.
type Owners = BTreeMap<u64, Option<u32>>;

impl Check<'_> {
    pub(super) fn check_duplicates(&mut self) -> Result<()> {
        let duplicates = std::mem::take(&mut self.duplicates);
        if duplicates.is_empty() {
            return Ok(());
        }
        self.notes.phase = Phase::Duplicates;
        let owners = self.owners(&duplicates)?;
        let mut copies = BTreeMap::new();
        let total = duplicates.len() as u64;
        for (done, duplicate) in (0..).zip(&duplicates) {
            self.notes.progress(done, total);
            self.part(duplicate, &owners, &mut copies)?;
        }
        self.notes.progress(total, total);
        Ok(())
    }

    /// The first file to lead to each of the fragments: they were claimed in this order.
    fn owners(&mut self, duplicates: &[Duplicate]) -> Result<Owners> {
        let places = duplicates.iter().map(|duplicate| &duplicate.pointer);
        let places = places.flat_map(|pointer| range(pointer.to, pointer.frags));
        let mut owners: Owners = places.map(|frag| (frag, None)).collect();
        let inodes: Vec<u32> = self.census.inodes.iter().map(|(number, _)| number as u32).collect();
        for number in inodes {
            if self.census.known(number).is_free() {
                continue;
            }
            let mut inode = self.volume.inode(number)?;
            self.volume.walk(&mut inode, &mut |pointer| {
                if is_snapshot_mark(pointer.to) {
                    return Verdict::Pass;
                }
                for (_, owner) in owners.range_mut(range(pointer.to, pointer.frags)) {
                    owner.get_or_insert(number);
                }
                Verdict::Keep
            })?;
        }
        Ok(owners)
    }

    /// Gives a file what it shares with another as its own. `copies` are the blocks of pointers
    /// that were copied before: by file and place, where the copy is.
    fn part(
        &mut self,
        duplicate: &Duplicate,
        owners: &Owners,
        copies: &mut BTreeMap<(u32, FragNo), FragNo>,
    ) -> Result<()> {
        let Duplicate { inode: number, pointer } = *duplicate;
        let owner = range(pointer.to, pointer.frags).find_map(|frag| owners.get(&frag).copied()?);
        let copy = self.copy(pointer.to, pointer.frags)?;
        if let Some(copy) = copy {
            copies.insert((number, pointer.to), copy);
        }
        let mut inode = self.volume.inode(number)?;
        let home = match pointer.home {
            Home::Block(at, index) => {
                Home::Block(copies.get(&(number, at)).copied().unwrap_or(at), index)
            }
            home => home,
        };
        self.set_pointer(&mut inode, home, copy.unwrap_or(FragNo::HOLE))?;
        if copy.is_none() {
            let sectors = u64::from(pointer.frags) << (self.volume.geometry.frag_shift - 9);
            inode.sectors = inode.sectors.saturating_sub(sectors);
        }
        self.volume.store_inode(number, &inode)?;
        let place = Place::inode(number).at(pointer.to.0);
        let what = match owner {
            Some(owner) => format!("fragment {} is inode {owner}'s, too", pointer.to),
            None => format!("fragment {} is another file's, too", pointer.to),
        };
        let remedy = if copy.is_some() { "copied" } else { "became a hole" };
        self.notes.fixed(Class::Duplicate, place, what, remedy);
        Ok(())
    }

    fn copy(&mut self, from: FragNo, count: u32) -> Result<Option<FragNo>> {
        let to = match count == self.volume.block_frags() {
            true => self.allocate_block(),
            false => self.allocate(count),
        };
        let Some(to) = to else { return Ok(None) };
        let bytes = self.volume.read_frags(from, count)?;
        self.volume.write(to, &bytes)?;
        Ok(Some(to))
    }

    /// Lets the pointer that stands at `home` lead elsewhere.
    pub(super) fn set_pointer(&mut self, inode: &mut Inode, home: Home, to: FragNo) -> Result<()> {
        match (home, &mut inode.area) {
            (Home::Direct(index), BlockArea::Pointers(pointers)) => pointers.direct[index] = to,
            (Home::Indirect(index), BlockArea::Pointers(pointers)) => pointers.indirect[index] = to,
            (Home::Extended(index), _) => inode.extended.blocks[index] = to,
            (Home::Block(at, index), _) => {
                let mut bytes = self.volume.read_frags(at, self.volume.block_frags())?;
                self.volume.inodes.set_pointer(&mut bytes, index, to);
                self.volume.write(at, &bytes)?;
            }
            (Home::Direct(_) | Home::Indirect(_), BlockArea::Text(_)) => {}
        }
        Ok(())
    }
}
