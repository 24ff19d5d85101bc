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
mod clients;
mod config;
mod crowding;
mod engine;
mod exporting;
mod farewell;
mod filesystems;
mod gate;
mod latency;
mod limits;
mod measures;
mod opening;
mod rates;
mod rest;
mod service;
mod slowest;
mod state;
mod station;
mod statistics;
mod upkeep;
mod volume;

pub use block::{Lookups, Traffic};
pub use config::{Config, Host, ImageOptions, Network, Opening, Source};
pub use ffs::layout::ByteOrder;
pub use latency::{LATENCY_BUCKETS, Latency};
pub use limits::{Limits, MEMORY_BYTES_LEAST, ProcessLimits};
pub use nfs::Export;
pub use rates::Rate;
pub use service::{Parcel, Service};
pub use state::{Description, Next, State};
pub use statistics::{Client, Memory, ProcedureStatistics, SlowCall, Statistics};
