//! What to send next: what was asked for by a timer, what is lost, what is new.

use super::recovery::Recovery;
use super::{Chunk, Sender};
use abi::Instant;

/// What a timer wants sent whatever the windows say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ask {
    /// One packet that makes the peer tell what it has (RFC 8985 §7.3).
    Tail,
    /// Something that makes the peer tell its window (RFC 9293 §3.8.6.1).
    Window,
}

/// A probe whose effect is not known yet (RFC 8985 §7.4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TailProbe {
    /// The offset behind what was sent by then.
    pub end: u64,
    /// It was no new data.
    pub resent: bool,
}

impl Sender {
    /// What is to be sent now, with at most `segment_bytes_max` bytes of payload if the link cuts,
    /// and at most a packet's otherwise. To be called until there is nothing.
    pub fn next(&mut self, now: Instant, segment_bytes_max: u32) -> Option<Chunk> {
        let packets = u64::from(segment_bytes_max) / self.mss_bytes();
        let bytes_max = packets.max(1) * self.mss_bytes();
        let chunk = match self.ask.take() {
            Some(Ask::Tail) => self.tail_probe(now),
            Some(Ask::Window) => self.window_probe(now),
            None => None,
        };
        let chunk = chunk.or_else(|| self.lost_chunk(bytes_max, now));
        chunk.or_else(|| self.new_chunk(bytes_max, now))
    }

    fn lost_chunk(&mut self, bytes_max: u64, now: Instant) -> Option<Chunk> {
        let (start, end) = self.board.first_lost()?;
        let room = self.congestion.window_bytes().saturating_sub(self.pipe_bytes());
        let bytes = self.whole_packets(end - start, room.min(bytes_max));
        (bytes > 0).then(|| self.send_again(start, start + bytes, now))
    }

    fn new_chunk(&mut self, bytes_max: u64, now: Instant) -> Option<Chunk> {
        if self.next >= self.end() {
            return None;
        }
        if self.board.is_empty() {
            self.wake_up(now);
        }
        let unsent = self.unsent_bytes();
        let window = self.window.room_bytes(self.next);
        let room = self.congestion.window_bytes().saturating_sub(self.pipe_bytes());
        let fit = self.whole_packets(unsent, window.min(bytes_max));
        let bytes = self.whole_packets(unsent, fit.min(room));
        if bytes < unsent && fit > bytes {
            self.limited_until = self.next;
        }
        if bytes > 0 || (unsent == 0 && window > 0) {
            return Some(self.send_new(bytes, now));
        }
        self.send_part(window, now)
    }

    /// The window has room for less than a packet: it is used if there is nothing else to wait for.
    fn send_part(&mut self, window: u64, now: Instant) -> Option<Chunk> {
        if window >= self.mss_bytes().min(self.unsent_bytes().max(1)) {
            return None;
        }
        if self.board.is_empty() && self.window.is_half(window) {
            return Some(self.send_new(window, now));
        }
        self.arm_persist(now);
        None
    }

    /// As much of `wanted` as fits in `room`, in full packets unless it is all.
    fn whole_packets(&self, wanted: u64, room: u64) -> u64 {
        if wanted <= room { wanted } else { room - room % self.mss_bytes() }
    }

    /// After a pause, what was known of the path counts for less.
    fn wake_up(&mut self, now: Instant) {
        let (pause, timeout) = (now.since(self.busy), self.round_trip.timeout());
        self.congestion.idle(pause, timeout);
        if pause >= timeout {
            self.undo = None;
        }
        self.busy = now;
    }

    /// New data leave: so many bytes, and the end of the stream if that is next and fits.
    fn send_new(&mut self, bytes: u64, now: Instant) -> Chunk {
        let start = self.next;
        let data_end = start + bytes;
        let is_end = self.finished && data_end == self.queue.end();
        let end = data_end + u64::from(is_end && data_end < self.window.end());
        self.board.sent(start, end, u32::from(self.settings.mss), now);
        self.next = end;
        self.timers.sent_new();
        self.arm(now);
        let cwr = core::mem::take(&mut self.reduced);
        Chunk { cwr, ecn_capable: self.settings.ecn, ..self.sent(start, end) }
    }

    fn send_again(&mut self, start: u64, end: u64, now: Instant) -> Chunk {
        self.board.sent_again(start, end, u32::from(self.settings.mss), now);
        if let Some(undo) = &mut self.undo {
            undo.resent(end - start, now);
        }
        self.arm(now);
        self.sent(start, end)
    }

    /// The chunk that has just left.
    fn sent(&mut self, start: u64, end: u64) -> Chunk {
        if let Recovery::Fast { reduction, .. } = &mut self.recovery {
            reduction.sent(end - start);
        }
        let data_end = end.min(self.queue.end());
        Chunk {
            seq: self.seq(start),
            payload: self.queue.slice(start, data_end),
            bytes: (data_end - start) as u32,
            fin: end > data_end,
            push: data_end == self.queue.end(),
            cwr: false,
            ecn_capable: false,
        }
    }

    /// New data if there are and the peer takes them, else the last packet once more.
    fn tail_probe(&mut self, now: Instant) -> Option<Chunk> {
        let room = self.window.room_bytes(self.next);
        let bytes = self.unsent_bytes().min(self.mss_bytes());
        let resent = self.next >= self.end() || room < bytes.max(1);
        if resent {
            let (start, end) = self.board.last_in_flight()?;
            self.tail = Some(TailProbe { end: self.next, resent });
            self.board.sent_again(start, end, u32::from(self.settings.mss), now);
            Some(self.sent(start, end))
        } else {
            self.tail = Some(TailProbe { end: self.next + bytes, resent });
            Some(self.send_new(bytes, now))
        }
    }

    /// As much as the window has room for; with none, a number the peer has long had, which it must
    /// answer. Nothing ever leaves beyond the window.
    fn window_probe(&mut self, now: Instant) -> Option<Chunk> {
        let room = self.window.room_bytes(self.next);
        if self.next >= self.end() || !self.board.is_empty() {
            return None;
        }
        if room > 0 {
            return Some(self.send_new(room.min(self.unsent_bytes()).min(self.mss_bytes()), now));
        }
        let seq = self.seq(self.next) - 1;
        let (payload, bytes) = (alloc::vec::Vec::new(), 0);
        let (fin, push, cwr, ecn_capable) = (false, false, false, false);
        Some(Chunk { seq, payload, bytes, fin, push, cwr, ecn_capable })
    }
}
