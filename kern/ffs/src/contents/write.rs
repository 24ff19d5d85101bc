//! Writing data into a file.

use super::{Block, Use};
use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::{Inode, Lbn};
use crate::transaction::{Step, Transaction};
use abi::{Errno, InodeNo, Result, Timestamp};
use alloc::rc::{Rc, Weak};
use alloc::vec::Vec;
use block::{Cache, Loan};
use bytes::Bytes;
use core::cell::{Cell, RefCell};
use core::ops::Range;
use vfs::Stability;

/// Most bytes that one transaction writes.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// What one call writes.
struct Call<'a> {
    number: InodeNo,
    offset: u64,
    data: &'a Bytes,
    kind: Use,
    /// Of the memory of the data, while pages stand in it: what only waits counts elsewhere.
    loan: RefCell<Weak<Loan>>,
}

/// What one transaction writes.
struct Piece<'a> {
    number: InodeNo,
    offset: u64,
    data: Bytes,
    /// In whose memory the data stands; otherwise it has its own. Whole blocks are not copied.
    call: Option<&'a Call<'a>>,
    kind: Use,
    /// Bytes for which the last attempt found blocks.
    ready_bytes: Cell<usize>,
}

/// What of a piece lies in one block.
struct Part {
    lbn: Lbn,
    /// Where in the block.
    block: Range<usize>,
    /// Where in the data.
    data: Range<usize>,
}

impl Ffs {
    /// Writes `data` at `offset`, under the file's lock. Returns how many bytes: all, or those that
    /// there was space for.
    ///
    /// # Errors
    /// `FileTooBig`; `NoSpace` or `QuotaExceeded` if it was not one byte; what became of data
    /// written earlier, once.
    pub(crate) async fn write_data(
        &self,
        node: &Node,
        offset: u64,
        data: &Bytes,
        stability: Stability,
        time: Timestamp,
    ) -> Result<u32> {
        let end = offset.checked_add(data.len() as u64);
        end.filter(|&end| end <= self.geometry.file_bytes_max).ok_or(Errno::FileTooBig)?;
        u32::try_from(data.len()).map_err(|_| Errno::Invalid)?;
        self.tell_failure(node.number)?;
        let kind = Use::Data { stable: stability != Stability::Unstable };
        let call = Call { number: node.number, offset, data, kind, loan: RefCell::default() };
        let mut done = 0;
        loop {
            let length = self.piece_length(offset + done as u64).min(data.len() - done);
            match self.write_piece(&call, done..done + length, time).await {
                Ok(count) if count == length && done + count < data.len() => done += count,
                Ok(count) => {
                    // An earlier piece may have been lost meanwhile.
                    self.tell_failure(node.number)?;
                    return Ok((done + count) as u32);
                }
                Err(_) if done > 0 => return Ok(done as u32),
                Err(errno) => return Err(errno),
            }
        }
    }

    /// How much to write at once: to the end of a block, if not to that of the data.
    fn piece_length(&self, at: u64) -> usize {
        self.piece_bytes_max(PIECE_BYTES_MAX)
            - (at & u64::from(self.geometry.block_bytes() - 1)) as usize
    }

    /// Writes as much of a piece as there is space for.
    async fn write_piece(
        &self,
        call: &Call<'_>,
        range: Range<usize>,
        time: Timestamp,
    ) -> Result<usize> {
        let offset = call.offset + range.start as u64;
        let _room = self.room_to_write(offset, range.len() as u64).await?;
        let piece = &call.piece(self, range);
        let mut length = piece.data.len();
        loop {
            piece.ready_bytes.set(0);
            let written = self.transact(time, |transaction| transaction.write(piece, length));
            match written.await {
                Ok(()) => return Ok(length),
                Err(Errno::NoSpace | Errno::QuotaExceeded)
                    if (1..length).contains(&piece.ready_bytes.get()) =>
                {
                    length = piece.ready_bytes.get();
                }
                Err(errno) => return Err(errno),
            }
        }
    }
}

impl Call<'_> {
    /// A part of it. One of a call that is more than is written at once stands in memory of its
    /// own: it must not keep all of that.
    fn piece(&self, ffs: &Ffs, range: Range<usize>) -> Piece<'_> {
        let offset = self.offset + range.start as u64;
        let is_large = self.data.len() > ffs.piece_bytes_max(PIECE_BYTES_MAX);
        let (data, call) = if is_large {
            (Bytes::copy_from_slice(&self.data[range]), None)
        } else {
            (self.data.slice(range), Some(self))
        };
        let (number, kind, ready_bytes) = (self.number, self.kind, Cell::new(0));
        Piece { number, offset, data, call, kind, ready_bytes }
    }

    /// The memory of the data, for pages to stand in.
    fn lend(&self, cache: &Cache) -> Rc<Loan> {
        let known = self.loan.borrow().upgrade();
        let loan = known.unwrap_or_else(|| cache.lend(self.data.len() as u64));
        self.loan.replace(Rc::downgrade(&loan));
        loan
    }
}

impl Part {
    /// Whether it is all of a block.
    fn fills(&self, block_bytes: usize) -> bool {
        self.block.len() == block_bytes
    }
}

impl Piece<'_> {
    fn lend(&self, cache: &Cache) -> Rc<Loan> {
        let own = || cache.lend(self.data.len() as u64);
        self.call.map_or_else(own, |call| call.lend(cache))
    }

    /// The first `length` bytes of it, block by block.
    fn parts(&self, length: usize, block_shift: u32) -> impl Iterator<Item = Part> {
        let (offset, block_bytes) = (self.offset, 1_usize << block_shift);
        let mut done = 0;
        core::iter::from_fn(move || {
            let at = offset + done as u64;
            let start = at as usize & (block_bytes - 1);
            let count = (block_bytes - start).min(length - done);
            let data = done..done + count;
            done += count;
            let part = Part { lbn: Lbn(at >> block_shift), block: start..start + count, data };
            (count > 0).then_some(part)
        })
    }
}

impl Transaction<'_> {
    /// Metadata first, and what it needs in memory; then the data, of which what does not fill a
    /// block is copied once.
    fn write(&mut self, piece: &Piece<'_>, length: usize) -> Step<()> {
        // Nothing, wherever it is written, makes no file longer.
        let end = if length == 0 { 0 } else { piece.offset + length as u64 };
        self.expect_pages(piece, length)?;
        let size_bytes = self.inode(piece.number)?.size_bytes.max(end);
        self.leave_tail(piece.number, end, piece.kind)?;
        let blocks = self.ready_blocks(piece, length, size_bytes)?;
        let mut loan = None;
        for (part, block) in piece.parts(length, self.ffs.geometry.block_shift).zip(blocks) {
            self.put(piece, &mut loan, &part, block)?;
        }
        let inode = self.inode(piece.number)?;
        self.set_inode(piece.number, touched(Inode { size_bytes, ..inode }, self.time))
    }

    fn ready_blocks(&mut self, piece: &Piece<'_>, length: usize, size: u64) -> Step<Vec<Block>> {
        let shift = self.ffs.geometry.block_shift;
        let mut blocks = Vec::new();
        for part in piece.parts(length, shift) {
            blocks.push(if part.fills(1 << shift) {
                self.ready_whole(piece.number, part.lbn, piece.kind)?
            } else {
                let behind = (size - (part.lbn.0 << shift)).min(1 << shift);
                self.ready_block(piece.number, part.lbn, behind as u32, piece.kind)?
            });
            piece.ready_bytes.set(part.data.end);
        }
        Ok(blocks)
    }

    /// Halts for the pages that are overwritten in part, before there is work to be done again.
    fn expect_pages(&self, piece: &Piece<'_>, length: usize) -> Step<()> {
        let inode = self.inode(piece.number)?;
        let geometry = &self.ffs.geometry;
        for part in piece.parts(length, geometry.block_shift) {
            if !part.fills(1 << geometry.block_shift) {
                let frag = self.pointer_of(piece.number, &inode, part.lbn)?;
                if !frag.is_hole() {
                    self.page(self.ffs.page(frag))?;
                }
            }
        }
        Ok(())
    }

    /// Puts a part into its block; `loan` is that of the piece, once there is one.
    fn put(
        &mut self,
        piece: &Piece<'_>,
        loan: &mut Option<Rc<Loan>>,
        part: &Part,
        block: Block,
    ) -> Step<()> {
        let (page, base) = self.place(block.frag);
        let data = piece.data.slice(part.data.clone());
        if part.fills(1 << self.ffs.geometry.block_shift) {
            let loan = loan.get_or_insert_with(|| piece.lend(&self.ffs.cache));
            self.lend_page(page, data, loan.clone());
        } else {
            let target = self.data_mut(page, base + part.block.start..base + part.block.end)?;
            target.copy_from_slice(&data);
        }
        let stable = piece.kind == Use::Data { stable: true };
        self.note_dirty((piece.number, part.lbn), page, block.is_fresh, stable);
        Ok(())
    }
}

/// The inode of a file whose contents have changed.
pub(super) fn touched(mut inode: Inode, time: Timestamp) -> Inode {
    inode.changed = time.after(inode.changed);
    inode.modified = inode.changed;
    inode
}
