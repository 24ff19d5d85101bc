//! One direction of a path: a queue before a wire of some rate, loss, and delay. A machine: the
//! time goes in, frames come out.
//!
//! ```text
//! frame ─► lost? ─► queue full? ─► leaves the queue at the wire's rate ─► on the way for the delay
//! ```

use std::collections::VecDeque;

/// What a path is like, the same both ways.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// From one end to the other, in nanoseconds.
    pub delay_ns: u64,
    /// Part of all frames that is lost, 0 to 1.
    pub loss: f64,
    /// Bits in a second; 0 for no limit.
    pub rate_bits: u64,
    /// What may wait for the wire, in bytes.
    pub queue_bytes: u64,
    /// Which frames are lost: the same ones, by their number, for the same seed.
    pub seed: u64,
}

/// What became of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All that were sent.
    pub frames: u64,
    /// Of those, lost by chance.
    pub lost: u64,
    /// Of those, lost because the queue was full.
    pub overflowed: u64,
}

/// See the module's text.
#[derive(Debug)]
pub struct Path {
    terms: Terms,
    counts: Counts,
    /// When the wire has sent everything that waits for it.
    free_at_ns: u64,
    /// What is on the way, with the time of its arrival.
    flying: VecDeque<(u64, Vec<u8>)>,
}

impl Path {
    /// A path with nothing on it.
    pub fn new(terms: Terms) -> Self {
        Self { terms, counts: Counts::default(), free_at_ns: 0, flying: VecDeque::new() }
    }

    /// What became of frames so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Takes a frame that one end sent at this moment.
    pub fn send(&mut self, frame: Vec<u8>, now_ns: u64) {
        self.counts.frames += 1;
        if is_lost(self.terms, self.counts.frames) {
            self.counts.lost += 1;
            return;
        }
        let leaves_from_ns = self.free_at_ns.max(now_ns);
        if self.bytes_in(leaves_from_ns - now_ns) + frame.len() as u64 > self.terms.queue_bytes {
            self.counts.overflowed += 1;
            return;
        }
        self.free_at_ns = leaves_from_ns + self.ns_for(frame.len());
        self.flying.push_back((self.free_at_ns + self.terms.delay_ns, frame));
    }

    /// When the next frame arrives.
    pub fn next_at_ns(&self) -> Option<u64> {
        self.flying.front().map(|(at_ns, _)| *at_ns)
    }

    /// The next frame that has arrived.
    pub fn arrived(&mut self, now_ns: u64) -> Option<Vec<u8>> {
        self.flying.pop_front_if(|(at_ns, _)| *at_ns <= now_ns).map(|(_, frame)| frame)
    }

    fn ns_for(&self, bytes: usize) -> u64 {
        (bytes as u64 * 8_000_000_000).checked_div(self.terms.rate_bits).unwrap_or(0)
    }

    fn bytes_in(&self, ns: u64) -> u64 {
        (u128::from(ns) * u128::from(self.terms.rate_bits) / 8_000_000_000) as u64
    }
}

/// Whether the frame of this number is lost: SplitMix64 of both, below the part that is lost.
fn is_lost(terms: Terms, number: u64) -> bool {
    let mut word = terms.seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (((word ^ (word >> 31)) >> 11) as f64) < terms.loss * (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms =
        Terms { delay_ns: 1000, loss: 0.0, rate_bits: 8_000_000_000, queue_bytes: 250, seed: 1 };

    #[test]
    fn frames_leave_at_the_wires_rate_and_arrive_after_the_delay() {
        let mut path = Path::new(TERMS);
        path.send(vec![1; 100], 5);
        path.send(vec![2; 50], 5);
        assert_eq!(path.next_at_ns(), Some(1105));
        assert_eq!(path.arrived(1104), None);
        assert_eq!(path.arrived(1105), Some(vec![1; 100]));
        assert_eq!(path.next_at_ns(), Some(1155));
        path.send(vec![3], 2000);
        assert_eq!(path.arrived(2000), Some(vec![2; 50]));
        assert_eq!(path.next_at_ns(), Some(3001));
    }

    #[test]
    fn a_full_queue_takes_no_more_until_the_wire_has_sent_some() {
        let mut path = Path::new(TERMS);
        (0..3).for_each(|_| path.send(vec![0; 100], 0));
        assert_eq!(path.counts(), Counts { frames: 3, lost: 0, overflowed: 1 });
        path.send(vec![0; 100], 50);
        assert_eq!(path.counts().overflowed, 1);
    }

    #[test]
    fn the_same_frames_are_lost_again() {
        let lost = |seed| {
            let terms = Terms { loss: 0.01, seed, ..TERMS };
            (0..100_000).filter(|&number| is_lost(terms, number)).collect::<Vec<_>>()
        };
        assert_eq!(lost(1), lost(1));
        assert_ne!(lost(1), lost(2));
        assert!((800..1200).contains(&lost(3).len()), "{}", lost(3).len());
        assert!(!(0..1000).any(|number| is_lost(TERMS, number)));
    }
}
