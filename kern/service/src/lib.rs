//! The instance: one of each room, its configuration, its limits and its turn.
//!
//! A [`Service`] carries bytes between `rpc` and the host's streams, or a network stack of its own
//! (`carrier.rs`), runs one task for each call, and knows which file systems exist
//! (`filesystems.rs`, one row each). It contains no protocol and no file system itself, and it does
//! nothing outside [`Service::turn`].
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod capped;
mod carrier;
mod config;
mod crowding;
mod engine;
mod exporting;
mod farewell;
mod filesystems;
mod gate;
mod limits;
mod opening;
mod rates;
mod rest;
mod service;
mod state;
mod station;
mod upkeep;
mod volume;

pub use config::{Config, Host, ImageOptions, Network, Opening, Source};
pub use ffs::layout::ByteOrder;
pub use limits::{Limits, MEMORY_BYTES_LEAST, ProcessLimits};
pub use rates::Rate;
pub use service::Service;
pub use state::{Description, Next, State};
