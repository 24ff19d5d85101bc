//! Reading a directory from end to end.

use super::STRIDE_BYTES;
use super::records::{Bad, Records};
use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::DirectoryEntry;
use abi::Result;
use core::future::poll_fn;
use core::mem::replace;
use core::ops::ControlFlow;
use core::task::Poll;

/// What a reader of a whole directory came to.
pub(super) enum Scan<T> {
    Found(T),
    /// Nothing, and whether a damaged chunk might have held it.
    End {
        is_damaged: bool,
    },
}

impl Ffs {
    /// Shows every name to `each` with its offset, until it breaks. Of several damaged places one
    /// is reported.
    pub(super) async fn scan<T>(
        &self,
        directory: &Node,
        size: u64,
        mut each: impl FnMut(u64, DirectoryEntry<'_>) -> ControlFlow<T>,
    ) -> Result<Scan<T>> {
        let mut damage = None;
        for start in (0..size).step_by(STRIDE_BYTES as usize) {
            if start != 0 {
                let_others_run().await;
            }
            let mut base = start;
            for piece in self.read_range(directory, start..size.min(start + STRIDE_BYTES)).await? {
                let records = Records::new(&piece, base, &self.geometry);
                if let ControlFlow::Break(found) = show(records, &mut damage, &mut each) {
                    return Ok(Scan::Found(found));
                }
                base += piece.len() as u64;
            }
        }
        if let Some(bad) = damage {
            self.bad_record(directory, bad);
        }
        Ok(Scan::End { is_damaged: damage.is_some() })
    }
}

/// Shows the names of one piece, and keeps the first damage.
fn show<T>(
    records: Records<'_>,
    damage: &mut Option<Bad>,
    each: &mut impl FnMut(u64, DirectoryEntry<'_>) -> ControlFlow<T>,
) -> ControlFlow<T> {
    for record in records {
        match record {
            Ok(record) => each(record.offset, record.entry)?,
            Err(bad) => *damage = damage.or(Some(bad)),
        }
    }
    ControlFlow::Continue(())
}

/// Ends this poll and asks for the next: a directory in memory can be read without ever waiting,
/// and a large one takes longer than one task may keep the others from running.
async fn let_others_run() {
    let mut has_run = false;
    poll_fn(|context| {
        if replace(&mut has_run, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
