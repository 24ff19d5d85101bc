//! The receiving half of a connection (RFC 9293 §3.8.6): what arrives in any order leaves in order.
//!
//! ```text
//!  segment ─► clip to what is new and promised ─┬─ in order ──► lent to the sink, or held while paused
//!                                               └─ ahead ─────► store ─┘ (when the gap is closed)
//! ```
//! Bytes in order are lent straight from the frame: nothing is kept unless the stream is paused or a
//! gap is in front. It never looks at acknowledgements, and sends nothing: [`Receiver::is_due`] says
//! when its owner should.

mod acknowledge;
mod echo;
mod store;
#[cfg(test)]
mod tests;
mod window;

use super::limits::{CHUNK_BYTES, TIMESTAMPS_BYTES};
use super::segment::SackBlocks;
use super::sequence::{SeqNo, SeqRange};
use abi::Instant;
use acknowledge::Acknowledging;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;
use echo::Echo;
use store::Store;
use window::Window;

/// What was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiverSettings {
    /// The largest segment that we take, in bytes.
    pub mss: u16,
    /// By how many bits our windows are shifted.
    pub window_scale: u8,
    /// The peer understands SACK.
    pub sack: bool,
    /// The timestamp of the peer's SYN, if timestamps are used.
    pub timestamp: Option<u32>,
}

impl ReceiverSettings {
    /// The most that a segment brings beside the options that each has, in bytes.
    fn payload_bytes_max(&self) -> u16 {
        let options_bytes = if self.timestamp.is_some() { TIMESTAMPS_BYTES } else { 0 };
        self.mss.saturating_sub(options_bytes).max(1)
    }
}

/// What a segment brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// Bytes that are in order now and were not before.
    pub bytes: u32,
    /// The end of the stream is: nothing follows.
    pub fin: bool,
}

/// What is received of one connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Receiver {
    next: SeqNo,
    acknowledged: SeqNo,
    settings: ReceiverSettings,
    window: Window,
    acknowledging: Acknowledging,
    echo: Option<Echo>,
    /// Bytes that arrived again, to be told once (RFC 2883).
    duplicate: Option<SeqRange>,
    fin: Option<SeqNo>,
    is_finished: bool,
    is_paused: bool,
    held: VecDeque<Vec<u8>>,
    held_bytes: u32,
    store: Option<Box<Store>>,
}

impl Receiver {
    /// Expects `next`, behind the peer's SYN.
    pub fn new(next: SeqNo, settings: ReceiverSettings, now: Instant) -> Self {
        Self {
            next,
            acknowledged: next,
            settings,
            window: Window::new(next, settings.window_scale, now),
            acknowledging: Acknowledging::new(),
            echo: settings.timestamp.map(|timestamp| Echo::new(timestamp, now)),
            duplicate: None,
            fin: None,
            is_finished: false,
            is_paused: false,
            held: VecDeque::new(),
            held_bytes: 0,
            store: None,
        }
    }

    /// The next byte that is expected: what to acknowledge.
    pub fn next(&self) -> SeqNo {
        self.next
    }

    /// Whether a segment touches what is expected (RFC 9293 §3.10.7.4, first check).
    pub fn is_acceptable(&self, seq: SeqNo, sequence_bytes: u32) -> bool {
        let window = SeqRange { start: self.next, end: self.window.edge() };
        match (sequence_bytes, window.is_empty()) {
            (0, true) => seq == self.next,
            (0, false) => window.contains(seq),
            (_, true) => false,
            (bytes, false) => window.contains(seq) || window.contains(seq + (bytes - 1)),
        }
    }

    /// Takes the bytes of a segment, and its FIN. What is new, in order and not behind the promised
    /// window is lent to `sink`.
    pub fn segment(
        &mut self,
        seq: SeqNo,
        payload: &[u8],
        fin: bool,
        now: Instant,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Arrival {
        if payload.is_empty() && !fin || self.is_finished {
            return self.nothing_new(seq, payload);
        }
        let before = self.next;
        let (start, payload) = self.clip(seq, payload, fin);
        if start == self.next {
            self.in_order(payload, now, sink);
        } else {
            self.out_of_order(start, payload);
        }
        self.is_finished = self.fin == Some(self.next);
        let bytes = before.bytes_to(self.next);
        if self.is_finished {
            self.next += 1;
            self.store = None;
            self.acknowledging.at_once();
        }
        Arrival { bytes, fin: self.is_finished }
    }

    fn nothing_new(&mut self, seq: SeqNo, payload: &[u8]) -> Arrival {
        if !payload.is_empty() {
            self.repeated(SeqRange::new(seq, payload.len() as u32));
        }
        Arrival::default()
    }

    /// What of a segment is neither old nor behind the window or the end of the stream. Notes where
    /// that end is.
    fn clip<'a>(&mut self, seq: SeqNo, payload: &'a [u8], fin: bool) -> (SeqNo, &'a [u8]) {
        let end = seq + payload.len() as u32;
        let old_bytes = seq.bytes_to(self.next).min(payload.len() as u32);
        if old_bytes > 0 {
            self.repeated(SeqRange::new(seq, old_bytes));
        }
        if fin && self.next.is_at_most(end) && end.is_at_most(self.window.edge()) {
            self.fin.get_or_insert(end);
        } else if fin {
            self.acknowledging.at_once();
        }
        let (start, payload) = (seq + old_bytes, &payload[old_bytes as usize..]);
        let room_bytes = start.bytes_to(self.limit()) as usize;
        (start, &payload[..payload.len().min(room_bytes)])
    }

    /// Behind the last byte that may ever be taken, as far as is known.
    fn limit(&self) -> SeqNo {
        self.fin.map_or(self.window.edge(), |fin| fin.min(self.window.edge()))
    }

    fn repeated(&mut self, range: SeqRange) {
        self.duplicate = Some(range);
        self.acknowledging.in_trouble();
    }

    fn in_order(&mut self, payload: &[u8], now: Instant, sink: &mut dyn FnMut(&[u8])) {
        let start = self.next;
        self.deliver(payload, sink);
        let fills_gap = self.store.is_some();
        if let Some(mut store) = self.store.take() {
            let stored = store.duplicate(SeqRange { start, end: self.next });
            self.duplicate = self.duplicate.or(stored);
            let limit = self.limit();
            let next = store.take(self.next, limit, &mut |piece| self.deliver(piece, sink));
            debug_assert_eq!(next, self.next);
            self.store = (!store.is_empty()).then_some(store);
        }
        let bytes = start.bytes_to(self.next);
        if bytes > 0 {
            let round_trip = self.window.known_round_trip();
            let payload_bytes_max = self.settings.payload_bytes_max();
            self.acknowledging.arrived(bytes, payload_bytes_max, round_trip, now);
            self.window.delivered(if self.is_paused { 0 } else { bytes }, now);
        }
        if fills_gap {
            self.acknowledging.in_trouble();
        }
    }

    fn deliver(&mut self, bytes: &[u8], sink: &mut dyn FnMut(&[u8])) {
        self.next += bytes.len() as u32;
        if bytes.is_empty() {
            return;
        }
        if self.is_paused {
            self.hold(bytes);
        } else {
            sink(bytes);
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        self.held_bytes += bytes.len() as u32;
        match self.held.back_mut() {
            Some(last) if last.len() + bytes.len() <= CHUNK_BYTES => last.extend_from_slice(bytes),
            _ => self.held.push_back(bytes.to_vec()),
        }
    }

    fn out_of_order(&mut self, start: SeqNo, payload: &[u8]) {
        self.acknowledging.in_trouble();
        if !payload.is_empty() {
            // A whole window has a place, with what its pieces cost when every second segment is lost.
            let capacity_bytes = self.window.capacity_bytes();
            let cost_bytes_max = capacity_bytes + capacity_bytes / 8;
            let store = self.store.get_or_insert_default();
            let stored = store.insert(start, payload, cost_bytes_max);
            self.duplicate = self.duplicate.or(stored);
        }
    }

    /// Holds back what arrives, or hands out what was held back and goes on.
    pub fn pause(&mut self, is_paused: bool, now: Instant, sink: &mut dyn FnMut(&[u8])) {
        self.is_paused = is_paused;
        if is_paused || self.held.is_empty() {
            return;
        }
        for piece in core::mem::take(&mut self.held) {
            sink(&piece);
        }
        self.window.delivered(core::mem::take(&mut self.held_bytes), now);
        if self.window.growth_bytes(self.next, 0, self.settings.mss) > 0 {
            self.acknowledging.at_once();
        }
    }

    /// Whether all of the stream was handed out, to its end.
    pub fn is_ended(&self) -> bool {
        self.is_finished && self.held.is_empty()
    }

    /// Bytes that are held back, or are out of order, with what keeping those costs.
    pub fn kept_bytes(&self) -> u32 {
        self.held_bytes + self.store.as_ref().map_or(0, |store| store.cost_bytes())
    }

    /// Whether bytes from this number on are handed out at once.
    pub fn takes_at_once(&self, seq: SeqNo) -> bool {
        !self.is_paused && seq.is_at_most(self.next)
    }

    /// Whether what the next acknowledgement tells would be forgotten if more arrived before it: bytes
    /// that came again, a gap that can only be told by how often it is told, and anything while losses
    /// are likely, so that not all is told by one segment that may be lost itself.
    pub fn must_tell(&self, now: Instant) -> bool {
        let is_counted = !self.settings.sack && self.store.is_some();
        let is_told_alone = is_counted || self.duplicate.is_some();
        self.is_due(now) && (is_told_alone || self.acknowledging.is_quick())
    }

    /// Whether an acknowledgement is to be sent now.
    pub fn is_due(&self, now: Instant) -> bool {
        self.acknowledging.is_due(now)
    }

    /// When an acknowledgement is to be sent at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.acknowledging.deadline()
    }

    /// An acknowledgement is wanted at once, whatever arrived.
    pub fn acknowledge(&mut self) {
        self.acknowledging.at_once();
    }

    /// An acknowledgement leaves: returns its window as it stands in the header.
    pub fn acknowledged(&mut self) -> u16 {
        self.acknowledging.sent();
        self.acknowledged = self.next;
        self.duplicate = None;
        self.window.advertise(self.next, self.held_bytes, self.settings.mss)
    }

    /// What the next acknowledgement tells besides its number (RFC 2018 §4, RFC 2883 §4).
    pub fn sack_blocks(&self) -> SackBlocks {
        let first = self.duplicate.filter(|_| self.settings.sack);
        match self.store.as_ref().filter(|_| self.settings.sack) {
            Some(store) => store.blocks(first),
            None => [first, None, None, None],
        }
    }

    /// Whether a segment's timestamp tells that it is a leftover (RFC 7323 §5.3).
    pub fn is_leftover(&self, timestamp: u32, now: Instant) -> bool {
        self.echo.as_ref().is_some_and(|echo| echo.is_leftover(timestamp, now))
    }

    /// Notes the timestamp of a segment that was acceptable.
    pub fn note_timestamp(&mut self, timestamp: u32, seq: SeqNo, now: Instant) {
        if let Some(echo) = &mut self.echo {
            echo.note(timestamp, seq, self.acknowledged, now);
        }
    }

    /// The timestamp to echo, if timestamps are used.
    pub fn timestamp_to_echo(&self) -> Option<u32> {
        self.echo.as_ref().map(Echo::recent)
    }

    /// A round trip took this long.
    pub fn round_trip(&mut self, sample: Duration) {
        self.window.round_trip(sample);
    }
}
