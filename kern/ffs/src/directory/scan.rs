//! Reading a directory from end to end, around whatever is damaged.

use super::STRIDE_BYTES;
use super::records::{Bad, Record, Records};
use crate::file_system::Ffs;
use crate::inodes::Node;
use bytes::Bytes;
use core::ops::{ControlFlow, Range};
use task::let_others_run;

/// What a reader of a whole directory came to.
pub(super) enum Scan<T> {
    Found(T),
    /// Nothing, and what was not seen.
    End(Gaps),
}

/// What a reader had to pass over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gaps {
    /// The first damaged record.
    bad: Option<Bad>,
    /// Whether a block could not be read, which may have been the disk's failure of a moment.
    pub(super) is_torn: bool,
}

impl Gaps {
    pub(super) const fn exist(&self) -> bool {
        self.bad.is_some() || self.is_torn
    }
}

impl Ffs {
    /// Shows every record to `each`, free ones too, until it breaks.
    pub(super) async fn scan<T>(
        &self,
        directory: &Node,
        size: u64,
        each: impl FnMut(Record<'_>) -> ControlFlow<T>,
    ) -> Scan<T> {
        let mut gaps = Gaps::default();
        if let ControlFlow::Break(found) = self.walk(directory, 0..size, &mut gaps, each).await {
            return Scan::Found(found);
        }
        if !gaps.is_torn {
            directory.findings.is_damaged.set(Some(gaps.exist()));
        }
        Scan::End(gaps)
    }

    /// The same for a range that begins with a chunk. Of several damaged records one is reported.
    pub(super) async fn walk<T>(
        &self,
        directory: &Node,
        range: Range<u64>,
        gaps: &mut Gaps,
        mut each: impl FnMut(Record<'_>) -> ControlFlow<T>,
    ) -> ControlFlow<T> {
        let block_bytes = self.geometry.block_bytes().into();
        let mut at = range.start;
        while at < range.end {
            let end = (at + 1).next_multiple_of(block_bytes).min(range.end);
            match self.read_in_sequence(directory, at..end).await {
                Ok(pieces) => self.show_pieces(directory, at, &pieces, gaps, &mut each)?,
                Err(_) => gaps.is_torn = true,
            }
            if end.is_multiple_of(STRIDE_BYTES) {
                let_others_run().await;
            }
            at = end;
        }
        ControlFlow::Continue(())
    }

    /// Shows the records of a block.
    fn show_pieces<T>(
        &self,
        directory: &Node,
        mut base: u64,
        pieces: &[Bytes],
        gaps: &mut Gaps,
        each: &mut impl FnMut(Record<'_>) -> ControlFlow<T>,
    ) -> ControlFlow<T> {
        for piece in pieces {
            for record in Records::new(piece, base, &self.geometry) {
                match record {
                    Ok(record) => each(record)?,
                    Err(bad) if gaps.bad.is_none() => {
                        gaps.bad = Some(bad);
                        self.bad_record(directory.number, bad);
                    }
                    Err(_) => {}
                }
            }
            base += piece.len() as u64;
        }
        ControlFlow::Continue(())
    }
}
