//! The allocator against a plain set of fragments and inodes, on every layout.

mod model;
mod policy;
mod recount;
mod refusal;
mod world;
