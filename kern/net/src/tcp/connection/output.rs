//! What leaves.

use super::{Connection, State};
use crate::tcp::segment::{Flags, Options, Outgoing};
use crate::tcp::send::Chunk;
use crate::tcp::sequence::SeqNo;
use crate::tcp::table::numbers::timestamp;
use abi::Instant;

impl Connection {
    /// What is to be sent next, with at most `segment_bytes_max` bytes; ask until there is nothing.
    ///
    /// Blocks go without data, so that data always has the same room.
    pub fn next(&mut self, now: Instant, segment_bytes_max: u32) -> Option<Outgoing> {
        if let Some(reset) = self.reset.take() {
            return Some(*reset);
        }
        if self.state == State::Closed {
            return None;
        }
        let is_due = self.receiver.is_due(now);
        if is_due && self.receiver.sack_blocks()[0].is_some() {
            return Some(self.acknowledgement(now));
        }
        if let Some(chunk) = self.sender.next(now, segment_bytes_max) {
            return Some(self.data(chunk, now));
        }
        if core::mem::take(&mut self.is_probe_due) {
            return Some(self.probe(now));
        }
        is_due.then(|| self.acknowledgement(now))
    }

    fn acknowledgement(&mut self, now: Instant) -> Outgoing {
        let sack = self.receiver.sack_blocks();
        let bare = self.bare(self.sender.next_seq(), now);
        let options = Options { sack, ..bare.options };
        Outgoing { options: options.within(self.settings.path_bytes.into()), ..bare }
    }

    fn data(&mut self, chunk: Chunk, now: Instant) -> Outgoing {
        let bare = self.bare(chunk.seq, now);
        let mut flags = bare.flags;
        flags.set(Flags::FIN, chunk.fin);
        flags.set(Flags::PSH, chunk.push && chunk.bytes > 0);
        flags.set(Flags::CWR, chunk.cwr);
        Outgoing {
            flags,
            payload: chunk.payload,
            payload_bytes: chunk.bytes,
            segment_bytes: self.sender.mss(),
            ecn_capable: chunk.ecn_capable && self.handshake.ecn,
            ..bare
        }
    }

    /// Asks the peer if it is there: a number it has acknowledged must be answered (RFC 9293 §3.8.4).
    fn probe(&mut self, now: Instant) -> Outgoing {
        self.bare(self.sender.next_seq() - 1, now)
    }

    /// An acknowledgement, which every segment is.
    fn bare(&mut self, seq: SeqNo, now: Instant) -> Outgoing {
        let window = self.receiver.acknowledged();
        let clock = timestamp(self.settings.clock_offset, now);
        let timestamps = self.receiver.timestamp_to_echo().map(|echo| (clock, echo));
        Outgoing {
            seq,
            ack: Some(self.receiver.next()),
            flags: if self.echoes_congestion { Flags::ECE } else { Flags::empty() },
            window,
            options: Options { timestamps, ..Options::default() },
            ..Outgoing::default()
        }
    }

    pub(super) fn reset_segment(&self) -> Outgoing {
        let (seq, ack) = (self.sender.next_seq(), Some(self.receiver.next()));
        Outgoing { seq, ack, flags: Flags::RST, ..Outgoing::default() }
    }
}
