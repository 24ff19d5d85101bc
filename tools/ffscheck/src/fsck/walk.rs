//! All pointers of a file, and what becomes of each.

use super::error::Result;
use super::volume::Volume;
use ffs::layout::{BlockArea, DIRECT_POINTERS, FragNo, Inode, Pointers, mode};

/// What a pointer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The block of the file with this number.
    Data(u64),
    /// A block of pointers, so many levels above data.
    Indirect(u32),
    /// Extended attributes.
    Extended,
}

/// Where a pointer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    Direct(usize),
    Indirect(usize),
    Extended(usize),
    /// In a block of pointers.
    Block(FragNo, usize),
}

/// A pointer that is no hole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointer {
    pub to: FragNo,
    /// Fragments there; 0 if it stands behind the file's end.
    pub frags: u32,
    pub kind: Kind,
    pub home: Home,
}

/// What becomes of a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays, and if it leads to pointers, so do they.
    Keep,
    /// It stays, and what it leads to is not looked at.
    Pass,
    /// It becomes a hole.
    Drop,
    /// The walk is over.
    Stop,
}

/// Whether a walk saw everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walked {
    Whole,
    Stopped,
}

/// A block of pointers that is walked through.
struct Level {
    at: FragNo,
    /// How many levels above data.
    height: u32,
    /// The first block of the file that it leads to.
    first_lbn: u64,
    size_bytes: u64,
}

impl Volume<'_> {
    /// Shows every pointer of a file to `judge`, parents before children. Changes `inode`, and
    /// blocks of pointers at their place; the inode itself is stored by who called. The number of
    /// a device, which stands where others have their first pointer, is none.
    pub fn walk(
        &mut self,
        inode: &mut Inode,
        judge: &mut dyn FnMut(&Pointer) -> Verdict,
    ) -> Result<Walked> {
        if self.walk_extended(inode, judge) == Walked::Stopped {
            return Ok(Walked::Stopped);
        }
        let BlockArea::Pointers(mut pointers) = inode.area else { return Ok(Walked::Whole) };
        let is_device =
            matches!(inode.mode & mode::TYPE, mode::CHARACTER_DEVICE | mode::BLOCK_DEVICE);
        let number = pointers.direct[0];
        if is_device {
            pointers.direct[0] = FragNo::HOLE;
        }
        let walked = self.walk_pointers(&mut pointers, inode.size_bytes, judge)?;
        if is_device {
            pointers.direct[0] = number;
        }
        inode.area = BlockArea::Pointers(pointers);
        Ok(walked)
    }

    fn walk_extended(
        &self,
        inode: &mut Inode,
        judge: &mut dyn FnMut(&Pointer) -> Verdict,
    ) -> Walked {
        let size_bytes = u64::from(inode.extended.size_bytes);
        for (index, to) in inode.extended.blocks.iter_mut().enumerate() {
            let frags = self.frags_of(size_bytes, index as u64);
            let home = Home::Extended(index);
            if apply(to, (frags, Kind::Extended, home), judge) == Verdict::Stop {
                return Walked::Stopped;
            }
        }
        Walked::Whole
    }

    fn walk_pointers(
        &mut self,
        pointers: &mut Pointers,
        size_bytes: u64,
        judge: &mut dyn FnMut(&Pointer) -> Verdict,
    ) -> Result<Walked> {
        for (index, to) in pointers.direct.iter_mut().enumerate() {
            let lbn = index as u64;
            let frags = self.frags_of(size_bytes, lbn);
            let home = Home::Direct(index);
            if apply(to, (frags, Kind::Data(lbn), home), judge) == Verdict::Stop {
                return Ok(Walked::Stopped);
            }
        }
        let mut first_lbn = DIRECT_POINTERS as u64;
        for (index, to) in pointers.indirect.iter_mut().enumerate() {
            let height = index as u32 + 1;
            let level = Level { at: *to, height, first_lbn, size_bytes };
            if self.walk_indirect(to, Home::Indirect(index), level, judge)? == Walked::Stopped {
                return Ok(Walked::Stopped);
            }
            first_lbn += self.span(height);
        }
        Ok(Walked::Whole)
    }

    /// Blocks of a file that a block of pointers so many levels above data leads to.
    fn span(&self, height: u32) -> u64 {
        1 << (height * self.geometry.pointers_shift())
    }

    fn walk_indirect(
        &mut self,
        to: &mut FragNo,
        home: Home,
        level: Level,
        judge: &mut dyn FnMut(&Pointer) -> Verdict,
    ) -> Result<Walked> {
        let is_behind = level.first_lbn * self.block_bytes() >= level.size_bytes;
        let frags = if is_behind { 0 } else { self.block_frags() };
        match apply(to, (frags, Kind::Indirect(level.height), home), judge) {
            Verdict::Stop => Ok(Walked::Stopped),
            Verdict::Keep if !to.is_hole() => self.walk_block(&level, judge),
            _ => Ok(Walked::Whole),
        }
    }

    fn walk_block(
        &mut self,
        level: &Level,
        judge: &mut dyn FnMut(&Pointer) -> Verdict,
    ) -> Result<Walked> {
        let mut bytes = self.read_frags(level.at, self.block_frags())?;
        let mut is_changed = false;
        let mut walked = Walked::Whole;
        for index in 0..self.span(1) as usize {
            let mut to = self.inodes.pointer(&bytes, index);
            if to.is_hole() {
                continue;
            }
            let before = to;
            walked = self.walk_child(level, index, &mut to, judge)?;
            if to != before {
                self.inodes.set_pointer(&mut bytes, index, to);
                is_changed = true;
            }
            if walked == Walked::Stopped {
                break;
            }
        }
        if is_changed {
            self.write(level.at, &bytes)?;
        }
        Ok(walked)
    }

    fn walk_child(
        &mut self,
        level: &Level,
        index: usize,
        to: &mut FragNo,
        judge: &mut dyn FnMut(&Pointer) -> Verdict,
    ) -> Result<Walked> {
        let home = Home::Block(level.at, index);
        let height = level.height - 1;
        let first_lbn = level.first_lbn + index as u64 * self.span(height);
        if height > 0 {
            let level = Level { at: *to, height, first_lbn, size_bytes: level.size_bytes };
            return self.walk_indirect(to, home, level, judge);
        }
        let frags = self.frags_of(level.size_bytes, first_lbn);
        match apply(to, (frags, Kind::Data(first_lbn), home), judge) {
            Verdict::Stop => Ok(Walked::Stopped),
            _ => Ok(Walked::Whole),
        }
    }
}

/// Asks about one pointer, and does to it what is said.
fn apply(
    to: &mut FragNo,
    (frags, kind, home): (u32, Kind, Home),
    judge: &mut dyn FnMut(&Pointer) -> Verdict,
) -> Verdict {
    if to.is_hole() {
        return Verdict::Pass;
    }
    let verdict = judge(&Pointer { to: *to, frags, kind, home });
    if verdict == Verdict::Drop {
        *to = FragNo::HOLE;
    }
    verdict
}
