//! Random transactions against a plain set.

use super::recount::recount;
use super::world::{Made, World, layouts};
use crate::allocate::Near;
use crate::layout::{CylGroup, CylinderGroup, Field, FragNo, Geometry, Inode, mode};
use crate::testing::Luck;
use crate::transaction::{Halt, Step, Transaction};
use abi::{Errno, InodeNo};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// One thing that a transaction does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Allocate { near: Near, frags: u32 },
    Extend { at: u64, old: u32, new: u32 },
    Free { at: u64, frags: u32 },
    Create { parent: u64, is_directory: bool },
    Remove { inode: u64, is_directory: bool },
}

/// What became of it.
enum Done {
    Frags { at: u64, frags: u32 },
    Extended { at: u64, old: u32, new: u32, is_longer: bool },
    Freed { at: u64, frags: u32 },
    Inode { number: u64, is_directory: bool, generation: u32 },
    Removed { number: u64 },
}

const OWNER: InodeNo = InodeNo(2);

fn carry_out(transaction: &mut Transaction<'_>, deed: Deed) -> Step<Done> {
    Ok(match deed {
        Deed::Allocate { near, frags } => {
            let at = transaction.allocate_frags(OWNER, near, frags)?.0;
            Done::Frags { at, frags }
        }
        Deed::Extend { at, old, new } => {
            let is_longer = transaction.extend_frags(OWNER, FragNo(at), old, new)?;
            Done::Extended { at, old, new, is_longer }
        }
        Deed::Free { at, frags } => {
            transaction.free_frags(OWNER, FragNo(at), frags, false)?;
            Done::Freed { at, frags }
        }
        Deed::Create { parent, is_directory } => {
            let (number, generation) = transaction.allocate_inode(InodeNo(parent), is_directory)?;
            let mode = if is_directory { mode::DIRECTORY } else { mode::REGULAR };
            transaction.set_inode(number, Inode { mode, generation, ..Inode::free() })?;
            Done::Inode { number: number.0, is_directory, generation }
        }
        Deed::Remove { inode, is_directory } => {
            transaction.free_inode(InodeNo(inode), is_directory)?;
            Done::Removed { number: inode }
        }
    })
}

/// Who has what.
struct Model {
    world: World,
    luck: Luck,
    frags_per_block: u32,
    free: BTreeSet<u64>,
    inodes: BTreeSet<u64>,
    pieces: Vec<(u64, u32)>,
    files: Vec<(u64, bool)>,
    generations: BTreeSet<(u64, u32)>,
}

impl Model {
    fn below(&mut self, end: usize) -> usize {
        self.luck.below(end.max(1) as u64) as usize
    }

    fn new(made: &Made, seed: u64) -> Self {
        let world = World::new(made);
        let (free, inodes) = recount(&world);
        let frags_per_block = world.ffs.geometry.frags_per_block();
        Self {
            world,
            luck: Luck(seed),
            frags_per_block,
            free,
            inodes,
            pieces: Vec::new(),
            files: Vec::new(),
            generations: BTreeSet::new(),
        }
    }

    fn near(&mut self) -> Near {
        let geometry: Geometry = self.world.ffs.geometry;
        let group = CylGroup(self.below(geometry.groups as usize) as u32);
        let frag = match self.below(3) {
            0 => None,
            1 => Some(FragNo(self.below(geometry.size_frags as usize + 9) as u64)),
            _ => self.pieces.last().map(|&(at, frags)| FragNo(at + u64::from(frags))),
        };
        Near { group, frag }
    }

    fn next(&mut self, is_filling: bool) -> Deed {
        let weights = if is_filling { [8, 12, 13, 15, 16] } else { [2, 4, 11, 12, 16] };
        let choice = self.below(16);
        let (piece, file) = (self.pieces.len(), self.files.len());
        let (piece, file) = (self.below(piece), self.below(file));
        let piece = self.pieces.get(piece).copied();
        let file = self.files.get(file).copied();
        match (weights.iter().position(|&weight| choice < weight), piece, file) {
            (Some(1), Some((at, old)), _) if old < self.frags_per_block => {
                let more = (self.frags_per_block - old) as usize;
                let new = old + 1 + self.below(more) as u32;
                Deed::Extend { at, old, new }
            }
            (Some(2), Some((at, frags)), _) => Deed::Free { at, frags },
            (Some(4), _, Some((inode, is_directory))) => Deed::Remove { inode, is_directory },
            (Some(3 | 4), ..) => {
                let parent = file.map_or(2, |(number, _)| number);
                Deed::Create { parent, is_directory: self.below(4) == 0 }
            }
            _ => {
                let most = self.frags_per_block as usize;
                let frags = 1 + self.below(most) as u32;
                Deed::Allocate { near: self.near(), frags }
            }
        }
    }

    /// Some deeds in one transaction; now and then it fails in the end, and nothing has happened.
    fn step(&mut self, is_filling: bool) {
        let mut deeds = Vec::new();
        for _ in 0..=self.below(3) {
            let deed = self.next(is_filling);
            let touches = |one: &Deed| place(one).is_some() && place(one) == place(&deed);
            if !deeds.iter().any(touches) {
                deeds.push(deed);
            }
        }
        let fails = self.below(8) == 0;
        let result = self.world.transact(|transaction| {
            let each = deeds.iter().map(|&deed| carry_out(transaction, deed));
            let done = each.collect::<Step<Vec<_>>>()?;
            if fails { Err(Halt::Errno(Errno::Invalid)) } else { Ok(done) }
        });
        match result {
            Ok(done) => done.into_iter().for_each(|done| self.note(done)),
            Err(Errno::NoSpace) => {}
            Err(errno) => assert!(fails && errno == Errno::Invalid, "{errno}: {deeds:?}"),
        }
    }

    fn note(&mut self, done: Done) {
        match done {
            Done::Frags { at, frags } => {
                assert_eq!(at / u64::from(self.frags_per_block), {
                    (at + u64::from(frags) - 1) / u64::from(self.frags_per_block)
                });
                self.take(at, frags);
                self.pieces.push((at, frags));
            }
            Done::Extended { at, old, new, is_longer: true } => {
                self.take(at + u64::from(old), new - old);
                self.pieces.retain(|piece| piece.0 != at);
                self.pieces.push((at, new));
            }
            Done::Extended { .. } => {}
            Done::Freed { at, frags } => {
                self.free.extend(at..at + u64::from(frags));
                self.pieces.retain(|piece| piece.0 != at);
            }
            Done::Inode { number, is_directory, generation } => {
                assert!(self.inodes.insert(number), "inode {number} twice");
                assert!(self.generations.insert((number, generation)) && generation != 0);
                self.files.push((number, is_directory));
            }
            Done::Removed { number } => {
                assert!(self.inodes.remove(&number));
                self.files.retain(|file| file.0 != number);
            }
        }
    }

    fn take(&mut self, at: u64, frags: u32) {
        for frag in at..at + u64::from(frags) {
            assert!(self.free.remove(&frag), "fragment {frag} was not free");
        }
    }

    fn compare(&self) {
        let (free, inodes) = recount(&self.world);
        assert!(free == self.free && inodes == self.inodes, "the maps are not the model's");
        assert_eq!(*self.world.damage.borrow(), [""; 0]);
    }
}

/// What a deed changes that is there already.
fn place(deed: &Deed) -> Option<(bool, u64)> {
    match *deed {
        Deed::Extend { at, .. } | Deed::Free { at, .. } => Some((true, at)),
        Deed::Remove { inode, .. } => Some((false, inode)),
        _ => None,
    }
}

fn run(made: &Made, seed: u64) {
    let mut model = Model::new(made, seed);
    for round in 0..6 {
        for step in 0..150 {
            model.step(round % 2 == 0);
            if step % 50 == 0 {
                model.world.commit();
            }
        }
        model.compare();
    }
}

#[test]
fn maps_and_sums_are_as_a_plain_set_has_them() {
    for (seed, made) in layouts().enumerate() {
        run(&made, seed as u64);
    }
}

#[test]
fn so_they_are_with_every_size_of_blocks() {
    for (seed, (block, shift)) in [(12, 0), (13, 1), (14, 2), (15, 3), (16, 3)].iter().enumerate() {
        let size_bytes = 24 << 20;
        let (block_bytes, fragment_bytes) = (Some(1 << block), Some(1 << (block - shift)));
        for layout in layouts().step_by(3) {
            let made = Made { size_bytes, block_bytes, fragment_bytes, ..layout };
            run(&made, 100 + seed as u64);
        }
    }
}

/// To the last fragment, and back to where it began.
#[test]
fn a_full_disk_becomes_empty_again() {
    for made in layouts() {
        let world = World::new(&made);
        let (free, inodes) = recount(&world);
        let near = Near { group: CylGroup(1), frag: None };
        let mut pieces = Vec::new();
        for frags in (1..=world.ffs.geometry.frags_per_block()).rev() {
            while let Ok(at) = world.transact(|one| one.allocate_frags(OWNER, near, frags)) {
                pieces.push((at, frags));
            }
        }
        assert_eq!((world.free_frags(), recount(&world).0.len()), (0, 0));
        let denied = world.transact(|one| one.allocate_frags(OWNER, near, 1));
        assert_eq!(denied, Err(Errno::NoSpace));
        for (at, frags) in pieces {
            world.transact(|one| one.free_frags(OWNER, at, frags, false)).expect("freed");
        }
        assert_eq!(recount(&world), (free, inodes));
    }
}

/// What was freed is given out again only after a commit, which the allocator asks for itself.
#[test]
fn what_was_freed_comes_back_with_the_next_commit() {
    let world = World::new(&layouts().next().expect("a layout"));
    let near = Near { group: CylGroup(0), frag: None };
    let mut last = None;
    while let Ok(at) = world.transact(|one| one.allocate_block(OWNER, near)) {
        last = Some(at);
    }
    let last = last.expect("a block");
    world.commit();
    let frags = world.ffs.geometry.frags_per_block();
    let both = world.transact(|one| {
        one.free_frags(OWNER, last, frags, true)?;
        one.allocate_block(OWNER, near)
    });
    assert_eq!(both, Err(Errno::NoSpace), "its own fragments");
    world.transact(|one| one.free_frags(OWNER, last, frags, true)).expect("freed");
    let writer = world.ffs.writer.as_ref().expect("writable");
    assert!(!writer.withheld.borrow().is_empty());
    assert_eq!(world.transact(|one| one.allocate_block(OWNER, near)), Ok(last));
    assert!(writer.withheld.borrow().is_empty());
}

/// A superblock from before UFS2: the groups' tables of cylinders are right as well.
#[test]
fn old_tables_are_kept() {
    let made = layouts().next().expect("UFS1");
    let old_flags = 8192 + 211;
    let world = World::changed(&made, old_flags, &[0]);
    assert!(!world.ffs.superblock.is_updated());
    let near = Near { group: CylGroup(1), frag: None };
    for frags in [8, 3, 8, 8, 6] {
        let at = world.transact(|one| one.allocate_frags(OWNER, near, frags)).expect("frags");
        if frags == 6 {
            world.transact(|one| one.free_frags(OWNER, at, frags, false)).expect("freed");
        }
    }
    recount(&world);
    let (order, page) = (world.ffs.geometry.order, world.group(CylGroup(1)));
    let header = CylinderGroup::parse(&page, order).expect("a group");
    let free = header.summary.free_blocks;
    assert_eq!(i32::get(&page[header.old_block_totals as usize..], order), free);
    assert_eq!(i32::from(i16::get(&page[header.old_positions as usize..], order)), free);
}
