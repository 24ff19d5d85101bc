//! Seeded scenarios: the shipped program in a simulated world, its disk cut off at any moment.
//!
//! ```text
//!  workload ──► recording ──► tape of the disk, calls with their moments
//!                                  │
//!          for any moment:   replay, cut  ──► image ──► fsck, mount, walk ──► tree
//!                                  │                                           │
//!                           model at that moment ──────────► compare ◄─────────┘
//! ```
//! A service runs once, with clients that speak NFS to it over streams, and everything its disk did
//! is kept. Then the power is cut in hindsight, at as many moments and in as many ways as there is
//! time for. What was found is what goes on being used in the next round.
//!
//! | file | what is in it |
//! |---|---|
//! | `operation.rs`, `workload.rs` | what clients can do, and what they do |
//! | `rpc.rs`, `client.rs` | how they say it |
//! | `layouts.rs` | the images they begin with |
//! | `recording/` | one run |
//! | `model/` | what must hold, in the middle of it |
//! | `recovery.rs` | from a power cut back into use |
//! | `judge.rs`, `observe.rs`, `compare.rs` | what is found, and whether it may be |
//! | `scenario.rs`, `sequences/` | what is played: by luck, and every short sequence |
//! | `twins.rs` | two file systems side by side |
//! | `network/` | hosts of their own, and what can happen between them |
//! | `pattern.rs` | bytes that say whose they are |
#![forbid(unsafe_code)]

pub mod client;
pub mod compare;
pub mod job;
pub mod judge;
pub mod layouts;
pub mod model;
pub mod network;
pub mod observe;
pub mod operation;
pub mod pattern;
pub mod recording;
pub mod recovery;
pub mod rpc;
pub mod scenario;
pub mod sequences;
pub mod twins;
pub mod workload;
