//! What goes wrong on a disk, and when: an ordered list of verdicts.

use crate::Luck;
use abi::Errno;

/// A kind of disk operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// Flushes.
    Flush,
}

/// Which operations of a kind fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// This one only, counted from one.
    Nth(u64),
    /// This one and all that follow, counted from one.
    From(u64),
    /// One in so many, by luck.
    OneIn(u64),
}

/// A rule: such operations fail in such a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which kind.
    pub kind: Kind,
    /// Which of them.
    pub when: When,
    /// How.
    pub errno: Errno,
}

impl Fault {
    /// Whether the `nth` operation of a kind, counted from one, fails by this rule.
    pub(crate) fn strikes(&self, kind: Kind, nth: u64, luck: &Luck) -> bool {
        self.kind == kind
            && match self.when {
                When::Nth(number) => nth == number,
                When::From(number) => nth >= number,
                When::OneIn(count) => luck.one_in(count),
            }
    }
}
