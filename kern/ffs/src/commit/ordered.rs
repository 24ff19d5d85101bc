//! A commit without a log: transaction by transaction, in an order that leaves after a crash only
//! what `fsck -p` mends by itself.
//!
//! ```text
//!  what grows                              what shrinks
//!  data; maps; new blocks of metadata      names and pointers
//!    │ flush                                 │ flush
//!  new inodes                              inodes
//!    │ flush, if a directory grew            │ flush
//!  other inodes                            maps
//!    │ flush
//!  names and pointers
//! ```
//! A block is marked used before anything leads to it, and free after nothing does; it and an inode
//! are whole before something leads to them. The last step of a transaction and the first of the
//! next one are written together: neither depends on the other. (But for steps in the same page: it
//! is written as the later one left it, with what that one must not show yet.)

use super::seal::Sealed;
use crate::file_system::Ffs;
use crate::layout::CylGroup;
use crate::writer::{Snapshot, Writer};
use abi::Result;
use alloc::vec::Vec;
use block::{PageNo, Sectors};

/// What a page holds, as far as the order goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A cylinder group's maps.
    Maps,
    Inodes,
    /// Directories and indirect blocks.
    Pointers,
}

/// Parts of pages that are written together.
type Step<'a> = Vec<(&'a Snapshot, Sectors)>;

impl Ffs {
    pub(super) async fn write_ordered(&self, writer: &Writer, sealed: &Sealed) -> Result<()> {
        let fresh = self.cache.write_back(sealed.fresh.iter().copied());
        let stable = self.cache.write_back(sealed.stable.iter().copied());
        fresh.await?;
        self.note_stable(writer, sealed, stable.await)?;
        let mut waiting = Step::new();
        for transaction in &sealed.ordered {
            let [first, rest @ ..] = self.growing(&transaction.grow);
            if share_a_page(&waiting, &first) {
                self.write_step(writer, core::mem::take(&mut waiting)).await?;
            }
            waiting.extend(first);
            for step in rest.into_iter().chain(self.shrinking(&transaction.shrink)) {
                if !step.is_empty() {
                    self.write_step(writer, waiting).await?;
                    waiting = step;
                }
            }
        }
        self.write_step(writer, waiting).await
    }

    fn growing<'a>(&self, layer: &'a [Snapshot]) -> [Step<'a>; 4] {
        let has_new_blocks =
            layer.iter().any(|part| self.kind(part.page) == Kind::Pointers && !part.new.is_empty());
        let first = |part: &Snapshot| match self.kind(part.page) {
            Kind::Maps => part.sectors,
            Kind::Inodes => Sectors::NONE,
            Kind::Pointers => part.new,
        };
        let new_inodes = |part: &Snapshot| match self.kind(part.page) {
            Kind::Inodes if has_new_blocks => part.new,
            _ => Sectors::NONE,
        };
        let inodes = |part: &Snapshot| match self.kind(part.page) {
            Kind::Inodes => part.sectors.without(new_inodes(part)),
            _ => Sectors::NONE,
        };
        let pointers = |part: &Snapshot| match self.kind(part.page) {
            Kind::Pointers => part.sectors.without(part.new),
            _ => Sectors::NONE,
        };
        [step(layer, first), step(layer, new_inodes), step(layer, inodes), step(layer, pointers)]
    }

    fn shrinking<'a>(&self, layer: &'a [Snapshot]) -> [Step<'a>; 3] {
        [Kind::Pointers, Kind::Inodes, Kind::Maps].map(|kind| {
            let is_it = |part: &Snapshot| self.kind(part.page) == kind;
            step(layer, |part| if is_it(part) { part.sectors } else { Sectors::NONE })
        })
    }

    fn kind(&self, page: PageNo) -> Kind {
        let geometry = &self.geometry;
        let frag = page.0 << geometry.frags_per_block_shift();
        let group = CylGroup((frag / u64::from(geometry.frags_per_group)) as u32);
        let within = frag.checked_sub(geometry.group_start(group).0);
        match within {
            Some(at) if at == u64::from(geometry.group_frag) => Kind::Maps,
            Some(at) if (geometry.inode_frag..geometry.data_frag).contains(&(at as u32)) => {
                Kind::Inodes
            }
            _ => Kind::Pointers,
        }
    }

    /// Writes a step, durably.
    async fn write_step(&self, writer: &Writer, step: Step<'_>) -> Result<()> {
        if step.is_empty() {
            return Ok(());
        }
        for &(part, sectors) in &step {
            self.cache.release(part.page, part.bytes.clone(), sectors);
        }
        self.cache.write_back(step.iter().map(|(part, _)| part.page)).await?;
        self.flush(writer).await
    }
}

fn share_a_page(one: &Step<'_>, other: &Step<'_>) -> bool {
    one.iter().any(|(part, _)| other.iter().any(|(another, _)| another.page == part.page))
}

/// The sectors of each page that `wanted` names, if any.
fn step(layer: &[Snapshot], wanted: impl Fn(&Snapshot) -> Sectors) -> Step<'_> {
    let parts = layer.iter().map(|part| (part, wanted(part)));
    parts.filter(|(_, sectors)| !sectors.is_empty()).collect()
}
