//! The portable driver: readiness through the `polling` crate, disks through threads.
//!
//! What the kernel can do at once is done when it is asked for, and its event waits for the next
//! wait. Interest in a socket is kept level-triggered and left as it is for as long as possible,
//! so that a connection in steady use costs no system call beyond receiving and sending.

use super::threads::DiskThreads;
use super::{DiskKey, Driver, Event, SocketKey, Waker};
use crate::connection::Fill;
use crate::image::Image;
use crate::message::{self, Message};
use bytes::Bytes;
use hyper::DiskOperation;
use polling::{Event as Readiness, Events, PollMode, Poller};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// The worker's one receive buffer, in bytes: larger than any datagram.
const RECEIVE_BUFFER_BYTES: usize = 128 << 10;

/// Connections accepted, datagrams or frames received, from one descriptor in one wait.
const ARRIVALS_PER_WAIT_MAX: usize = 32;

/// What is wanted of a socket's input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Nothing,
    Connections,
    Bytes,
    Datagrams,
    Frames,
}

struct Socket {
    descriptor: OwnedFd,
    input: Input,
    /// Where bytes are to be received, if not into the worker's buffer.
    fill: Option<Fill>,
    /// Pieces of a send that has to wait for room.
    output: Option<VecDeque<Bytes>>,
    /// The interest the poller knows of: input, output.
    watched: (bool, bool),
}

/// See the module's text.
pub(super) struct PollDriver {
    poller: Arc<Poller>,
    readiness: Events,
    /// What `readiness` says, copied: acting on it may change every other field.
    ready: Vec<Readiness>,
    sockets: Vec<Option<Socket>>,
    /// Events of operations that have ended already.
    ended: Vec<Event<'static>>,
    threads: DiskThreads,
    buffer: Vec<u8>,
}

impl PollDriver {
    pub(super) fn new() -> io::Result<Self> {
        let poller = Arc::new(Poller::new()?);
        if !poller.supports_level() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "this system's poller is not level-triggered, as epoll and kqueue are",
            ));
        }
        let threads = DiskThreads::new(waker(&poller));
        let (ready, sockets, ended) = Default::default();
        let buffer = vec![0; RECEIVE_BUFFER_BYTES];
        Ok(Self { poller, readiness: Events::new(), ready, sockets, ended, threads, buffer })
    }

    /// Tells the poller what is waited for now.
    fn watch(&mut self, key: SocketKey) {
        let Some(socket) = self.sockets.get_mut(key.0).and_then(Option::as_mut) else { return };
        let wanted = (socket.input != Input::Nothing, socket.output.is_some());
        if let Err(error) = change_interest(&self.poller, key, socket, wanted) {
            tracing::error!("a socket cannot be watched: {error}");
            self.cancel(key);
        }
    }

    fn input(&mut self, key: SocketKey, input: Input) {
        let Some(socket) = self.sockets.get_mut(key.0).and_then(Option::as_mut) else { return };
        socket.input = input;
        if !socket.watched.0 {
            self.watch(key);
        }
    }

    /// Acts on a socket's readiness.
    fn act(&mut self, readiness: Readiness, sink: &mut dyn FnMut(Event<'_>)) {
        let key = SocketKey(readiness.key);
        let Some(socket) = self.sockets.get_mut(key.0).and_then(Option::as_mut) else { return };
        let wanted = (socket.input != Input::Nothing, socket.output.is_some());
        if (readiness.readable && !wanted.0) || (readiness.writable && !wanted.1) {
            // Interest that has outlived its use; errors are reported whatever the interest, so
            // that without any the socket must not be watched at all.
            self.watch(key);
        }
        if readiness.writable && wanted.1 {
            self.resume_send(key);
        }
        if readiness.readable {
            self.take_input(key, sink);
        }
    }

    fn take_input(&mut self, key: SocketKey, sink: &mut dyn FnMut(Event<'_>)) {
        let Some(socket) = self.sockets.get_mut(key.0).and_then(Option::as_mut) else { return };
        let more = match socket.input {
            Input::Nothing => return,
            Input::Bytes => receive(key, socket, &mut self.buffer, sink),
            Input::Connections => accept(key, socket, sink),
            Input::Datagrams => receive_datagrams(key, socket, &mut self.buffer, sink),
            Input::Frames => receive_frames(key, socket, &mut self.buffer, sink),
        };
        if !more {
            socket.input = Input::Nothing;
        }
    }

    fn resume_send(&mut self, key: SocketKey) {
        let Some(socket) = self.sockets.get_mut(key.0).and_then(Option::as_mut) else { return };
        if let Some(pieces) = socket.output.take() {
            self.send(key, pieces);
            self.watch(key);
        }
    }
}

/// Changes the poller's interest in a socket from what it is to what is wanted.
fn change_interest(
    poller: &Poller,
    key: SocketKey,
    socket: &mut Socket,
    wanted: (bool, bool),
) -> io::Result<()> {
    const NOTHING: (bool, bool) = (false, false);
    let interest = Readiness::new(key.0, wanted.0, wanted.1);
    match (std::mem::replace(&mut socket.watched, wanted), wanted) {
        (before, after) if before == after => Ok(()),
        (_, NOTHING) => poller.delete(&socket.descriptor),
        // SAFETY: `release` and the driver's end take the descriptor out of the poller before
        // it is closed.
        (NOTHING, _) => unsafe {
            poller.add_with_mode(socket.descriptor.as_raw_fd(), interest, PollMode::Level)
        },
        _ => poller.modify_with_mode(&socket.descriptor, interest, PollMode::Level),
    }
}

/// Whether nothing is wrong but that there is nothing to do.
fn is_empty(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn receive(
    key: SocketKey,
    socket: &mut Socket,
    buffer: &mut [u8],
    sink: &mut dyn FnMut(Event<'_>),
) -> bool {
    if let Some(mut wanted) = socket.fill.take() {
        let result = fill(&socket.descriptor, &mut wanted);
        let is_empty = result.as_ref().is_err_and(is_empty);
        if is_empty {
            socket.fill = Some(wanted);
        } else {
            sink(Event::Filled { stream: key, result, fill: wanted });
        }
        return is_empty;
    }
    let received = rustix::io::read(&socket.descriptor, &mut *buffer).map_err(io::Error::from);
    if received.as_ref().is_err_and(is_empty) {
        return true;
    }
    let waiting = received.as_ref().is_ok_and(|&count| count == buffer.len());
    let result = received.map(|count| &buffer[..count]);
    sink(Event::Received { stream: key, result, waiting });
    false
}

/// Receives behind what the buffer holds.
fn fill(descriptor: &OwnedFd, wanted: &mut Fill) -> io::Result<usize> {
    let room = wanted.buffer.spare_capacity_mut();
    let room_bytes = room.len().min(wanted.count_bytes);
    let (arrived, _) = rustix::io::read(descriptor, &mut room[..room_bytes])?;
    let count = arrived.len();
    let length = wanted.buffer.len() + count;
    // SAFETY: the first `count` bytes behind the buffer's end were written just now.
    unsafe { wanted.buffer.set_len(length) };
    Ok(count)
}

fn write(socket: &Socket, pieces: &VecDeque<Bytes>) -> io::Result<usize> {
    let slices = pieces.iter().take(crate::transfer::PIECES_MAX);
    let slices: Vec<_> = slices.map(|piece| IoSlice::new(piece)).collect();
    rustix::io::writev(&socket.descriptor, &slices).map_err(io::Error::from)
}

fn accept(key: SocketKey, socket: &Socket, sink: &mut dyn FnMut(Event<'_>)) -> bool {
    for _ in 0..ARRIVALS_PER_WAIT_MAX {
        let accepted = rustix::net::accept(&socket.descriptor);
        let closed_on_exec = |accepted: OwnedFd| {
            rustix::io::fcntl_setfd(&accepted, rustix::io::FdFlags::CLOEXEC).map(|()| accepted)
        };
        let result = accepted.and_then(closed_on_exec).map_err(io::Error::from);
        if result.as_ref().is_err_and(is_empty) {
            return true;
        }
        let more = result.is_ok();
        sink(Event::Accepted { listener: key, result, more });
        if !more {
            return false;
        }
    }
    true
}

fn receive_datagrams(
    key: SocketKey,
    socket: &Socket,
    buffer: &mut [u8],
    sink: &mut dyn FnMut(Event<'_>),
) -> bool {
    for _ in 0..ARRIVALS_PER_WAIT_MAX {
        match message::receive(socket.descriptor.as_fd(), buffer) {
            Ok(Some(message::Arrival { remote, local, count_bytes })) => {
                let bytes = &buffer[..count_bytes];
                sink(Event::Datagram { socket: key, remote, local, bytes });
            }
            Ok(None) => {}
            // What is left is an earlier answer's bad news, read by reading it, or nothing.
            Err(_) => return true,
        }
    }
    true
}

fn receive_frames(
    key: SocketKey,
    socket: &Socket,
    buffer: &mut [u8],
    sink: &mut dyn FnMut(Event<'_>),
) -> bool {
    for _ in 0..ARRIVALS_PER_WAIT_MAX {
        match rustix::io::read(&socket.descriptor, &mut *buffer).map_err(io::Error::from) {
            Ok(count) => sink(Event::Frame { link: key, bytes: &buffer[..count] }),
            Err(error) if is_empty(&error) => return true,
            Err(error) => {
                sink(Event::FramesEnded { link: key, result: Err(error) });
                return false;
            }
        }
    }
    true
}

impl Driver for PollDriver {
    fn adopt(&mut self, key: SocketKey, descriptor: OwnedFd) -> io::Result<()> {
        if self.sockets.len() <= key.0 {
            self.sockets.resize_with(key.0 + 1, || None);
        }
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        let input = Input::Nothing;
        let socket =
            Socket { descriptor, input, fill: None, output: None, watched: (false, false) };
        self.sockets[key.0] = Some(socket);
        Ok(())
    }

    fn socket(&self, key: SocketKey) -> BorrowedFd<'_> {
        let socket = self.sockets[key.0].as_ref().expect("lent between adopt and release");
        socket.descriptor.as_fd()
    }

    fn release(&mut self, key: SocketKey) {
        drop(self.surrender(key));
    }

    fn surrender(&mut self, key: SocketKey) -> Option<OwnedFd> {
        let mut socket = self.sockets.get_mut(key.0).and_then(Option::take)?;
        // A descriptor that the poller lost has nothing left to be taken out.
        let _ = change_interest(&self.poller, key, &mut socket, (false, false));
        Some(socket.descriptor)
    }

    fn cancel(&mut self, key: SocketKey) {
        let Some(socket) = self.sockets.get_mut(key.0).and_then(Option::as_mut) else { return };
        let canceled = || io::Error::from(Errno::CANCELED);
        match std::mem::replace(&mut socket.input, Input::Nothing) {
            Input::Nothing => {}
            Input::Connections => {
                let result = Err(canceled());
                self.ended.push(Event::Accepted { listener: key, result, more: false });
            }
            Input::Bytes => {
                let (stream, error) = (key, canceled());
                self.ended.push(match socket.fill.take() {
                    Some(fill) => Event::Filled { stream, result: Err(error), fill },
                    None => Event::Received { stream, result: Err(error), waiting: false },
                });
            }
            Input::Datagrams => self.ended.push(Event::DatagramsEnded { socket: key }),
            Input::Frames => {
                self.ended.push(Event::FramesEnded { link: key, result: Err(canceled()) });
            }
        }
        if let Some(pieces) = socket.output.take() {
            self.ended.push(Event::Sent { stream: key, result: Err(canceled()), pieces });
        }
    }

    fn accept(&mut self, key: SocketKey) {
        self.input(key, Input::Connections);
    }

    fn receive(&mut self, key: SocketKey, _waiting: bool) {
        self.input(key, Input::Bytes);
    }

    fn fill(&mut self, key: SocketKey, fill: Fill, _waiting: bool) {
        let Some(socket) = self.sockets.get_mut(key.0).and_then(Option::as_mut) else { return };
        socket.fill = Some(fill);
        self.input(key, Input::Bytes);
    }

    fn let_go(&mut self, key: SocketKey) {
        let Some(socket) = self.sockets.get_mut(key.0).and_then(Option::as_mut) else { return };
        if socket.input != Input::Bytes {
            return;
        }
        socket.input = Input::Nothing;
        let error = io::Error::from(Errno::CANCELED);
        self.ended.push(match socket.fill.take() {
            Some(fill) => Event::Filled { stream: key, result: Err(error), fill },
            None => Event::Received { stream: key, result: Err(error), waiting: false },
        });
    }

    fn send(&mut self, key: SocketKey, pieces: VecDeque<Bytes>) {
        let Some(socket) = self.sockets.get_mut(key.0).and_then(Option::as_mut) else { return };
        match write(socket, &pieces) {
            Err(error) if is_empty(&error) => {
                socket.output = Some(pieces);
                self.watch(key);
            }
            result => self.ended.push(Event::Sent { stream: key, result, pieces }),
        }
    }

    fn receive_datagrams(&mut self, key: SocketKey) {
        self.input(key, Input::Datagrams);
    }

    fn send_datagram(&mut self, key: SocketKey, message: Box<Message>) {
        // A datagram that finds no room is lost, as datagrams may be.
        let _ = message.send(self.socket(key));
        self.ended.push(Event::DatagramSent { socket: key });
    }

    fn receive_frames(&mut self, key: SocketKey) {
        self.input(key, Input::Frames);
    }

    fn send_frame(&mut self, key: SocketKey, pieces: VecDeque<Bytes>) {
        let Some(socket) = self.sockets.get_mut(key.0).and_then(Option::as_mut) else { return };
        // A frame that finds no room is lost, as frames may be.
        let result = write(socket, &pieces);
        self.ended.push(Event::FrameSent { link: key, result, pieces });
    }

    fn disk(&mut self, key: DiskKey, image: Arc<Image>, operation: DiskOperation) {
        self.threads.submit(key, image, operation);
    }

    fn waker(&self) -> Waker {
        waker(&self.poller)
    }

    fn wait(
        &mut self,
        timeout: Option<Duration>,
        sink: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<()> {
        let timeout = if self.ended.is_empty() { timeout } else { Some(Duration::ZERO) };
        self.readiness.clear();
        match self.poller.wait(&mut self.readiness, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in std::mem::take(&mut self.ended) {
            sink(event);
        }
        let mut ready = std::mem::take(&mut self.ready);
        ready.extend(self.readiness.iter());
        for readiness in ready.drain(..) {
            self.act(readiness, sink);
        }
        self.ready = ready;
        for (key, result) in self.threads.done() {
            sink(Event::DiskDone { key, result });
        }
        Ok(())
    }
}

impl Drop for PollDriver {
    fn drop(&mut self) {
        for key in 0..self.sockets.len() {
            self.release(SocketKey(key));
        }
    }
}

fn waker(poller: &Arc<Poller>) -> Waker {
    let poller = poller.clone();
    Arc::new(move || {
        // The poller is alive as long as this waker; there is nobody to tell otherwise.
        let _ = poller.notify();
    })
}
