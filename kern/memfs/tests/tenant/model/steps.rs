//! What can be done, in proportions that make things happen.

use proptest::prelude::{Just, Strategy, any, prop};
use proptest::prop_oneof;

pub type Path<'a> = Vec<&'a str>;

#[derive(Clone, Debug)]
pub enum Step {
    Create(Path<'static>),
    MakeDirectory(Path<'static>),
    Symlink(Path<'static>),
    Link(Path<'static>, Path<'static>),
    Remove(Path<'static>),
    RemoveDirectory(Path<'static>),
    Rename(Path<'static>, Path<'static>),
    Write(Path<'static>, usize, Vec<u8>),
    Truncate(Path<'static>, usize),
    Read(Path<'static>, usize, usize),
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => path().prop_map(Step::Create),
        4 => path().prop_map(Step::MakeDirectory),
        1 => path().prop_map(Step::Symlink),
        2 => (path(), path()).prop_map(|(old, new)| Step::Link(old, new)),
        2 => path().prop_map(Step::Remove),
        1 => path().prop_map(Step::RemoveDirectory),
        6 => (path(), path()).prop_map(|(old, new)| Step::Rename(old, new)),
        6 => (path(), offset(), data()).prop_map(|(path, offset, data)| {
            Step::Write(path, offset, data)
        }),
        2 => (path(), offset()).prop_map(|(path, size)| Step::Truncate(path, size)),
        3 => (path(), offset(), offset()).prop_map(|(path, offset, length)| {
            Step::Read(path, offset, length)
        }),
    ]
}

fn path() -> impl Strategy<Value = Path<'static>> {
    let name = || prop::sample::select(&["a", "b", "c"][..]);
    prop_oneof![
        4 => prop::collection::vec(name(), 1),
        3 => prop::collection::vec(name(), 2),
        2 => prop::collection::vec(name(), 3),
    ]
}

/// Small, or near the edge of a page.
fn offset() -> impl Strategy<Value = usize> {
    let edge = (1..4_usize, 0..7_usize).prop_map(|(page, near)| (page << 16) + near - 3);
    prop_oneof![Just(0), 0..3000_usize, edge]
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![3 => 0..300_usize, 1 => 60_000..140_000_usize];
    (length, any::<u8>()).prop_map(|(length, byte)| vec![byte; length])
}
