//! The network stack: what strangers may do to it, on its own and between two of it.
//!
//! ```text
//!  frames ── two hosts, datagrams, and a wire that spoils       ┐
//!  streams ─ one host with connections in every state, and      ├─ host: a stack, whose frames
//!            peers that know nearly where those stand           │  `link` has a stranger parse,
//!  pair ──── two hosts that talk, and who sits between them     ┘  whose events `ledger` checks
//! ```
//! Time is virtual; what a stack sends is seen before anybody gets it. `packet` makes and takes apart
//! packets without the stack's help; `share` is the memory that a host has for what arrives.

mod frames;
mod host;
mod ledger;
mod link;
mod packet;
mod pair;
mod share;
mod streams;

pub use frames::net_frames;
pub use pair::net_pair;
pub use streams::net_streams;
