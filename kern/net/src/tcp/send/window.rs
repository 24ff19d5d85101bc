//! The peer's window (RFC 9293 §3.8.6), and which of its offers is the newest.

use crate::tcp::sequence::SeqNo;

/// How far the peer lets the sender go.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The offset behind the last byte it takes.
    end: u64,
    /// The largest it ever offered, in bytes: an estimate of what it has room for.
    largest_bytes: u32,
    /// The segment of the offer: its number and its acknowledgement (SND.WL1, SND.WL2).
    from: Option<(SeqNo, u64)>,
}

impl Window {
    /// The first offer, behind offset 0.
    pub fn new(bytes: u32) -> Self {
        Self { end: u64::from(bytes), largest_bytes: bytes, from: None }
    }

    /// An offer of `bytes` behind the offset `acknowledged`, in a segment with the number `seq`.
    /// Older ones than the last are not heeded.
    pub fn offered(&mut self, seq: SeqNo, acknowledged: u64, bytes: u32) {
        let newer = self.from.is_none_or(|(from_seq, from_acknowledged)| {
            from_seq.is_before(seq) || (from_seq == seq && from_acknowledged <= acknowledged)
        });
        // What acknowledges more was sent later, whatever its number says.
        if newer || self.from.is_some_and(|(_, from)| from < acknowledged) {
            self.from = Some((seq, acknowledged));
            self.end = acknowledged + u64::from(bytes);
            self.largest_bytes = self.largest_bytes.max(bytes);
        }
    }

    /// The offset behind the last byte it takes.
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// Bytes it takes from `next` on.
    pub const fn room_bytes(&self, next: u64) -> u64 {
        self.end.saturating_sub(next)
    }

    /// Whether less than a full packet is worth sending: half of what the peer may have room for
    /// (RFC 9293 §3.8.6.2.1).
    pub fn is_half(&self, bytes: u64) -> bool {
        bytes > 0 && bytes >= u64::from(self.largest_bytes / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_offer_does_not_take_back_a_newer_one() {
        let mut window = Window::new(100);
        window.offered(SeqNo(5), 10, 200);
        assert_eq!((window.end(), window.room_bytes(60)), (210, 150));
        window.offered(SeqNo(4), 10, 0);
        assert_eq!(window.end(), 210);
        window.offered(SeqNo(5), 10, 50);
        assert_eq!((window.end(), window.room_bytes(70)), (60, 0));
        window.offered(SeqNo(u32::MAX), 20, 50);
        assert_eq!(window.end(), 70);
    }

    #[test]
    fn half_of_the_largest_is_worth_it() {
        let window = Window::new(100);
        assert!(window.is_half(50) && !window.is_half(49) && !Window::new(0).is_half(0));
    }
}
