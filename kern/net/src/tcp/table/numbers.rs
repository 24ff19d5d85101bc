//! Numbers that others cannot foresee: the first one of each connection (RFC 6528), where its clock
//! starts (RFC 7323 §5.4), and its place in the table.

use crate::tcp::sequence::SeqNo;
use abi::Instant;
use core::hash::Hasher;
use core::net::{IpAddr, SocketAddr};
use siphasher::sip::SipHasher13;

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Ours.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
}

/// A secret, and what is made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    secret: [u8; 16],
}

/// What a number is for: so that one tells nothing of another.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// A place in the table.
    Place = 1,
    /// The number of a SYN.
    First = 2,
    /// The start of the clock.
    Clock = 3,
    /// Proof that the peer has seen our SYN.
    Cookie = 4,
    /// Where to look for a port of our own.
    Port = 5,
    /// Which connections to look at.
    Sample = 6,
}

impl Numbers {
    /// Made from 16 bytes of luck.
    pub fn new(secret: [u8; 16]) -> Self {
        Self { secret }
    }

    /// A number for a pair, and for a word more.
    pub fn hash(&self, purpose: Purpose, pair: &Pair, word: u64) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.secret);
        hasher.write_u8(purpose as u8);
        hasher.write_u64(word);
        for end in [&pair.local, &pair.remote] {
            hasher.write_u16(end.port());
            match end.ip() {
                IpAddr::V4(address) => hasher.write(&address.octets()),
                IpAddr::V6(address) => hasher.write(&address.octets()),
            }
        }
        hasher.finish()
    }

    /// The number of our SYN: a clock of 4 µs, which starts elsewhere for each pair (RFC 6528 §3).
    pub fn first(&self, pair: &Pair, now: Instant) -> SeqNo {
        let ticks = (now.0 / 4000) as u32;
        SeqNo(self.hash(Purpose::First, pair, 0) as u32) + ticks
    }

    /// What to add to the milliseconds of the time for the timestamps of a connection.
    pub fn clock_offset(&self, pair: &Pair) -> u32 {
        self.hash(Purpose::Clock, pair, 0) as u32
    }
}

/// A timestamp of ours: milliseconds (RFC 7323 §5.4).
pub fn timestamp(clock_offset: u32, now: Instant) -> u32 {
    clock_offset.wrapping_add((now.0 / 1_000_000) as u32)
}
