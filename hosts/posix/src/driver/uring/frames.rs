//! Frames of taps: reads into the buffers that all descriptors share, gathered writes.
//!
//! One operation reads again and again, at most as many frames a wait as there are buffers. Writes
//! of one turn are submitted in order, and a tap takes each as it is submitted.

use super::UringDriver;
use super::buffers::RECEIVE_GROUP;
use super::operations::{Operation, Tag, is_transient};
use crate::driver::{Event, SocketKey};
use crate::message::Message;
use bytes::Bytes;
use io_uring::{cqueue, opcode, squeue};
use std::collections::VecDeque;
use std::io;
use std::ptr::null_mut;

impl UringDriver {
    pub(super) fn start_frames(&mut self, key: SocketKey) {
        let file = self.descriptor(key);
        let entry = if self.reads_many {
            opcode::ReadMulti::new(file, 0, RECEIVE_GROUP).build()
        } else {
            let entry = opcode::Read::new(file, null_mut(), 0).buf_group(RECEIVE_GROUP);
            entry.build().flags(squeue::Flags::BUFFER_SELECT)
        };
        self.start(entry, Tag::ReceiveFrames(key));
    }

    pub(super) fn start_frame(&mut self, key: SocketKey, pieces: VecDeque<Bytes>) {
        let mut message = self.spare.pop().unwrap_or_else(Message::new);
        message.set(pieces);
        let slices = message.slices();
        let entry = opcode::Writev::new(self.descriptor(key), slices.as_ptr(), slices.len() as u32);
        self.start_owned(entry.build(), Operation::SendFrame { link: key, message });
    }

    pub(super) fn frame(
        &mut self,
        link: SocketKey,
        completion: &cqueue::Entry,
        result: io::Result<usize>,
        sink: &mut dyn FnMut(Event<'_>),
    ) {
        let more = cqueue::more(completion.flags());
        let mut ended = Ok(());
        match (result, cqueue::buffer_select(completion.flags())) {
            (Ok(count), Some(id)) => {
                sink(Event::Frame { link, bytes: self.memory.buffers.bytes(id, count) });
                self.memory.buffers.recycle(id);
            }
            // Without a buffer, which others have: it is tried again.
            (Err(error), _) if error.raw_os_error() == Some(super::NO_BUFFERS) => {}
            (Err(error), _) if is_transient(&error) => {}
            (Err(error), _) => ended = Err(error),
            (Ok(_), None) => ended = Err(io::ErrorKind::UnexpectedEof.into()),
        }
        if !more {
            sink(Event::FramesEnded { link, result: ended });
        }
    }
}
