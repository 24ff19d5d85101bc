//! Ethernet in virtual time: cards, and the cables between them.
//!
//! ```text
//!  Card ── cut, sums ──► Lane: rate, queue, loss, delay, damage ──► sums, gathering ──► Card
//!  Card ◄─────────────── Lane ◄──────────────────────────────────────────────────────── Card
//! ```
//! A [`Cable`] is two lanes. Both ends are cards of services, or somebody who handles bare frames by
//! [`Cable::send`] and [`Cable::take`]: a stack by another hand, a box in the middle, an attacker. What a
//! card offers is done here in software, by the book of virtio, and what a service asks of it is
//! held against that book. It never looks into a packet but for sums, cuts and marks.

mod cable;
mod card;
mod conditions;
mod cut;
mod gather;
mod headers;
mod lane;
mod sums;
#[cfg(test)]
mod tests;

pub use cable::Cable;
pub use card::{Arrival, Card, Delivery};
pub use conditions::{Conditions, PerMillion, Queue};
pub use headers::{ETHERNET_BYTES, Family, TcpFrame};
pub use lane::{Carried, Parcel};
pub use sums::{fill_checksums, is_intact};
