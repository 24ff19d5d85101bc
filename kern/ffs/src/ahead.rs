//! Which blocks a sequential reader will want next.
//!
//! A file has one state, for all its readers: where the next read is expected, how far ahead to
//! look, and how far that was done. Each read in sequence doubles the window; one that is near
//! (clients send several reads at once, and they arrive in any order) keeps it; any other closes
//! it.

use core::ops::Range;

/// Furthest look ahead of a sequential reader: one request to the disk being used up, and one on
/// its way.
pub(crate) const WINDOW_BYTES_MAX: u64 = 2 * block::REQUEST_BYTES_MAX;

/// Where a sequential reader has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ahead {
    next_bytes: u64,
    window_blocks: u64,
    /// Blocks below this number are read or on their way.
    until_block: u64,
}

impl Ahead {
    /// Takes note of a read of `bytes`, and gives the blocks to be read ahead now, none most of
    /// the time.
    pub(crate) fn after(self, bytes: Range<u64>, block_shift: u32) -> (Self, Range<u64>) {
        let length_blocks = ((bytes.end - bytes.start) >> block_shift).max(1);
        let window_max = WINDOW_BYTES_MAX >> block_shift;
        let distance_blocks = bytes.start.abs_diff(self.next_bytes) >> block_shift;
        let window_blocks = if bytes.start == self.next_bytes {
            (self.window_blocks * 2).max(length_blocks).min(window_max)
        } else if distance_blocks < self.window_blocks {
            self.window_blocks
        } else {
            let closed = Self { next_bytes: bytes.end, ..Self::default() };
            return (closed, 0..0);
        };
        let next_bytes = self.next_bytes.max(bytes.end);
        let next_block = next_bytes.div_ceil(1 << block_shift);
        let from = self.until_block.max(next_block);
        let until = (next_block + window_blocks).min(from + window_max / 2);
        // Many small requests cost more than few large ones: wait until half is used up.
        if self.until_block >= next_block + window_blocks / 2 && self.until_block != 0 {
            return (Self { next_bytes, window_blocks, until_block: self.until_block }, 0..0);
        }
        (Self { next_bytes, window_blocks, until_block: until }, from..until)
    }

    /// Gives back what was to be read ahead and was not: the blocks of `planned` from `reached` on.
    /// A later read will ask for them, unless others have come further meanwhile.
    pub(crate) fn reached(self, planned: &Range<u64>, reached: u64) -> Self {
        let is_last = self.until_block == planned.end;
        Self { until_block: if is_last { reached } else { self.until_block }, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIFT: u32 = 12;

    fn reads(offsets_blocks: &[u64]) -> alloc::vec::Vec<Range<u64>> {
        let mut state = Ahead::default();
        let mut read = |&block: &u64| {
            let (next, range) = state.after(block << SHIFT..(block + 1) << SHIFT, SHIFT);
            state = next;
            range
        };
        offsets_blocks.iter().map(&mut read).collect()
    }

    #[test]
    fn the_window_doubles_and_then_is_refilled_at_half() {
        assert_eq!(reads(&[0, 1, 2, 3, 4]), [1..2, 2..4, 4..7, 7..12, 12..21]);
        let offsets: alloc::vec::Vec<u64> = (0..3000).collect();
        let refills = reads(&offsets)[1000..].iter().filter(|range| !range.is_empty()).count();
        assert!((7..=8).contains(&refills), "{refills} refills, a whole request each");
    }

    #[test]
    fn near_reads_keep_the_window_and_far_ones_close_it() {
        assert_eq!(reads(&[0, 1, 2, 4, 3, 5])[3..], [0..0, 0..0, 7..14]);
        assert_eq!(reads(&[0, 1, 2, 900, 70, 4000])[3..], [0..0, 0..0, 0..0]);
    }

    #[test]
    fn what_was_not_started_is_asked_for_again() {
        let read =
            |state: Ahead, block: u64| state.after(block << SHIFT..(block + 1) << SHIFT, SHIFT);
        let (state, planned) = read(read(read(Ahead::default(), 0).0, 1).0, 2);
        assert_eq!(planned, 4..7);
        assert_eq!(read(state.reached(&planned, 5), 3).1, 5..12);
        assert_eq!(state.reached(&(2..4), 3), state);
    }

    #[test]
    fn the_window_is_bounded() {
        let offsets: alloc::vec::Vec<u64> = (0..5000).collect();
        let most = reads(&offsets).iter().map(|range| range.end - range.start).max();
        assert!(most.is_some_and(|blocks| blocks <= WINDOW_BYTES_MAX >> SHIFT));
    }
}
