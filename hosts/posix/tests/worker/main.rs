//! A worker as its services and their clients see it, the same with each backend.

mod datagrams;
mod disks;
mod harness;
mod lifecycle;
mod limits;
mod streams;
