//! The sending half of a connection: what was given, what of it has left, what has arrived, and when
//! to send what again (RFC 9293 §3.8).
//!
//! It knows neither connection states nor the clock. Data, acknowledgements and the time go in;
//! chunks to be sent and a deadline come out. Inside it counts bytes from the first of the stream in
//! 64 bits, so that nothing in here goes round. All of it is plain data.
//!
//! ```text
//!  push ─► queue ─ next ─► Chunk ··· wire ··· Acknowledgement ─► acknowledged
//!                   │ ▲                                            │
//!           congestion, window ◄───── recovery (prr, undo) ◄── scoreboard, rack, rtt
//! ```
//!
//! Nagle's algorithm is absent: what is given is complete.

mod acknowledge;
mod black_hole;
mod congestion;
mod cubic;
mod prr;
mod queue;
mod rack;
mod recovery;
mod rtt;
mod scoreboard;
mod slow_start;
mod timeout;
mod transmit;
mod window;

use super::segment::SackBlocks;
use super::sequence::SeqNo;
use abi::Instant;
use alloc::vec::Vec;
use black_hole::BlackHole;
use bytes::Bytes;
use congestion::Congestion;
use queue::Queue;
use rack::Rack;
use recovery::{Recovery, Undo};
use rtt::RoundTrip;
pub use rtt::timestamp_ms;
use scoreboard::Scoreboard;
use timeout::Timers;
use transmit::{Ask, TailProbe};
use window::Window;

/// What was agreed on when the connection was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderSettings {
    /// The payload of a full packet, in bytes: less than the path carries by all headers and by the
    /// options of every segment.
    pub mss: u16,
    /// The payload of packets that nearly every path carries, in bytes.
    pub mss_small: u16,
    /// The payload of packets that every path carries, in bytes.
    pub mss_least: u16,
    /// The window the peer offered last, in bytes.
    pub window_bytes: u32,
    /// The peer sends SACK blocks.
    pub sack: bool,
    /// Both ends send timestamps.
    pub timestamps: bool,
    /// Both ends understand ECN.
    pub ecn: bool,
    /// The handshake lost something, or took long.
    pub is_repeated: bool,
}

/// What a segment with an acknowledgement says to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The segment's own number: tells newer offers of a window from older ones.
    pub seq: SeqNo,
    /// What is expected next.
    pub ack: SeqNo,
    /// The window behind that, in bytes.
    pub window_bytes: u32,
    /// What the peer holds beyond.
    pub sack: SackBlocks,
    /// The time of [`timestamp_ms`] that the peer echoes, without what the connection adds to it.
    pub timestamp_echo: Option<u32>,
    /// The segment has data or a mark of its own, so that it is no mere acknowledgement.
    pub has_payload: bool,
    /// The peer saw marks of congestion.
    pub ece: bool,
}

/// What an acknowledgement achieved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes the peer has from now on.
    pub bytes: usize,
    /// It has the end of the stream as well, since now.
    pub fin: bool,
    /// It repeats the one before.
    pub is_duplicate: bool,
}

/// What is to be sent: one packet, or several in a row if the link cuts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The number of its first byte.
    pub seq: SeqNo,
    /// Its bytes, shared.
    pub payload: Vec<Bytes>,
    /// How many those are. None in a probe, and in a bare end of the stream.
    pub bytes: u32,
    /// The stream ends behind it.
    pub fin: bool,
    /// Nothing waits to be sent behind it.
    pub push: bool,
    /// The sender has slowed down because of the peer's ECE.
    pub cwr: bool,
    /// Routers may mark it: new data may be, what is sent again not (RFC 3168 §6.1.5).
    pub ecn_capable: bool,
}

/// The peer has not answered for very long: the connection is to be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp;

/// The sending half of one connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Sender {
    settings: SenderSettings,
    /// What the path is said to carry of payload, in bytes.
    path_mss: u16,
    hole: BlackHole,
    /// The number of the byte at offset 0.
    first: SeqNo,
    queue: Queue,
    finished: bool,
    /// Offsets: all before is acknowledged; all before was sent.
    acknowledged: u64,
    next: u64,
    window: Window,
    board: Scoreboard,
    round_trip: RoundTrip,
    rack: Rack,
    congestion: Congestion,
    recovery: Recovery,
    undo: Option<Undo>,
    timers: Timers,
    tail: Option<TailProbe>,
    ask: Option<Ask>,
    /// Acknowledgements in a row that said nothing new, of a peer without SACK.
    duplicates: u32,
    /// What was sent before was sent as fast as the congestion window allowed.
    limited_until: u64,
    /// Marks seen before this is acknowledged have been reacted to.
    marked_until: u64,
    reduced: bool,
    /// When something was on its way last.
    busy: Instant,
}

impl Sender {
    /// The sending half of a connection whose first byte has the number `first`, the one behind the
    /// SYN's.
    pub fn new(first: SeqNo, settings: SenderSettings, now: Instant) -> Self {
        let settings = SenderSettings { mss: settings.mss.max(1), ..settings };
        Self {
            settings,
            path_mss: settings.mss,
            hole: BlackHole::default(),
            first,
            queue: Queue::default(),
            finished: false,
            acknowledged: 0,
            next: 0,
            window: Window::new(settings.window_bytes),
            board: Scoreboard::default(),
            round_trip: RoundTrip::new(settings.is_repeated),
            rack: Rack::default(),
            congestion: Congestion::new(settings.mss, settings.is_repeated),
            recovery: Recovery::None,
            undo: None,
            timers: Timers::default(),
            tail: None,
            ask: None,
            duplicates: 0,
            limited_until: 0,
            marked_until: 0,
            reduced: false,
            busy: now,
        }
    }

    /// Appends to the stream. Nothing may follow [`Self::finish`].
    pub fn push(&mut self, data: Vec<Bytes>) {
        if !self.finished {
            data.into_iter().for_each(|piece| self.queue.push(piece));
        }
    }

    /// Ends the stream behind all that was given.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// Packets have another size: the path's changed. What was too large for it is sent again
    /// (RFC 8201 §5.4), which says nothing about congestion.
    pub fn set_mss(&mut self, mss: u16) {
        self.path_mss = mss.max(1);
        self.hole.narrowed(self.path_mss);
        self.fit();
    }

    /// Packets become as large as may get through.
    fn fit(&mut self) {
        let mss = self.hole.limit().map_or(self.path_mss, |limit| limit.min(self.path_mss));
        let shrinks = mss < self.settings.mss;
        self.settings.mss = mss;
        self.congestion.set_mss(mss);
        if shrinks && !self.board.is_empty() {
            self.board.lose_larger(u32::from(mss));
            self.recovery = Recovery::Resending { end: self.next };
            self.undo = None;
        }
    }

    /// The payload of packets that get through, in bytes, if it was found out that larger ones do not;
    /// once. [`Self::set_mss`] is to follow.
    pub fn take_proven_mss(&mut self) -> Option<u16> {
        self.hole.take_proven()
    }

    /// The payload of a full packet, in bytes.
    pub const fn mss(&self) -> u16 {
        self.settings.mss
    }

    /// The number of the oldest byte that is not acknowledged (SND.UNA).
    pub fn acknowledged_seq(&self) -> SeqNo {
        self.seq(self.acknowledged)
    }

    /// The number of the first byte that was never sent (SND.NXT).
    pub fn next_seq(&self) -> SeqNo {
        self.seq(self.next)
    }

    /// Bytes given and not acknowledged: what is kept.
    pub const fn kept_bytes(&self) -> u64 {
        self.queue.end().saturating_sub(self.acknowledged)
    }

    /// Bytes given and never sent.
    pub const fn unsent_bytes(&self) -> u64 {
        self.queue.end().saturating_sub(self.next)
    }

    /// Bytes believed to be on their way, the end of the stream counting for one.
    pub const fn in_flight_bytes(&self) -> u64 {
        self.board.in_flight_bytes()
    }

    /// Bytes that may be in flight as far as congestion is concerned.
    pub const fn congestion_window_bytes(&self) -> u64 {
        self.congestion.window_bytes()
    }

    /// Anything was sent at all.
    pub const fn has_sent(&self) -> bool {
        self.next > 0
    }

    /// When something was on its way last.
    pub const fn idle_since(&self) -> Instant {
        self.busy
    }

    /// Everything, the end of the stream included, is acknowledged.
    pub const fn is_done(&self) -> bool {
        self.acknowledged == self.end()
    }

    /// The smoothed round trip, once measured.
    pub const fn round_trip(&self) -> Option<core::time::Duration> {
        self.round_trip.smoothed()
    }

    /// The offset behind all there is to send.
    const fn end(&self) -> u64 {
        self.queue.end() + self.finished as u64
    }

    fn seq(&self, offset: u64) -> SeqNo {
        self.first + (offset & u64::from(u32::MAX)) as u32
    }

    /// The offset of a number that is near the acknowledged one.
    fn offset(&self, seq: SeqNo) -> Option<u64> {
        let distance = seq.0.wrapping_sub(self.acknowledged_seq().0).cast_signed();
        self.acknowledged.checked_add_signed(i64::from(distance))
    }

    const fn mss_bytes(&self) -> u64 {
        self.settings.mss as u64
    }

    /// Bytes that take up room in the congestion window. Without SACK, every duplicate stands for a
    /// packet that has left the path.
    fn pipe_bytes(&self) -> u64 {
        let gone = u64::from(self.duplicates) * self.mss_bytes();
        self.board.in_flight_bytes().saturating_sub(gone)
    }
}

#[cfg(test)]
mod tests;
