//! Giving out fragments, blocks and inodes, and taking them back.

mod withheld;

pub(crate) use withheld::Withheld;
