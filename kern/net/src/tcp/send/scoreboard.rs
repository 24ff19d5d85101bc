//! What was sent and is not acknowledged in order: in flight, lost, or held by the peer beyond a gap
//! (RFC 6675 §4, with the times of transmission that RFC 8985 wants).
//!
//! Pieces are as long as they were sent, and are cut only where one packet ends and the next begins:
//! a peer cannot make more of them than there were packets, whatever it claims to hold. What the peer
//! holds is joined to one piece. Every step is logarithmic; each packet is lost, held or acknowledged
//! once for every time it was sent.

use abi::Instant;
use alloc::collections::{BTreeMap, BTreeSet};

/// What is known of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    InFlight,
    Lost,
    Held,
}

/// Bytes that were sent together, from the offset under which it is found up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The offset behind its last byte.
    pub end: u64,
    /// When it was sent last.
    pub sent: Instant,
    /// It was sent more than once.
    pub resent: bool,
    /// Bytes in each of its packets; the last may have fewer.
    packet_bytes: u32,
    state: State,
}

impl Piece {
    /// Bytes in its first packet.
    pub fn first_packet_bytes(&self, start: u64) -> u16 {
        u16::try_from((self.end - start).min(self.packet_bytes.into())).unwrap_or(u16::MAX)
    }
}

/// When a piece was sent, and its offset: pieces sent at once were sent in order.
pub type SentKey = (Instant, u64);

/// All pieces between the oldest unacknowledged byte and the newest sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scoreboard {
    pieces: BTreeMap<u64, Piece>,
    in_flight: BTreeSet<SentKey>,
    lost: BTreeSet<u64>,
    in_flight_bytes: u64,
    held_bytes: u64,
    lost_bytes: u64,
}

impl Scoreboard {
    /// Bytes believed to be on their way.
    pub const fn in_flight_bytes(&self) -> u64 {
        self.in_flight_bytes
    }

    /// Bytes the peer has beyond a gap.
    pub const fn held_bytes(&self) -> u64 {
        self.held_bytes
    }

    /// Bytes believed lost and not sent again.
    pub const fn lost_bytes(&self) -> u64 {
        self.lost_bytes
    }

    /// Whether everything is acknowledged.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Bytes in the oldest packet; none if everything is acknowledged.
    pub fn first_packet_bytes(&self) -> u16 {
        self.pieces.first_key_value().map_or(0, |(start, piece)| piece.first_packet_bytes(*start))
    }

    /// New bytes leave.
    pub fn sent(&mut self, start: u64, end: u64, packet_bytes: u32, now: Instant) {
        let (state, packet_bytes) = (State::InFlight, packet_bytes.max(1));
        self.insert(start, Piece { end, sent: now, resent: false, packet_bytes, state });
    }

    /// The first bytes that are lost: from where to where.
    pub fn first_lost(&self) -> Option<(u64, u64)> {
        let start = *self.lost.first()?;
        self.pieces.get(&start).map(|piece| (start, piece.end))
    }

    /// The last bytes in flight, of at most one packet: from where to where.
    pub fn last_in_flight(&self) -> Option<(u64, u64)> {
        let (start, piece) = self.pieces.last_key_value()?;
        let packets = (piece.end - start - 1) / u64::from(piece.packet_bytes);
        let last = start + packets * u64::from(piece.packet_bytes);
        (piece.state == State::InFlight).then_some((last, piece.end))
    }

    /// Bytes of one piece leave again.
    pub fn sent_again(&mut self, start: u64, end: u64, packet_bytes: u32, now: Instant) {
        self.cut(start);
        self.cut(end);
        if let Some(mut piece) = self.remove(start) {
            piece.packet_bytes = packet_bytes.max(1);
            self.insert(start, Piece { sent: now, resent: true, state: State::InFlight, ..piece });
        }
    }

    /// All before `offset` arrived. What the peer had not held before is told to `delivered`.
    pub fn acknowledge(&mut self, offset: u64, delivered: &mut dyn FnMut(u64, Piece)) {
        self.cut(offset);
        while let Some(&start) = self.pieces.keys().next().filter(|start| **start < offset) {
            match self.remove(start) {
                Some(piece) if piece.state != State::Held => delivered(start, piece),
                _ => {}
            }
        }
        if self.pieces.is_empty() {
            *self = Self::default();
        }
    }

    /// The peer holds `start..end`. Packets of it that it had not held before are told.
    pub fn hold(&mut self, start: u64, end: u64, delivered: &mut dyn FnMut(u64, Piece)) {
        let mut at = self.piece_at(start).map_or(start, |(piece_start, _)| piece_start);
        while let Some((piece_start, piece)) = self.piece_from(at).filter(|found| found.0 < end) {
            at = piece.end;
            if piece.state != State::Held {
                self.hold_whole_packets(piece_start, piece, start, end, delivered);
            }
        }
    }

    fn hold_whole_packets(
        &mut self,
        piece_start: u64,
        piece: Piece,
        start: u64,
        end: u64,
        delivered: &mut dyn FnMut(u64, Piece),
    ) {
        let packet = u64::from(piece.packet_bytes);
        let first = piece_start + start.saturating_sub(piece_start).div_ceil(packet) * packet;
        let last = if end >= piece.end { piece.end } else { end - (end - piece_start) % packet };
        if first < last {
            self.cut(first);
            self.cut(last);
            if let Some(piece) = self.remove(first) {
                delivered(first, piece);
                self.insert_held(first, piece);
            }
        }
    }

    /// Joins with what is held on both sides.
    fn insert_held(&mut self, mut start: u64, mut piece: Piece) {
        piece.state = State::Held;
        let held = |found: Option<(u64, Piece)>| found.filter(|(_, it)| it.state == State::Held);
        if let Some((next, behind)) =
            held(self.piece_from(piece.end)).filter(|it| it.0 == piece.end)
        {
            self.remove(next);
            piece.end = behind.end;
        }
        let before = start.checked_sub(1).and_then(|before| self.piece_at(before));
        if let Some((previous, _)) = held(before) {
            self.remove(previous);
            start = previous;
        }
        self.insert(start, piece);
    }

    /// Whether the oldest byte is one the peer says it holds: then it went back on its word.
    pub fn is_first_held(&self) -> bool {
        self.pieces.values().next().is_some_and(|piece| piece.state == State::Held)
    }

    /// The peer's word counts for nothing: what it held is lost (RFC 2018 §8).
    pub fn forget_held(&mut self) {
        for (start, piece) in self.drain(|piece| piece.state == State::Held) {
            self.insert(start, Piece { state: State::Lost, ..piece });
        }
    }

    /// The piece in flight that was sent first.
    pub fn first_sent(&self) -> Option<SentKey> {
        self.in_flight.first().copied()
    }

    /// The piece in flight that was sent last of those sent before `key`.
    pub fn last_sent_before(&self, key: SentKey) -> Option<SentKey> {
        self.in_flight.range(..key).next_back().copied()
    }

    /// A piece is lost.
    pub fn lose(&mut self, start: u64) {
        if let Some(piece) = self.remove(start) {
            let state = if piece.state == State::Held { State::Held } else { State::Lost };
            self.insert(start, Piece { state, ..piece });
        }
    }

    /// The first `bytes` of the oldest piece are lost.
    pub fn lose_first(&mut self, bytes: u64) {
        if let Some((start, piece)) = self.piece_from(0) {
            self.cut(piece.end.min(start + bytes));
            self.lose(start);
        }
    }

    /// What is lost and was not sent again is in flight after all.
    pub fn find_lost(&mut self) {
        for (start, piece) in self.drain(|piece| piece.state == State::Lost) {
            self.insert(start, Piece { state: State::InFlight, ..piece });
        }
    }

    /// What is in flight in packets larger than so much is lost.
    pub fn lose_larger(&mut self, packet_bytes: u32) {
        let larger =
            |piece: &Piece| piece.state == State::InFlight && piece.packet_bytes > packet_bytes;
        for (start, piece) in self.drain(larger) {
            self.insert(start, Piece { state: State::Lost, ..piece });
        }
    }

    fn drain(&mut self, mut chosen: impl FnMut(&Piece) -> bool) -> alloc::vec::Vec<(u64, Piece)> {
        let found = self.pieces.iter().filter(|(_, piece)| chosen(piece));
        let found: alloc::vec::Vec<_> = found.map(|(start, piece)| (*start, *piece)).collect();
        for (start, _) in &found {
            self.remove(*start);
        }
        found
    }

    fn piece_at(&self, offset: u64) -> Option<(u64, Piece)> {
        let (start, piece) = self.pieces.range(..=offset).next_back()?;
        (offset < piece.end).then_some((*start, *piece))
    }

    fn piece_from(&self, offset: u64) -> Option<(u64, Piece)> {
        self.pieces.range(offset..).next().map(|(start, piece)| (*start, *piece))
    }

    /// Makes two of the piece that `at` lies within.
    fn cut(&mut self, at: u64) {
        let Some((start, piece)) = self.piece_at(at).filter(|(start, _)| *start < at) else {
            return;
        };
        self.remove(start);
        self.insert(start, Piece { end: at, ..piece });
        self.insert(at, piece);
    }

    fn insert(&mut self, start: u64, piece: Piece) {
        let bytes = piece.end - start;
        match piece.state {
            State::InFlight => {
                self.in_flight.insert((piece.sent, start));
                self.in_flight_bytes += bytes;
            }
            State::Lost => {
                self.lost.insert(start);
                self.lost_bytes += bytes;
            }
            State::Held => self.held_bytes += bytes,
        }
        self.pieces.insert(start, piece);
    }

    fn remove(&mut self, start: u64) -> Option<Piece> {
        let piece = self.pieces.remove(&start)?;
        let bytes = piece.end - start;
        match piece.state {
            State::InFlight => {
                self.in_flight.remove(&(piece.sent, start));
                self.in_flight_bytes -= bytes;
            }
            State::Lost => {
                self.lost.remove(&start);
                self.lost_bytes -= bytes;
            }
            State::Held => self.held_bytes -= bytes,
        }
        Some(piece)
    }
}

#[cfg(test)]
mod tests;
