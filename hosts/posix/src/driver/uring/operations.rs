//! Operations in the kernel's hands, and the memory it reads or writes meanwhile.
//!
//! An operation's memory is owned by its entry in the driver's table and does not move until the
//! completion has been seen: messages are boxed, slices and buffers are heap blocks.

use crate::connection::Fill;
use crate::driver::{DiskKey, SocketKey};
use crate::image::Image;
use crate::message::Message;
use crate::transfer::{Extent, PIECES_MAX};
use bytes::BytesMut;
use hyper::DiskOperation;
use io_uring::{opcode, squeue, types};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

/// What a completion is about: the user data of a submission, in two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// The worker was woken.
    Woken,
    /// A cancellation, whose own result matters to nobody.
    Canceled,
    /// A cancellation, by its name, of one operation of this socket.
    LetGo(SocketKey),
    /// Connections of this socket.
    Accept(SocketKey),
    /// Bytes of this socket.
    Receive(SocketKey),
    /// Datagrams of this socket.
    ReceiveDatagrams(SocketKey),
    /// Frames of this tap.
    ReceiveFrames(SocketKey),
    /// An entry of the table.
    Operation(usize),
}

impl Tag {
    const KIND_BITS: u32 = 3;

    pub(super) fn to_user_data(self) -> u64 {
        let (kind, index) = match self {
            Self::Woken => (0, 0),
            Self::Canceled => (1, 0),
            Self::Accept(key) => (2, key.0),
            Self::Receive(key) => (3, key.0),
            Self::ReceiveDatagrams(key) => (4, key.0),
            Self::Operation(index) => (5, index),
            Self::LetGo(key) => (6, key.0),
            Self::ReceiveFrames(key) => (7, key.0),
        };
        (index as u64) << Self::KIND_BITS | kind
    }

    pub(super) fn from_user_data(data: u64) -> Self {
        let index = (data >> Self::KIND_BITS) as usize;
        match data & ((1 << Self::KIND_BITS) - 1) {
            0 => Self::Woken,
            2 => Self::Accept(SocketKey(index)),
            3 => Self::Receive(SocketKey(index)),
            4 => Self::ReceiveDatagrams(SocketKey(index)),
            5 => Self::Operation(index),
            6 => Self::LetGo(SocketKey(index)),
            7 => Self::ReceiveFrames(SocketKey(index)),
            _ => Self::Canceled,
        }
    }
}

/// An operation that owns memory.
pub(super) enum Operation {
    /// Bytes of a stream, received where they are wanted.
    Fill { stream: SocketKey, fill: Fill },
    /// A part of a stream.
    Send { stream: SocketKey, message: Box<Message> },
    /// A datagram. The message is only kept.
    SendDatagram { socket: SocketKey, _message: Box<Message> },
    /// A frame.
    SendFrame { link: SocketKey, message: Box<Message> },
    /// A disk operation.
    Disk(Box<Transfer>),
    /// What was written goes on to the disk. The image is only kept.
    Hasten { _image: Arc<Image> },
}

/// A disk operation and how far it has come.
pub(super) struct Transfer {
    pub(super) key: DiskKey,
    image: Arc<Image>,
    extent: Extent,
    operation: DiskOperation,
    /// The memory still to be filled or written.
    slices: Vec<libc::iovec>,
    /// The first of `slices` that is not done.
    next: usize,
    /// Where on the disk that one belongs.
    offset_bytes: u64,
}

impl Transfer {
    pub(super) fn new(key: DiskKey, image: Arc<Image>, mut operation: DiskOperation) -> Self {
        let extent = Extent::of(&operation);
        let (offset_bytes, slices) = match &mut operation {
            DiskOperation::Read { offset_bytes, buffers } => {
                let slices = buffers.iter_mut().map(|buffer| slice(buffer.as_mut_ptr(), buffer));
                (*offset_bytes, slices.collect())
            }
            DiskOperation::Write { offset_bytes, data } => {
                let slices = data.iter().map(|data| slice(data.as_ptr().cast_mut(), data));
                (*offset_bytes, joined(slices))
            }
            DiskOperation::Flush => (0, Vec::new()),
            DiskOperation::Discard { offset_bytes, .. } => (*offset_bytes, Vec::new()),
        };
        let mut transfer = Self { key, image, extent, operation, slices, next: 0, offset_bytes };
        transfer.advance(0);
        transfer
    }

    /// Whether there is nothing to ask of the kernel: a transfer of no bytes.
    pub(super) fn is_done(&self) -> bool {
        self.next == self.slices.len() && !self.is_one_step()
    }

    /// Whether it is done as a whole or not at all.
    fn is_one_step(&self) -> bool {
        match self.operation {
            DiskOperation::Flush => true,
            DiskOperation::Discard { length_bytes, .. } => length_bytes > 0,
            DiskOperation::Read { .. } | DiskOperation::Write { .. } => false,
        }
    }

    /// What to submit next. The entry points into this transfer's heap blocks.
    pub(super) fn entry(&self) -> squeue::Entry {
        let file = types::Fd(self.image.file().as_raw_fd());
        let slices = &self.slices[self.next..];
        let count = slices.len().min(PIECES_MAX) as u32;
        match self.operation {
            DiskOperation::Read { .. } => {
                opcode::Readv::new(file, slices.as_ptr(), count).offset(self.offset_bytes).build()
            }
            DiskOperation::Write { .. } => {
                opcode::Writev::new(file, slices.as_ptr(), count).offset(self.offset_bytes).build()
            }
            DiskOperation::Flush => {
                opcode::Fsync::new(file).flags(types::FsyncFlags::DATASYNC).build()
            }
            DiskOperation::Discard { length_bytes, .. } => {
                let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
                let hole = opcode::Fallocate::new(file, length_bytes);
                hole.offset(self.offset_bytes).mode(mode).build()
            }
        }
    }

    /// Takes a completion. Says whether the whole operation is done.
    pub(super) fn completed(&mut self, result: io::Result<usize>) -> io::Result<bool> {
        match result {
            Ok(_) if self.is_done() || self.is_one_step() => Ok(true),
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.advance(count);
                Ok(self.is_done())
            }
            Err(error) if is_transient(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What follows on a large write.
    pub(super) fn hasten(&self) -> Option<(squeue::Entry, Operation)> {
        let Extent { offset_bytes, length_bytes, .. } = self.extent;
        let length_bytes =
            u32::try_from(length_bytes).ok().filter(|_| self.extent.is_hastened())?;
        let entry =
            opcode::SyncFileRange::new(types::Fd(self.image.file().as_raw_fd()), length_bytes)
                .offset(offset_bytes)
                .flags(libc::SYNC_FILE_RANGE_WRITE);
        Some((entry.build(), Operation::Hasten { _image: self.image.clone() }))
    }

    /// The buffers of a read.
    pub(super) fn into_buffers(self) -> Vec<BytesMut> {
        match self.operation {
            DiskOperation::Read { buffers, .. } => buffers,
            _ => Vec::new(),
        }
    }

    fn advance(&mut self, mut count: usize) {
        self.offset_bytes += count as u64;
        while let Some(slice) = self.slices.get_mut(self.next) {
            if count < slice.iov_len {
                slice.iov_base = slice.iov_base.wrapping_byte_add(count);
                slice.iov_len -= count;
                return;
            }
            count -= slice.iov_len;
            self.next += 1;
        }
    }
}

fn slice(start: *mut u8, bytes: &[u8]) -> libc::iovec {
    libc::iovec { iov_base: start.cast(), iov_len: bytes.len() }
}

/// Slices of memory, those that touch joined: the pages of a large call are one.
fn joined(slices: impl Iterator<Item = libc::iovec>) -> Vec<libc::iovec> {
    let mut joined: Vec<libc::iovec> = Vec::new();
    for slice in slices {
        match joined.last_mut() {
            Some(last) if last.iov_base.wrapping_byte_add(last.iov_len) == slice.iov_base => {
                last.iov_len += slice.iov_len;
            }
            _ => joined.push(slice),
        }
    }
    joined
}

/// Whether the operation is worth the same attempt again.
pub(super) fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_that_touch_are_one() {
        let memory = [0; 100];
        let part = |range: std::ops::Range<usize>| {
            let part = &memory[range];
            slice(part.as_ptr().cast_mut(), part)
        };
        let parts =
            [part(0..10), part(10..30), part(31..50), part(50..50), part(50..51), part(0..5)];
        let lengths: Vec<_> = joined(parts.into_iter()).iter().map(|one| one.iov_len).collect();
        assert_eq!(lengths, [30, 20, 5]);
    }

    #[test]
    fn tags_survive_the_kernel() {
        let key = SocketKey(u32::MAX as usize);
        for tag in [
            Tag::Woken,
            Tag::Canceled,
            Tag::Accept(key),
            Tag::Receive(key),
            Tag::ReceiveDatagrams(SocketKey(0)),
            Tag::ReceiveFrames(key),
            Tag::Operation(77),
            Tag::LetGo(key),
        ] {
            assert_eq!(Tag::from_user_data(tag.to_user_data()), tag);
        }
    }
}
