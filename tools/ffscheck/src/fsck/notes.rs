//! The findings of a check so far, and whoever watches it.

use super::class::Class;
use super::report::{Finding, Phase, Place, Progress};
use std::collections::BTreeSet;

/// As many findings are listed; more of them tell nobody anything.
const FINDINGS_MAX: usize = 10_000;

/// The remedy after which an inode is free, and may be another file's.
pub(super) const CLEARED: &str = "cleared";

/// Collects findings.
pub(super) struct Notes<'a> {
    watch: &'a mut dyn FnMut(Progress),
    pub phase: Phase,
    pub findings: Vec<Finding>,
    pub left_out: u64,
    /// How many there were before this round.
    earlier: usize,
    /// What could not be repaired: it is not told again.
    told: BTreeSet<(Class, Option<u32>, Option<u32>)>,
    /// Findings of this round that were repaired.
    pub repaired: u64,
    pub unrepaired: u64,
}

impl<'a> Notes<'a> {
    pub fn new(watch: &'a mut dyn FnMut(Progress)) -> Self {
        Self {
            watch,
            phase: Phase::Superblock,
            findings: Vec::new(),
            left_out: 0,
            earlier: 0,
            told: BTreeSet::new(),
            repaired: 0,
            unrepaired: 0,
        }
    }

    pub fn begin_round(&mut self) {
        self.earlier = self.findings.len();
        (self.repaired, self.unrepaired) = (0, 0);
    }

    /// The findings of this round.
    pub fn of_this_round(&mut self) -> &mut [Finding] {
        &mut self.findings[self.earlier..]
    }

    /// Tells how far the current phase has come.
    pub fn progress(&mut self, done: u64, total: u64) {
        (self.watch)(Progress { phase: self.phase, done, total });
    }

    /// Something was found and repaired.
    pub fn fixed(
        &mut self,
        class: Class,
        place: Place,
        what: impl Into<String>,
        remedy: &'static str,
    ) {
        self.repaired += 1;
        self.push(class, place, what.into(), Some(remedy));
    }

    /// Something was found, and nothing can be done.
    pub fn lost(&mut self, class: Class, place: Place, what: impl Into<String>) {
        self.unrepaired += 1;
        if self.told.insert((class, place.inode, place.group)) {
            self.push(class, place, what.into(), None);
        }
    }

    fn push(&mut self, class: Class, place: Place, what: String, remedy: Option<&'static str>) {
        if self.findings.len() < FINDINGS_MAX {
            let phase = self.phase;
            self.findings.push(Finding { phase, class, place, what, remedy });
        } else {
            self.left_out += 1;
        }
    }
}
