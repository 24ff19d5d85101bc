//! Traces, and a path with all its faults. Numbers go round in nearly every one of them.

mod bounds;
mod goodput;
mod hostile;
mod losses;
mod mistakes;
mod path;
mod peer;
mod quiet;

use super::*;
use crate::tcp::sequence::SeqRange;
use alloc::vec;
use core::time::Duration;

/// Close to where numbers go round.
pub const FIRST: SeqNo = SeqNo(u32::MAX - 2500);

pub const SETTINGS: SenderSettings = SenderSettings {
    mss: 1000,
    mss_small: 1000,
    mss_least: 1000,
    window_bytes: 1 << 20,
    sack: true,
    timestamps: false,
    ecn: false,
    is_repeated: false,
};

pub fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A sender by itself. Numbers are told from the first byte on.
pub struct Trace {
    pub sender: Sender,
    pub now: Instant,
    pub window_bytes: u32,
    pub ece: bool,
    pub echo: Option<u32>,
}

impl Trace {
    pub fn new(settings: SenderSettings) -> Self {
        let now = Instant(0) + ms(5000);
        let sender = Sender::new(FIRST, settings, now);
        let window_bytes = settings.window_bytes;
        Self { sender, now, window_bytes, ece: false, echo: None }
    }

    /// With a round trip of 10 ms known, and the first 1000 bytes gone.
    pub fn measured(settings: SenderSettings) -> Self {
        let mut trace = Self::new(settings);
        trace.push(1000);
        assert_eq!(trace.sent(), [(0, 1000)]);
        trace.wait(10);
        trace.ack(1000, &[]);
        trace
    }

    pub fn push(&mut self, bytes: usize) {
        self.sender.push(vec![Bytes::from(vec![0; bytes])]);
    }

    pub fn wait(&mut self, milliseconds: u64) {
        self.now = self.now + ms(milliseconds);
    }

    /// All that leaves now, packet by packet.
    pub fn sent(&mut self) -> Vec<(u32, u32)> {
        let mut sent = Vec::new();
        while let Some(chunk) = self.sender.next(self.now, 1000) {
            let start = chunk.seq.0.wrapping_sub(FIRST.0);
            sent.push((start, start.wrapping_add(chunk.bytes + u32::from(chunk.fin))));
        }
        sent
    }

    pub fn ack(&mut self, at: u32, held: &[(u32, u32)]) -> Progress {
        let block =
            |(start, end): &(u32, u32)| SeqRange { start: FIRST + *start, end: FIRST + *end };
        let acknowledgement = Acknowledgement {
            seq: SeqNo(7),
            ack: FIRST + at,
            window_bytes: self.window_bytes,
            sack: core::array::from_fn(|index| held.get(index).map(block)),
            timestamp_echo: self.echo,
            has_payload: false,
            ece: self.ece,
        };
        self.sender.acknowledged(&acknowledgement, self.now)
    }

    /// Milliseconds until the deadline.
    pub fn deadline_ms(&self) -> Option<u64> {
        self.sender.deadline().map(|at| at.since(self.now).as_millis() as u64)
    }

    /// Waits for the deadline: what leaves then.
    pub fn timeout(&mut self) -> Vec<(u32, u32)> {
        self.now = self.sender.deadline().expect("something is to happen");
        self.sender.timeout(self.now).expect("the peer is given time");
        if let Some(mss) = self.sender.take_proven_mss() {
            self.sender.set_mss(mss);
        }
        self.sent()
    }

    pub fn window_packets(&self) -> u64 {
        self.sender.congestion_window_bytes() / 1000
    }
}

/// Packets in a row.
pub fn packets(start: u32, end: u32) -> Vec<(u32, u32)> {
    (start..end).step_by(1000).map(|at| (at, end.min(at + 1000))).collect()
}
