//! A worker as its services and their clients see it, the same with each backend.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod budgets;
mod card;
mod containment;
mod contract;
mod datagrams;
mod disks;
mod fairness;
mod files;
mod harness;
mod inspection;
mod lifecycle;
mod limits;
mod links;
mod moving;
#[cfg(target_os = "linux")]
mod namespace;
mod opening;
#[cfg(target_os = "linux")]
mod packets;
mod pool;
mod streams;
#[cfg(target_os = "linux")]
mod switches;
#[cfg(target_os = "linux")]
mod taps;
