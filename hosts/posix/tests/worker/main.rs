//! A worker as its services and their clients see it, the same with each backend.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod budgets;
mod card;
mod contract;
mod datagrams;
mod disks;
mod harness;
mod lifecycle;
mod limits;
mod links;
mod streams;
