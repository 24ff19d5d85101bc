//! The hypercall: what a service sends through its link during a turn, gathered until the end of
//! it, and no more than there is room for.

use super::Port;
use super::framing::FRAME_BYTES_MAX;
use crate::streams::{Outbox, Wish};
use hyper::{Frame, Link, LinkProperties, Listening};
use std::cell::RefCell;
use std::mem::take;
use std::rc::{Rc, Weak};

/// Frames of one link that have not left, in the queue and in the kernel's hands.
const FRAMES_HELD_MAX: usize = 512;

/// Bytes of such frames, when no further one is taken: a few dozen of the largest.
const BYTES_HELD_MAX: usize = 2 << 20;

const _: () = assert!(BYTES_HELD_MAX >= 8 * FRAME_BYTES_MAX);

/// Frames, and their bytes.
pub(crate) type Amount = (usize, usize);

/// Frames on their way out.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    frames: Vec<Frame>,
    /// Frames that were taken and have not left are counted too.
    frames_held: usize,
    bytes_held: usize,
    /// A frame was refused, and nobody has been told yet that there is room again.
    has_refused: bool,
    /// Its link is in the worker's list of those with something to send.
    is_marked: bool,
}

impl Queue {
    /// Whether there is room for a frame, whatever its size; who hears that there is none will hear
    /// when there is.
    pub(crate) fn has_room(&mut self) -> bool {
        let has_room = self.frames_held < FRAMES_HELD_MAX && self.bytes_held < BYTES_HELD_MAX;
        self.has_refused |= !has_room;
        has_room
    }

    /// Puts a frame in, unless there is no room.
    fn push(&mut self, frame: Frame) -> bool {
        let has_room = self.has_room();
        if has_room {
            self.add(frame);
        }
        has_room
    }

    /// Puts a frame in, room or not.
    pub(crate) fn add(&mut self, frame: Frame) {
        self.frames_held += 1;
        self.bytes_held += frame.bytes();
        self.frames.push(frame);
    }

    /// Takes what was put in. It holds its room until [`Queue::left`].
    pub(crate) fn take(&mut self) -> Vec<Frame> {
        self.is_marked = false;
        take(&mut self.frames)
    }

    /// Frames that were taken have left, or are lost. Says whether to tell the service that there
    /// is room again: once, and not before it is worth going on.
    pub(crate) fn left(&mut self, (frames, bytes): Amount) -> bool {
        self.frames_held = self.frames_held.saturating_sub(frames);
        self.bytes_held = self.bytes_held.saturating_sub(bytes);
        let has_room =
            self.frames_held <= FRAMES_HELD_MAX / 2 && self.bytes_held <= BYTES_HELD_MAX / 2;
        has_room && take(&mut self.has_refused)
    }
}

/// The link of one service.
pub(crate) struct TenantLink {
    pub(crate) tenant: usize,
    /// Its index among the worker's links.
    pub(crate) link: usize,
    pub(crate) properties: LinkProperties,
    pub(crate) queue: Rc<RefCell<Queue>>,
    pub(crate) outbox: Outbox,
    /// The switch's port that it is, if it is one's and for as long as it is plugged in.
    pub(crate) port: Weak<Port>,
}

impl Link for TenantLink {
    fn properties(&self) -> LinkProperties {
        self.properties
    }

    fn has_room(&self) -> bool {
        self.queue.borrow_mut().has_room()
    }

    fn send(&self, frame: Frame) -> bool {
        let mut queue = self.queue.borrow_mut();
        let is_taken = queue.push(frame);
        if !std::mem::replace(&mut queue.is_marked, true) {
            self.outbox.borrow_mut().push((self.tenant, Wish::Transmit(self.link)));
        }
        is_taken
    }

    fn listen(&self, to: &Listening) {
        if let Some(port) = self.port.upgrade() {
            port.listen(to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn frame(bytes: usize) -> Frame {
        Frame {
            head: vec![0; bytes].into(),
            payload: Vec::<Bytes>::new(),
            checksum: None,
            cut: None,
        }
    }

    fn fill(queue: &mut Queue, bytes: usize) -> usize {
        (0..).take_while(|_| queue.push(frame(bytes))).count()
    }

    #[test]
    fn frames_are_refused_by_number_and_by_size_and_room_is_told_once() {
        for (bytes, expected) in [(60, 512), (65_536, 32), (100_000_000, 1)] {
            let mut queue = Queue::default();
            assert_eq!(fill(&mut queue, bytes), expected);
            assert!(!queue.push(frame(bytes)));
            let taken = queue.take();
            assert_eq!((taken.len(), fill(&mut queue, bytes)), (expected, 0), "still held");
            let told: Vec<_> = (1..=expected).filter(|_| queue.left((1, bytes))).collect();
            assert_eq!(told, [expected.div_ceil(2)], "at half, once");
            assert_eq!(fill(&mut queue, bytes), expected);
        }
    }

    #[test]
    fn who_was_refused_nothing_is_told_nothing() {
        let mut queue = Queue::default();
        assert!(queue.push(frame(60)));
        queue.take();
        assert!(!queue.left((1, 60)));
    }
}
