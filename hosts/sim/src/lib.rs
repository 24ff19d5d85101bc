//! Worlds in which nothing happens by chance: virtual time, seeded luck, disks that lose power.
//!
//! The program that runs here is the one that ships; only what is below the hypercalls is made up.
//! One seed makes one world: every delay, order and fault is drawn from [`Luck`], so that a run can
//! be had again exactly. This room never asks the real time, never starts a thread, and knows no
//! file system: what must hold after a power cut is for tests to say.
//!
//! | type | stands in for |
//! |---|---|
//! | [`VirtualClock`] | time: passes only when somebody lets it |
//! | [`Luck`] | random bytes, and every choice of the simulation |
//! | [`LogBook`] | the administrator's log |
//! | [`PowerDisk`] | a disk with a volatile cache, faults on request, and a [`Tape`] of all it did |
//! | [`Drawer`] | where that disk is until a service wants it |
//! | [`Replay`] | the same disk's past: what a power cut at any moment would have left |
//! | [`SharedBudget`] | memory that several worlds share |
//! | [`Wire`] | the host's network, for clients in the same process |
//! | [`Cable`], [`Card`] | Ethernet: two ends, and all that happens to frames between them |
//! | [`World`] | one service with all of these, and the loop that turns it |
#![forbid(unsafe_code)]

mod budget;
mod cache;
mod clock;
mod disk;
mod drawer;
mod faults;
mod frames;
mod image;
mod log;
mod luck;
mod tape;
mod wire;
mod world;

pub use budget::SharedBudget;
pub use cache::{SECTOR_BYTES, Survivors};
pub use clock::VirtualClock;
pub use disk::{Counters, Pace, PowerDisk};
pub use drawer::Drawer;
pub use faults::{Fault, Kind, When};
pub use frames::{
    Arrival, Cable, Card, Carried, Conditions, Delivery, ETHERNET_BYTES, Family, Parcel,
    PerMillion, Queue, TcpFrame, fill_checksums, is_intact,
};
pub use image::Image;
pub use log::LogBook;
pub use luck::Luck;
pub use tape::{Replay, Tape};
pub use wire::Wire;
pub use world::World;
