//! This room against images: of `makefs`, made by hand, and damaged.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]
#![allow(clippy::disallowed_macros, reason = "what is skipped is told to whoever runs the test")]

mod crafted;
mod hostile;
mod map_model;
mod support;
mod trees;
