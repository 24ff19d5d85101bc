//! When to acknowledge: at once, or with company (RFC 9293 §3.8.6.3, RFC 5681 §4.2).

use super::super::limits::{DELAYED_ACK, DELAYED_ACK_MIN, MSS_DEFAULT_BYTES, QUICK_ACKS};
use abi::Instant;
use core::time::Duration;

/// What has arrived since the last acknowledgement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acknowledging {
    waiting_bytes: u32,
    segment_bytes_seen: u16,
    quick: u8,
    is_due: bool,
    at: Option<Instant>,
}

impl Acknowledging {
    /// Nothing has arrived yet.
    pub fn new() -> Self {
        Self { quick: QUICK_ACKS, ..Self::default() }
    }

    /// Bytes arrived in order: two full segments are acknowledged at once, fewer after a while, which
    /// is no longer than a round trip takes: who waits for longer takes us for lost. What a link has
    /// gathered counts as the segments that it was.
    pub fn arrived(
        &mut self,
        bytes: u32,
        segment_bytes_max: u16,
        round_trip: Option<Duration>,
        now: Instant,
    ) {
        let segment_bytes = bytes.min(u32::from(segment_bytes_max)) as u16;
        self.segment_bytes_seen = self
            .segment_bytes_seen
            .max(segment_bytes)
            .max(MSS_DEFAULT_BYTES.min(segment_bytes_max));
        self.waiting_bytes = self.waiting_bytes.saturating_add(bytes);
        self.is_due |= self.waiting_bytes >= 2 * u32::from(self.segment_bytes_seen);
        let full_segments = bytes / u32::from(self.segment_bytes_seen);
        if full_segments > 0 && self.quick > 0 {
            self.quick = u32::from(self.quick).saturating_sub(full_segments) as u8;
            self.is_due = true;
        }
        let delay = round_trip.unwrap_or(DELAYED_ACK).clamp(DELAYED_ACK_MIN, DELAYED_ACK);
        self.at.get_or_insert(now + delay);
    }

    /// The peer should know at once.
    pub fn at_once(&mut self) {
        self.is_due = true;
    }

    /// Something was lost, or is believed to be: the peer should know at once, and hear of the next
    /// ones without delay, for it has little under way until it has recovered.
    pub fn in_trouble(&mut self) {
        self.quick = QUICK_ACKS;
        self.at_once();
    }

    /// Whether each segment is acknowledged by itself.
    pub fn is_quick(&self) -> bool {
        self.quick > 0
    }

    /// Whether an acknowledgement is to be sent now.
    pub fn is_due(&self, now: Instant) -> bool {
        self.is_due || self.at.is_some_and(|at| at <= now)
    }

    /// When one is to be sent at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        if self.is_due { Some(Instant(0)) } else { self.at }
    }

    /// One was sent, alone or with data.
    pub fn sent(&mut self) {
        (self.waiting_bytes, self.is_due, self.at) = (0, false, None);
    }
}
