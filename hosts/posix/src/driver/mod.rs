//! The worker's one way to the kernel: operations are started, and end as events of a later wait.
//!
//! Two drivers with one contract: [`uring`](self) where Linux offers io_uring, and the portable
//! one of readiness and disk threads everywhere. A driver knows sockets and files; it knows
//! neither services nor what the bytes mean.
//!
//! ```text
//! adopt ─► accept ············ Accepted, again and again until it says it has ended
//!          receive ─────────── Received, once
//!          fill ────────────── Filled, once, instead of a receive
//!          let_go ············ the fill or receive under way, if there is one, ends soon
//!          send ────────────── Sent, once; one at a time for a stream
//!          receive_datagrams · Datagram, again and again until DatagramsEnded
//!          send_datagram ───── DatagramSent, once
//!          receive_frames ···· Frame, again and again until FramesEnded
//!          send_frame ········ FrameSent
//!          cancel              whatever is under way on the socket ends soon
//! release ◄─ only with nothing under way, as surrender, which gives the socket back
//! ```

mod poll;
#[cfg(test)]
mod tests;
mod threads;
#[cfg(target_os = "linux")]
mod uring;

use crate::connection::Fill;
use crate::image::Image;
use crate::message::Message;
use bytes::{Bytes, BytesMut};
use hyper::DiskOperation;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// Which driver a worker uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// io_uring if the kernel allows it, else polling.
    #[default]
    Auto,
    /// io_uring (Linux 6.0 and later), or an error.
    Uring,
    /// Readiness through the `polling` crate (epoll, kqueue), disks through threads.
    Poll,
}

/// A socket, as worker and driver call it: an index given by the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SocketKey(pub(crate) usize);

/// A disk operation, as worker and driver call it: an index given by the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DiskKey(pub(crate) usize);

/// What happened.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// A connection was accepted, or could not be. Without `more`, accepting has ended.
    Accepted { listener: SocketKey, result: io::Result<OwnedFd>, more: bool },
    /// The receive operation has ended: with bytes, with none at the end of the stream, or with
    /// an error. `WouldBlock` is none of the stream's: there was no buffer for its bytes.
    /// `waiting` guesses that more is there already.
    Received { stream: SocketKey, result: io::Result<&'a [u8]>, waiting: bool },
    /// The fill operation has ended: with so many bytes more in its buffer, with none at the end of
    /// the stream, or with an error.
    Filled { stream: SocketKey, result: io::Result<usize>, fill: Fill },
    /// The send operation has ended: the kernel took over so many bytes of these pieces.
    Sent { stream: SocketKey, result: io::Result<usize>, pieces: VecDeque<Bytes> },
    /// A datagram arrived; `local` is told if the socket was asked to.
    Datagram { socket: SocketKey, remote: SocketAddr, local: Option<IpAddr>, bytes: &'a [u8] },
    /// Receiving datagrams has ended, for no reason worth more than starting it again.
    DatagramsEnded { socket: SocketKey },
    /// A datagram has left, or is lost.
    DatagramSent { socket: SocketKey },
    /// A frame arrived.
    Frame { link: SocketKey, bytes: &'a [u8] },
    /// Receiving frames has ended: with an error if the descriptor is of no use any more.
    FramesEnded { link: SocketKey, result: io::Result<()> },
    /// A frame of these pieces was written, or is lost.
    FrameSent { link: SocketKey, result: io::Result<usize>, pieces: VecDeque<Bytes> },
    /// The disk operation has ended; a read returns its buffers.
    DiskDone { key: DiskKey, result: io::Result<Vec<BytesMut>> },
}

/// Ends the wait of one worker from any thread.
pub(crate) type Waker = Arc<dyn Fn() + Send + Sync>;

/// See the module's text for the order of calls.
pub(crate) trait Driver {
    /// Takes over a socket under a key that is not in use.
    fn adopt(&mut self, key: SocketKey, socket: OwnedFd) -> io::Result<()>;

    /// Lends the socket.
    fn socket(&self, key: SocketKey) -> BorrowedFd<'_>;

    /// Closes the socket, which must have nothing under way.
    fn release(&mut self, key: SocketKey);

    /// Gives the socket back, which must have nothing under way: it goes on elsewhere.
    fn surrender(&mut self, key: SocketKey) -> Option<OwnedFd>;

    /// Ends what is under way on the socket, soon: every operation still has its last event.
    fn cancel(&mut self, key: SocketKey);

    /// Accepts connections.
    fn accept(&mut self, key: SocketKey);

    /// Receives once. `waiting` hints that there is something to receive already.
    fn receive(&mut self, key: SocketKey, waiting: bool);

    /// Receives once, into a buffer of the caller's. `waiting` as with [`Driver::receive`].
    fn fill(&mut self, key: SocketKey, fill: Fill, waiting: bool);

    /// Ends the fill or the receive under way on the socket, soon, if it has not ended: its event is
    /// yet to come.
    fn let_go(&mut self, key: SocketKey);

    /// Sends pieces, none of them empty, at most as many of them as the kernel takes at once.
    fn send(&mut self, key: SocketKey, pieces: VecDeque<Bytes>);

    /// Receives datagrams.
    fn receive_datagrams(&mut self, key: SocketKey);

    /// Sends one datagram.
    fn send_datagram(&mut self, key: SocketKey, message: Box<Message>);

    /// Receives frames of a tap, one a read.
    fn receive_frames(&mut self, key: SocketKey);

    /// Writes one frame to a tap: pieces, none of them empty, as many as the kernel takes at most.
    fn send_frame(&mut self, key: SocketKey, pieces: VecDeque<Bytes>);

    /// Starts a disk operation that lies within the image.
    fn disk(&mut self, key: DiskKey, image: Arc<Image>, operation: DiskOperation);

    /// A way to end [`Driver::wait`] early.
    fn waker(&self) -> Waker;

    /// Submits what was started, waits until something happened or the timeout has passed, and
    /// tells `sink` all of it.
    ///
    /// # Errors
    /// Only if the driver itself is beyond use.
    fn wait(
        &mut self,
        timeout: Option<Duration>,
        sink: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<()>;
}

/// The driver for the calling thread, with its name.
pub(crate) fn open(backend: Backend) -> io::Result<(Box<dyn Driver>, &'static str)> {
    match backend {
        Backend::Uring => open_uring(),
        Backend::Poll => open_poll(),
        Backend::Auto => open_uring().or_else(|error| {
            tracing::info!("using poll and disk threads: no io_uring here: {error}");
            open_poll()
        }),
    }
}

fn open_poll() -> io::Result<(Box<dyn Driver>, &'static str)> {
    Ok((Box::new(poll::PollDriver::new()?), "poll"))
}

#[cfg(target_os = "linux")]
fn open_uring() -> io::Result<(Box<dyn Driver>, &'static str)> {
    Ok((Box::new(uring::UringDriver::new()?), "io_uring"))
}

#[cfg(not(target_os = "linux"))]
fn open_uring() -> io::Result<(Box<dyn Driver>, &'static str)> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "io_uring is Linux's"))
}
