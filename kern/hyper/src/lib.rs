//! The hypercalls: everything a service ever asks of the host it lives on.
//!
//! A host implements these traits and turns services; a service calls them and never learns
//! which host it is. Nothing here blocks: what takes time is submitted, and its completion is
//! collected on a later turn. There are no threads and no locks in this seam, because a service
//! has neither.
//!
//! | hypercall | asks for |
//! |---|---|
//! | [`Clock`] | monotonic and wall-clock time |
//! | [`Random`] | unpredictable bytes |
//! | [`Log`] | a line for the administrator |
//! | [`Backing`] | a disk, opened when it is wanted |
//! | [`Disk`] | sectors: read, write, flush, discard |
//! | [`Link`] | frames: a network card of the service's own |
//! | [`Streams`] | byte streams and datagrams carried by the host's own network stack |
//! | [`Budget`] | memory that all services of a process share |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod backing;
mod budget;
mod clock;
mod disk;
mod link;
mod log;
mod random;
mod streams;
pub mod testkit;

pub use backing::{AlwaysOpen, Backing};
pub use budget::{Account, Budget, Division, Grant, Taken};
pub use clock::Clock;
pub use disk::{Disk, DiskCompletion, DiskOperation, DiskRequest, Geometry};
pub use link::{
    ChecksumPlace, Cut, Frame, Link, LinkEvent, LinkFamily, LinkOffload, LinkProperties, LinkTopic,
    Listening,
};
pub use log::{Level, Log};
pub use random::Random;
pub use streams::{DatagramPeer, StreamEvent, StreamId, Streams};
