//! One file claims its blocks.

use super::allocate::{is_snapshot_mark, range};
use super::census::Census;
use super::class::Class;
use super::notes::Notes;
use super::report::Place;
use super::volume::{SNAPSHOT_FLAG, Volume};
use super::walk::{Kind, Pointer, Verdict};
use ffs::layout::{Geometry, Inode, mode};
use std::ops::Range;

/// More bad pointers, or more shared blocks, than this (MAXBAD, MAXDUP), and a file is not
/// believed.
const BELIEVED_MAX: u32 = 10;

/// A pointer to what has an owner already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Duplicate {
    pub inode: u32,
    pub pointer: Pointer,
}

/// What a file has got.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    /// Fragments that had no owner before, in runs.
    pub owned: Vec<Range<u64>>,
    pub duplicates: Vec<Duplicate>,
    /// How many fragments in all.
    pub frags: u64,
}

/// Why a file cannot stay as it is.
pub(super) enum Trouble {
    /// It is not believed.
    Unbelievable(Class, String),
    /// It is a directory without this block.
    Hole { lbn: u64 },
}

/// A file at its claim.
pub(super) struct Claim {
    number: u32,
    geometry: Geometry,
    is_directory: bool,
    is_snapshot: bool,
    /// Blocks that a directory must have.
    blocks: u64,
    claimed: Claimed,
    bad: u32,
    behind: u64,
    next_lbn: u64,
    hole: Option<u64>,
}

impl Claim {
    pub fn new(volume: &Volume<'_>, number: u32, inode: &Inode) -> Self {
        Self {
            number,
            geometry: volume.geometry,
            is_directory: inode.mode & mode::TYPE == mode::DIRECTORY,
            is_snapshot: inode.flags & SNAPSHOT_FLAG != 0,
            blocks: inode.size_bytes.div_ceil(volume.block_bytes()),
            claimed: Claimed::default(),
            bad: 0,
            behind: 0,
            next_lbn: 0,
            hole: None,
        }
    }

    pub fn judge(
        &mut self,
        census: &mut Census,
        notes: &mut Notes<'_>,
        pointer: &Pointer,
    ) -> Verdict {
        if self.is_snapshot && is_snapshot_mark(pointer.to) {
            return Verdict::Pass;
        }
        if pointer.frags == 0 {
            self.behind += 1;
            return Verdict::Drop;
        }
        if !self.is_place(pointer) {
            return self.refuse(notes, pointer);
        }
        let place = range(pointer.to, pointer.frags);
        if !census.used.any(place.clone()) {
            census.used.set(place.clone());
            self.own(place);
        } else if self.owns(&place) {
            return self.refuse(notes, pointer);
        } else {
            self.claimed.duplicates.push(Duplicate { inode: self.number, pointer: *pointer });
        }
        self.claimed.frags += u64::from(pointer.frags);
        self.count(pointer);
        let is_believed = self.claimed.duplicates.len() <= BELIEVED_MAX as usize;
        if is_believed { Verdict::Keep } else { Verdict::Stop }
    }

    fn is_place(&self, pointer: &Pointer) -> bool {
        let before = self.geometry.frag_in_block(pointer.to);
        before + pointer.frags <= self.geometry.frags_per_block()
            && self.geometry.is_data(pointer.to, pointer.frags)
    }

    fn refuse(&mut self, notes: &mut Notes<'_>, pointer: &Pointer) -> Verdict {
        self.bad += 1;
        if self.bad > BELIEVED_MAX {
            return Verdict::Stop;
        }
        let why = if self.is_place(pointer) { "is its own already" } else { "is no data" };
        let what = format!("{} at fragment {} {why}", name(pointer.kind), pointer.to);
        let place = Place::inode(self.number).at(pointer.to.0);
        notes.fixed(Class::BadBlock, place, what, "became a hole");
        Verdict::Drop
    }

    fn own(&mut self, place: Range<u64>) {
        match self.claimed.owned.last_mut() {
            Some(last) if last.end == place.start => last.end = place.end,
            _ => self.claimed.owned.push(place),
        }
    }

    fn owns(&self, place: &Range<u64>) -> bool {
        let meets = |own: &Range<u64>| own.start < place.end && place.start < own.end;
        self.claimed.owned.iter().any(meets)
    }

    /// Blocks of a directory come without a gap.
    fn count(&mut self, pointer: &Pointer) {
        let Kind::Data(lbn) = pointer.kind else { return };
        if lbn != self.next_lbn {
            self.hole.get_or_insert(self.next_lbn);
        }
        self.next_lbn = lbn + 1;
    }

    pub fn finish(mut self, notes: &mut Notes<'_>) -> (Claimed, Option<Trouble>) {
        let trouble = self.trouble();
        if self.behind > 0 && !matches!(trouble, Some(Trouble::Unbelievable(..))) {
            let what = format!("{} pointers behind its end", self.behind);
            let place = Place::inode(self.number);
            notes.fixed(Class::PartlyTruncated, place, what, "became holes");
        }
        (std::mem::take(&mut self.claimed), trouble)
    }

    fn trouble(&self) -> Option<Trouble> {
        if self.bad > BELIEVED_MAX {
            let what = format!("more than {BELIEVED_MAX} of its pointers are bad");
            return Some(Trouble::Unbelievable(Class::ManyBadBlocks, what));
        }
        if self.claimed.duplicates.len() > BELIEVED_MAX as usize {
            let what = format!("more than {BELIEVED_MAX} of its blocks are other files'");
            return Some(Trouble::Unbelievable(Class::ManyDuplicates, what));
        }
        let end = (self.next_lbn < self.blocks).then_some(self.next_lbn);
        let hole = self.hole.or(end).filter(|_| self.is_directory);
        hole.map(|lbn| Trouble::Hole { lbn })
    }
}

/// What a pointer leads to, for people.
fn name(kind: Kind) -> String {
    match kind {
        Kind::Data(lbn) => format!("block {lbn}"),
        Kind::Indirect(1) => "a single indirect block".into(),
        Kind::Indirect(2) => "a double indirect block".into(),
        Kind::Indirect(_) => "a triple indirect block".into(),
        Kind::Extended => "a block of extended attributes".into(),
    }
}
