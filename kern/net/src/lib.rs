//! A service's own network stack: a machine for which frames, calls and the time go in, and from
//! which frames, events and a deadline come out.
//!
//! It starts nothing by itself, and knows neither a host nor what the bytes mean. Single packets are
//! parsed and made by another's library; the state between them is ours.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod address;
mod config;
mod ethernet;
mod frame;
mod icmp;
mod ip;
mod limiter;
pub mod limits;
mod listening;
mod luck;
mod neighbours;
mod stack;
mod streams;
pub mod tcp;
pub mod timers;
mod udp;

pub use address::{Prefix, is_host};
pub use config::{AddressSource, Config};
pub use stack::{Held, Stack};
pub use streams::{Conversation, Displaced};
