//! What short sequences are made of.
//!
//! ```text
//!  at first:  a   a file of some blocks       free:  c, e     two names in the root
//!             d   a directory                        d/c      one in the directory
//!             d/b a small file in it                 c/b      one in what is made or moved to c
//! ```

use Step::{
    Commit, Create, CreateExclusive, CreateTruncating, Fifo, Link, MakeDirectory, Mode, Remove,
    RemoveDirectory, Rename, SymbolicLink, Truncate, Write,
};
use vfs::Stability::{Data, File, Unstable};

/// An operation by names, which are looked up when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Create(&'static str),
    CreateExclusive(&'static str),
    CreateTruncating(&'static str),
    MakeDirectory(&'static str),
    SymbolicLink(&'static str),
    Fifo(&'static str),
    Link(&'static str, &'static str),
    Remove(&'static str),
    RemoveDirectory(&'static str),
    Rename(&'static str, &'static str),
    Write(&'static str, u64, u32, vfs::Stability),
    Commit(&'static str),
    Truncate(&'static str, u64),
    Mode(&'static str),
}

impl Step {
    /// The names that it uses.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let (name, other) = match self {
            Link(from, to) | Rename(from, to) => (from, Some(to)),
            Create(name)
            | CreateExclusive(name)
            | CreateTruncating(name)
            | MakeDirectory(name)
            | SymbolicLink(name)
            | Fifo(name)
            | Remove(name)
            | RemoveDirectory(name)
            | Write(name, ..)
            | Commit(name)
            | Truncate(name, _)
            | Mode(name) => (name, None),
        };
        std::iter::once(name).chain(other)
    }
}

/// What is there at the beginning.
pub const SETUP: &[Step] = &[
    Create("a"),
    Write("a", 0, 9000, File),
    MakeDirectory("d"),
    Create("d/b"),
    Write("d/b", 0, 700, File),
];

/// Where names are made, moved and removed.
const NAMES: [&str; 6] = ["a", "c", "e", "d/b", "d/c", "c/b"];

/// What is made, what happens to data, and all ways to move, link and remove.
pub fn alphabet() -> Vec<Step> {
    let mut steps = STEPS.to_vec();
    steps.extend(NAMES.map(Create));
    steps.extend(NAMES.map(MakeDirectory));
    steps.extend(NAMES.map(Remove));
    steps.extend(NAMES.map(RemoveDirectory));
    let moved = || NAMES.into_iter().chain(["d"]);
    for from in moved() {
        let others = moved().filter(|&to| to != from);
        steps.extend(others.clone().map(|to| Rename(from, to)));
        steps.extend(others.map(|to| Link(from, to)));
    }
    steps.push(RemoveDirectory("d"));
    steps
}

const STEPS: &[Step] = &[
    CreateExclusive("c"),
    CreateExclusive("d/c"),
    CreateTruncating("a"),
    CreateTruncating("d/b"),
    SymbolicLink("c"),
    SymbolicLink("d/c"),
    Fifo("c"),
    Write("a", 8700, 6000, File),
    Write("a", 100, 5000, Unstable),
    Write("a", 60_000, 1000, File),
    Write("c", 0, 3000, Data),
    Write("d/b", 600, 4000, Unstable),
    Write("d/c", 0, 600, File),
    Commit("a"),
    Commit("d/b"),
    Truncate("a", 0),
    Truncate("a", 4500),
    Truncate("a", 60_000),
    Truncate("d/b", 100),
    Truncate("d/b", 20_000),
    Truncate("c", 5000),
    Mode("a"),
    Mode("d"),
];
