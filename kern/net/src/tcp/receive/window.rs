//! How much may be sent to us: a promise that grows with what arrives, never by silly steps, and is
//! never taken back (RFC 9293 §3.8.6.2.2, RFC 7323 §2.3 and §2.4).
//!
//! A peer is promised twice what it managed to send within a round trip, so that it can double its
//! speed; that is dynamic right-sizing, by Fisk and Feng (2001).

use super::super::limits::{RECEIVE_INITIAL_BYTES, RECEIVE_MAX_BYTES};
use super::super::sequence::SeqNo;
use abi::Instant;
use core::time::Duration;

/// The receive window.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Behind the last byte that was promised a place.
    edge: SeqNo,
    capacity_bytes: u32,
    scale: u8,
    round_trip: Option<Duration>,
    round_start: Instant,
    round_bytes: u32,
}

impl Window {
    /// With the promise that a SYN makes, whose window is never shifted.
    pub fn new(next: SeqNo, scale: u8, now: Instant) -> Self {
        let capacity_bytes = RECEIVE_INITIAL_BYTES.min(largest_bytes(scale));
        Self {
            edge: next + capacity_bytes.min(u32::from(u16::MAX)),
            capacity_bytes,
            scale,
            round_trip: None,
            round_start: now,
            round_bytes: 0,
        }
    }

    /// Behind the last byte that is accepted.
    pub fn edge(&self) -> SeqNo {
        self.edge
    }

    /// How much may be held, in bytes.
    pub fn capacity_bytes(&self) -> u32 {
        self.capacity_bytes
    }

    /// A round trip took this long. The shortest count at once, longer ones by and by.
    pub fn round_trip(&mut self, sample: Duration) {
        self.round_trip = Some(match self.round_trip {
            Some(known) if known < sample => known + (sample - known) / 8,
            _ => sample,
        });
    }

    /// How long a round trip takes, if that is known.
    pub fn known_round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Bytes were delivered.
    pub fn delivered(&mut self, bytes: u32, now: Instant) {
        self.round_bytes = self.round_bytes.saturating_add(bytes);
        let Some(round_trip) = self.round_trip else { return };
        if now.since(self.round_start) >= round_trip {
            let wanted_bytes = self.round_bytes.saturating_mul(2).min(largest_bytes(self.scale));
            self.capacity_bytes = self.capacity_bytes.max(wanted_bytes);
            (self.round_start, self.round_bytes) = (now, 0);
        }
    }

    /// How far the promise could be extended, in bytes, if that is worth a word.
    pub fn growth_bytes(&self, next: SeqNo, held_bytes: u32, segment_bytes: u16) -> u32 {
        let free_bytes = self.capacity_bytes.saturating_sub(held_bytes);
        let growth_bytes = self.edge.bytes_to(next + free_bytes);
        let step_bytes = u32::from(segment_bytes).min(self.capacity_bytes / 2);
        if growth_bytes >= step_bytes { growth_bytes } else { 0 }
    }

    /// Extends the promise as far as it should be, and returns it as it stands in a header.
    ///
    /// A scaled window cannot name every edge. It is rounded up while there is room for it, and
    /// down when there is not; what was promised once is accepted all the same.
    pub fn advertise(&mut self, next: SeqNo, held_bytes: u32, segment_bytes: u16) -> u16 {
        self.edge += self.growth_bytes(next, held_bytes, segment_bytes);
        let bytes = next.bytes_to(self.edge);
        let unit_bytes = 1 << self.scale;
        let rounded_up = bytes.div_ceil(unit_bytes);
        let held_at_most = u64::from(held_bytes) + u64::from(rounded_up) * u64::from(unit_bytes);
        let has_room = held_at_most <= u64::from(self.capacity_bytes) + u64::from(unit_bytes);
        let units = if has_room { rounded_up } else { bytes / unit_bytes }.min(u32::from(u16::MAX));
        self.edge = self.edge.max(next + units * unit_bytes);
        units as u16
    }
}

fn largest_bytes(scale: u8) -> u32 {
    RECEIVE_MAX_BYTES.min(u32::from(u16::MAX) << scale)
}
