//! The program as a shell sees it: flags, what it prints where, exit codes, signals.
//!
//! What it serves, and to whom, is for `tests/suite` to judge.

mod check;
mod control;
mod flags;
mod fleet;
mod image;
mod newfs;
mod own_link;
mod process;
mod quota;
mod serve;
mod top;
