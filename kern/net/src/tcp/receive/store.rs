//! Bytes that came before those in front of them: kept in pieces, until the gap is closed.
//!
//! ```text
//!   next expected          run                     run
//!        │     gap   ┌──────┬───────┐    gap    ┌───────┐
//!        └ ─ ─ ─ ─ ─ │ piece│ piece │ ─ ─ ─ ─ ─ │ piece │
//!                    └──────┴───────┘           └───────┘
//! ```
//! Each byte is kept once: what was kept first stays. Who sends single bytes pays for the pieces
//! they become, so that what is kept stays below a bound whatever arrives.

use super::super::limits::{CHUNK_BYTES, CHUNK_COST_BYTES, GAPS_MAX};
use super::super::segment::SackBlocks;
use super::super::sequence::{SeqNo, SeqRange};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// What is out of order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Store {
    /// In order, with gaps between them.
    runs: Vec<Run>,
    /// Where bytes arrived last, the latest first.
    recent: [Option<SeqNo>; 4],
    cost_bytes: u32,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Run {
    range: SeqRange,
    pieces: VecDeque<Vec<u8>>,
}

impl Store {
    /// Keeps bytes, as far as they are not kept already and what is kept then costs no more than
    /// `cost_bytes_max`. Returns the first of them that were kept already.
    pub fn insert(&mut self, at: SeqNo, bytes: &[u8], cost_bytes_max: u32) -> Option<SeqRange> {
        let range = SeqRange::new(at, bytes.len() as u32);
        let first = self.runs.partition_point(|run| run.range.end.is_before(at));
        let duplicate = self.overlap(first, range);
        let fresh = self.runs.get(first).is_none_or(|run| range.end.is_before(run.range.start));
        let has_gap = !fresh || self.runs.len() < GAPS_MAX;
        let cost_bytes = range.bytes().saturating_add(CHUNK_COST_BYTES);
        if has_gap && self.cost_bytes.saturating_add(cost_bytes) <= cost_bytes_max {
            self.fill(first, range, bytes);
            self.note(at);
        }
        duplicate
    }

    /// The first bytes of `range` that are kept.
    pub fn duplicate(&self, range: SeqRange) -> Option<SeqRange> {
        let first = self.runs.partition_point(|run| run.range.end.is_at_most(range.start));
        self.overlap(first, range)
    }

    fn overlap(&self, first: usize, range: SeqRange) -> Option<SeqRange> {
        let runs = self.runs[first..].iter().map(|run| SeqRange {
            start: run.range.start.max(range.start),
            end: run.range.end.min(range.end),
        });
        runs.take(2).find(|overlap| !overlap.is_empty())
    }

    /// Puts bytes into the gaps that `range` reaches over; `index` is the first run it touches.
    fn fill(&mut self, index: usize, range: SeqRange, bytes: &[u8]) {
        let mut at = range.start;
        if self.runs.get(index).is_none_or(|run| at.is_before(run.range.start)) {
            self.runs.insert(index, Run { range: SeqRange::new(at, 0), ..Run::default() });
        }
        at = at.max(self.runs[index].range.end);
        while at.is_before(range.end) {
            let next = self.runs.get(index + 1).map(|run| run.range.start);
            let end = next.map_or(range.end, |next| next.min(range.end));
            let from = range.start.bytes_to(at) as usize;
            self.append(index, &bytes[from..from + at.bytes_to(end) as usize]);
            if next == Some(end) {
                self.merge(index);
            }
            at = self.runs[index].range.end;
        }
    }

    fn append(&mut self, index: usize, bytes: &[u8]) {
        let run = &mut self.runs[index];
        run.range.end += bytes.len() as u32;
        self.cost_bytes += bytes.len() as u32;
        match run.pieces.back_mut() {
            Some(last) if last.len() + bytes.len() <= CHUNK_BYTES => last.extend_from_slice(bytes),
            _ => {
                run.pieces.push_back(bytes.to_vec());
                self.cost_bytes += CHUNK_COST_BYTES;
            }
        }
    }

    /// Joins a run with the one behind it, which it has reached.
    fn merge(&mut self, index: usize) {
        let mut behind = self.runs.remove(index + 1);
        let run = &mut self.runs[index];
        run.range.end = behind.range.end;
        if run.pieces.len() < behind.pieces.len() {
            while let Some(piece) = run.pieces.pop_back() {
                behind.pieces.push_front(piece);
            }
            run.pieces = behind.pieces;
        } else {
            run.pieces.append(&mut behind.pieces);
        }
    }

    fn note(&mut self, at: SeqNo) {
        let Some(run) = self.run_of(at) else { return };
        let others = self.recent.into_iter().flatten().filter(|&other| !run.contains(other));
        let recent: Vec<SeqNo> = core::iter::once(at).chain(others).collect();
        self.recent = core::array::from_fn(|index| recent.get(index).copied());
    }

    fn run_of(&self, at: SeqNo) -> Option<SeqRange> {
        let index = self.runs.partition_point(|run| run.range.end.is_at_most(at));
        self.runs.get(index).map(|run| run.range).filter(|range| range.contains(at))
    }

    /// The bytes from `next` on, as far as they are kept without a gap and come before `limit`; what
    /// lies before is forgotten. Returns what is expected then.
    pub fn take(&mut self, next: SeqNo, limit: SeqNo, sink: &mut dyn FnMut(&[u8])) -> SeqNo {
        let mut at = next;
        let count = self.runs.iter().take_while(|run| run.range.start.is_at_most(at)).count();
        let reached = self.runs[..count].iter().map(|run| run.range.end).fold(at, SeqNo::max);
        debug_assert!(count == 0 || reached.is_at_most(self.runs[count - 1].range.end.max(at)));
        for run in self.runs.drain(..count) {
            let mut start = run.range.start;
            for piece in run.pieces {
                self.cost_bytes -= piece.len() as u32 + CHUNK_COST_BYTES;
                let end = start + piece.len() as u32;
                if at.is_before(end.min(limit)) {
                    let from = start.bytes_to(at) as usize;
                    sink(&piece[from..start.bytes_to(end.min(limit)) as usize]);
                    at = end.min(limit);
                }
                start = end;
            }
        }
        at
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// What is kept, with what keeping it costs, in bytes.
    pub fn cost_bytes(&self) -> u32 {
        self.cost_bytes
    }

    /// What to tell the sender (RFC 2018 §4): behind `first`, if there is one, the run that grew last
    /// and those before it.
    pub fn blocks(&self, first: Option<SeqRange>) -> SackBlocks {
        let runs = self.recent.into_iter().flatten().filter_map(|at| self.run_of(at));
        let mut blocks = first.into_iter().chain(runs);
        [(); 4].map(|()| blocks.next())
    }
}
