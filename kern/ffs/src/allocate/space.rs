//! Blocks and fragments: given out, made longer in place, and taken back (`ffs_alloc`,
//! `ffs_fragextend`, `ffs_blkfree`).

use super::group::Group;
use super::order::groups_from;
use super::{Near, bits};
use crate::layout::{CylGroup, FragNo};
use crate::transaction::{Halt, Step, Transaction};
use abi::{Errno, InodeNo};
use block::Sectors;

/// Free fragments that may be so many percent of all, less the reserve, before space matters more
/// than time.
const FRAGMENTATION_PERCENT: i64 = 2;

/// What is asked for.
#[derive(Clone, Copy)]
struct Wish {
    frags: u32,
    /// Rather out of a free block than out of one that is broken already.
    breaks_block: bool,
}

impl Transaction<'_> {
    /// A full block, whose contents are unknown.
    ///
    /// # Errors
    /// `NoSpace`; `QuotaExceeded`; `Halt::Commit` if what is left was freed a moment ago.
    pub(crate) fn allocate_block(&mut self, owner: InodeNo, near: Near) -> Step<FragNo> {
        self.allocate_frags(owner, near, self.ffs.geometry.frags_per_block())
    }

    /// `frags` fragments in a row within one block (1 to a block's), whose contents are unknown.
    ///
    /// # Errors
    /// As [`Transaction::allocate_block`].
    pub(crate) fn allocate_frags(
        &mut self,
        owner: InodeNo,
        near: Near,
        frags: u32,
    ) -> Step<FragNo> {
        self.grant(owner, near, Wish { frags, breaks_block: false })
    }

    /// The same for what has just been found too short for its file: if time matters more than
    /// space, at the beginning of a free block, so that next time it can grow where it is.
    ///
    /// # Errors
    /// As [`Transaction::allocate_block`].
    pub(crate) fn allocate_growing(
        &mut self,
        owner: InodeNo,
        near: Near,
        frags: u32,
    ) -> Step<FragNo> {
        let breaks_block = self.saves_time();
        self.grant(owner, near, Wish { frags, breaks_block })
    }

    fn grant(&mut self, owner: InodeNo, near: Near, wish: Wish) -> Step<FragNo> {
        debug_assert!((1..=self.ffs.geometry.frags_per_block()).contains(&wish.frags));
        self.expect_space()?;
        self.charge_frags(owner, wish.frags.into())?;
        let first = self.first_group(near);
        for number in groups_from(first, self.ffs.geometry.groups) {
            if !self.may_have(number, wish.frags) {
                continue;
            }
            let Some(mut group) = self.group(number)? else { continue };
            let start = near.frag.filter(|_| number == first);
            if let Some(found) = self.take_frags(&mut group, start, wish)? {
                self.put_group(group)?;
                return Ok(found);
            }
        }
        Err(self.out_of_space())
    }

    /// Makes fragments longer where they are, if those behind them are free; says whether.
    ///
    /// # Errors
    /// As [`Transaction::allocate_block`].
    pub(crate) fn extend_frags(
        &mut self,
        owner: InodeNo,
        at: FragNo,
        old_frags: u32,
        new_frags: u32,
    ) -> Step<bool> {
        let geometry = &self.ffs.geometry;
        let offset = geometry.frag_in_block(at);
        if offset + new_frags > geometry.frags_per_block() || !geometry.is_data(at, new_frags) {
            return Ok(false);
        }
        self.expect_space()?;
        let (number, first) = geometry.place_in_group(at);
        let Some(mut group) = self.group(number)? else { return Ok(false) };
        let block = first / group.frags_per_block;
        let wanted = bits::of(offset + old_frags..offset + new_frags);
        let view = self.page(group.page)?;
        if group.free_bits(&self.usable_map(&group, &view), block) & wanted != wanted {
            return Ok(false);
        }
        drop(view);
        self.charge_frags(owner, (new_frags - old_frags).into())?;
        self.take_bits(&mut group, block, wanted)?;
        self.put_group(group)?;
        Ok(true)
    }

    /// Takes back fragments of one block. What cannot be theirs is named and left as it is, also on
    /// the account of whoever paid for it: `fsck` counts anew.
    ///
    /// # Errors
    /// None of its own.
    pub(crate) fn free_frags(
        &mut self,
        owner: InodeNo,
        at: FragNo,
        frags: u32,
        was_metadata: bool,
    ) -> Step<()> {
        let geometry = &self.ffs.geometry;
        let offset = geometry.frag_in_block(at);
        if offset + frags > geometry.frags_per_block() || !geometry.is_data(at, frags) {
            self.not_freed(owner, at, frags, "not a place for data");
            return Ok(());
        }
        let (number, first) = geometry.place_in_group(at);
        let Some(mut group) = self.group(number)? else { return Ok(()) };
        let block = first / group.frags_per_block;
        let free = self.free_now(&group, block)?;
        let freed = bits::of(offset..offset + frags);
        if free & freed != 0 {
            self.not_freed(owner, at, frags, "free already");
            return Ok(());
        }
        self.charge_frags(owner, -i64::from(frags))?;
        self.set_free_bits(&mut group, block, free | freed)?;
        self.put_group(group)?;
        self.note_freed(at, frags, was_metadata);
        Ok(())
    }

    fn not_freed(&self, owner: InodeNo, at: FragNo, frags: u32, why: &str) {
        let owner = owner.0;
        self.ffs.damaged(format_args!(
            "inode {owner}: {frags} fragments at fragment {at} are not freed: {why}"
        ));
    }

    /// Takes fragments in a group, if it has them: as near behind `start` as there are some.
    fn take_frags(
        &mut self,
        group: &mut Group,
        start: Option<FragNo>,
        wish: Wish,
    ) -> Step<Option<FragNo>> {
        let start = start.map(|start| self.ffs.geometry.place_in_group(start).1);
        let Some((block, offset)) = self.find_frags(group, start, wish)? else {
            return Ok(None);
        };
        let frags = wish.frags;
        let at = FragNo(self.first_frag(group, block).0 + u64::from(offset));
        if !self.ffs.geometry.is_data(at, frags) {
            self.leave_out(
                group.number,
                format_args!("fragment {at} is not free, as its map says"),
            );
            return Ok(None);
        }
        self.take_bits(group, block, bits::of(offset..offset + frags))?;
        Ok(Some(at))
    }

    /// A block with so many fragments to give, and which is the first of them.
    fn find_frags(
        &self,
        group: &mut Group,
        start: Option<u32>,
        wish: Wish,
    ) -> Step<Option<(u32, u32)>> {
        let view = self.page(group.page)?;
        let map = self.usable_map(group, &view);
        let whole = |group: &mut Group| find_whole(group, &map, start).map(|block| (block, 0));
        let first = if wish.breaks_block { whole(group) } else { None };
        let run = first.or_else(|| find_run(group, &map, start, wish.frags));
        Ok(run.or_else(|| whole(group)))
    }

    /// Takes free fragments of a block.
    pub(super) fn take_bits(&mut self, group: &mut Group, block: u32, taken: u8) -> Step<()> {
        let free = self.free_now(group, block)?;
        self.note_new_frags(group.number, block, taken);
        self.set_free_bits(group, block, free & !taken)
    }

    /// Fragments of a block were free.
    fn note_new_frags(&mut self, group: CylGroup, block: u32, taken: u8) {
        let geometry = &self.ffs.geometry;
        let first = u64::from(geometry.frags_per_group) * u64::from(group.0);
        let at = FragNo(first + u64::from(block << geometry.frags_per_block_shift()));
        let (page, frag_bytes) = (self.ffs.page(at), geometry.frag_bytes() as usize);
        let frags = (0..u8::BITS as usize).filter(|&frag| taken >> frag & 1 != 0);
        let ranges = frags.map(|frag| frag * frag_bytes..(frag + 1) * frag_bytes);
        let sectors = ranges.fold(Sectors::NONE, |all, range| all | Sectors::of(range));
        self.note_new(page, sectors);
    }

    /// The free fragments of a block, those that are withheld among them.
    fn free_now(&self, group: &Group, block: u32) -> Step<u8> {
        let view = self.page(group.page)?;
        Ok(group.free_bits(view.get(group.frag_map()).unwrap_or_default(), block))
    }

    fn first_group(&self, near: Near) -> CylGroup {
        let geometry = &self.ffs.geometry;
        let wished = near.frag.filter(|frag| frag.0 < geometry.size_frags);
        let group = wished.map_or(near.group, |frag| geometry.place_in_group(frag).0);
        CylGroup(group.0 % geometry.groups)
    }

    /// Whether a group may have so many fragments to give, as far as its counts tell.
    fn may_have(&self, number: CylGroup, frags: u32) -> bool {
        let counts = self.counts_of(number);
        let per_block = i64::from(self.ffs.geometry.frags_per_block());
        let free = i64::from(counts.free_blocks) * per_block + i64::from(counts.free_frags);
        let withheld = i64::from(self.writer.withheld.borrow().frags_in(number));
        let needs_block = i64::from(frags) == per_block;
        free - withheld >= frags.into() && (counts.free_blocks > 0 || !needs_block)
    }

    /// The reserve (`fs_minfree`) is for nobody: nobody here knows who asks.
    fn expect_space(&self) -> Step<()> {
        let geometry = &self.ffs.geometry;
        let total = self.total();
        let free = (i128::from(total.free_blocks) << geometry.frags_per_block_shift())
            + i128::from(total.free_frags);
        let percent = self.ffs.superblock.reserve_percent.clamp(0, 100) as u64;
        let reserve = geometry.data_frags * percent / 100;
        if free > reserve.into() { Ok(()) } else { Err(Errno::NoSpace.into()) }
    }

    /// `fs_optim`, as long as broken blocks are few; BSD changes the superblock where we ask anew.
    fn saves_time(&self) -> bool {
        let superblock = &self.ffs.superblock;
        let percent = i64::from(superblock.reserve_percent) - FRAGMENTATION_PERCENT;
        let limit = i128::from(self.ffs.geometry.data_frags) * i128::from(percent) / 100;
        superblock.optimization == 0 && i128::from(self.total().free_frags) < limit
    }

    /// Nothing was found. What is withheld comes back with the next commit.
    fn out_of_space(&self) -> Halt {
        let is_all = self.writer.withheld.borrow().is_empty();
        if is_all { Errno::NoSpace.into() } else { Halt::Commit }
    }
}

/// Fragments out of the smallest run that is long enough; not out of a free block.
fn find_run(group: &mut Group, map: &[u8], start: Option<u32>, frags: u32) -> Option<(u32, u32)> {
    let start = start.unwrap_or(group.header.frag_rotor) / group.frags_per_block;
    let lengths = frags..group.frags_per_block;
    let counted = lengths.filter(|&length| group.header.free_runs[length as usize] > 0);
    let mut runs = counted.filter_map(|length| group.find_run(map, start, length));
    let (block, offset) = runs.next()?;
    group.header.frag_rotor = block * group.frags_per_block;
    Some((block, offset))
}

/// A free block. The rotor follows only where nobody had a wish or it could not be granted.
fn find_whole(group: &mut Group, map: &[u8], start: Option<u32>) -> Option<u32> {
    if group.header.summary.free_blocks <= 0 {
        return None;
    }
    let wanted = start.map(|start| start / group.frags_per_block);
    let first = wanted.unwrap_or(group.header.block_rotor / group.frags_per_block);
    let block = group.find_block(map, first)?;
    if wanted != Some(block) {
        group.header.block_rotor = block * group.frags_per_block;
    }
    Some(block)
}
