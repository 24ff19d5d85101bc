//! Segments in; bytes, blocks and windows out.

mod any_order;
mod traces;

use super::*;
use crate::tcp::segment::SACK_BLOCKS_MAX;
use abi::Instant;

const MSS: u16 = 1000;
const FIRST: SeqNo = SeqNo(u32::MAX - 20_000);

fn settings() -> ReceiverSettings {
    ReceiverSettings { mss: MSS, window_scale: 7, sack: true, timestamp: None }
}

fn at(milliseconds: u64) -> Instant {
    Instant(1_000_000_000 + milliseconds * 1_000_000)
}

/// A receiver, what it has handed out, and the stream that it should.
#[derive(Clone, Debug, PartialEq)]
struct Bench {
    receiver: Receiver,
    received: Vec<u8>,
    now: Instant,
}

fn byte(position: u32) -> u8 {
    (position ^ position >> 8).wrapping_mul(31) as u8
}

fn stream(position: u32, bytes: u32) -> Vec<u8> {
    (position..position + bytes).map(byte).collect()
}

/// Its position, blocks by position, and the window in bytes.
type Acknowledgement = (u32, Vec<(u32, u32)>, u32);

impl Bench {
    fn new() -> Self {
        Self { receiver: Receiver::new(FIRST, settings(), at(0)), received: Vec::new(), now: at(0) }
    }

    /// The peer sends so many bytes from a position of its stream.
    fn send(&mut self, position: u32, bytes: u32) -> Arrival {
        self.send_with(position, bytes, false)
    }

    fn send_with(&mut self, position: u32, bytes: u32, fin: bool) -> Arrival {
        let payload = stream(position, bytes);
        let Self { receiver, received, now } = self;
        receiver.segment(FIRST + position, &payload, fin, *now, &mut |bytes| {
            assert!(!bytes.is_empty());
            received.extend_from_slice(bytes);
        })
    }

    fn pause(&mut self, is_paused: bool) {
        let Self { receiver, received, now } = self;
        receiver.pause(is_paused, *now, &mut |bytes| received.extend_from_slice(bytes));
    }

    /// Takes the acknowledgement that is due.
    fn acknowledgement(&mut self) -> Option<Acknowledgement> {
        if !self.receiver.is_due(self.now) {
            return None;
        }
        let blocks = self.receiver.sack_blocks();
        let blocks = blocks.into_iter().flatten();
        let blocks = blocks.map(|block| (position(block.start), position(block.end))).collect();
        let window = u32::from(self.receiver.acknowledged()) << 7;
        Some((position(self.receiver.next()), blocks, window))
    }

    fn blocks(&mut self) -> Vec<(u32, u32)> {
        self.acknowledgement().expect("one is due").1
    }
}

fn position(seq: SeqNo) -> u32 {
    seq.0.wrapping_sub(FIRST.0)
}
