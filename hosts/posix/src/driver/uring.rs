//! The Linux driver: one io_uring for sockets, disks and wake-ups (io_uring(7)).
//!
//! One `io_uring_enter` submits everything a turn began, waits, and collects. Deferred task work
//! (`IORING_SETUP_DEFER_TASKRUN`) keeps completions out of the way of the turn; kernels that lack
//! it get a plain ring.

mod buffers;
mod frames;
mod operations;
mod queue;
mod setup;
#[cfg(test)]
mod tests;

use self::buffers::{RECEIVE_BUFFERS, RECEIVE_GROUP, ReceiveBuffers};
use self::operations::{Operation, Tag, Transfer, is_transient};
use self::queue::ReceiveQueue;
use super::{DiskKey, Driver, Event, SocketKey, Waker};
use crate::connection::Fill;
use crate::image::Image;
use crate::message::{self, CONTROL_BYTES, Message, NAME_BYTES};
use bytes::Bytes;
use hyper::DiskOperation;
use io_uring::types::{self, CancelBuilder, RecvMsgOut, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use rustix::event::{EventfdFlags, eventfd};
use slab::Slab;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::mem::{ManuallyDrop, take, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::{self, null_mut};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Emptied messages kept for the next sends.
const SPARE_MESSAGES_MAX: usize = 256;

/// How long the driver's end waits for the kernel to let go of its memory.
const END_WAIT: Duration = Duration::from_secs(5);

/// `IORING_RECVSEND_POLL_FIRST`: wait for readiness rather than try in vain first.
const POLL_FIRST: u16 = 1;

/// The kernel answer to a receive that found every buffer in use.
const NO_BUFFERS: i32 = libc::ENOBUFS;

/// See the module's text.
pub(super) struct UringDriver {
    /// Dropped by hand, before the memory that the kernel may use.
    ring: ManuallyDrop<IoUring>,
    memory: ManuallyDrop<Memory>,
    /// Whether one operation reads a tap's frames again and again.
    reads_many: bool,
    sockets: Vec<Option<OwnedFd>>,
    /// What comes in again and again, by socket, while it does.
    doors: HashMap<SocketKey, Tag>,
    receives: ReceiveQueue,
    fills: HashMap<SocketKey, Filling>,
    /// Operations under way that own no entry in the table.
    under_way: usize,
    completions: Vec<cqueue::Entry>,
    #[expect(clippy::vec_box, reason = "a message is filled and sent without ever moving")]
    spare: Vec<Box<Message>>,
    wake: Arc<OwnedFd>,
}

/// A fill under way.
struct Filling {
    /// Its entry in the table.
    index: usize,
    /// It is to end.
    let_go: bool,
}

/// Everything the kernel may read or write while operations are under way.
struct Memory {
    buffers: ReceiveBuffers,
    operations: Slab<Operation>,
    /// The shape of datagrams to receive: room for addresses, no buffers of its own.
    datagram: Box<libc::msghdr>,
    /// Where the counter of the eventfd is read to.
    wake_count: Box<u64>,
}

impl UringDriver {
    /// # Errors
    /// Says what this kernel lacks or forbids.
    pub(super) fn new() -> io::Result<Self> {
        let (ring, reads_many) = setup::open()?;
        // SAFETY: msghdr is plain data, for which all zeroes mean "nothing".
        let mut datagram: Box<libc::msghdr> = Box::new(unsafe { zeroed() });
        datagram.msg_namelen = NAME_BYTES as _;
        datagram.msg_controllen = CONTROL_BYTES as _;
        let buffers = ReceiveBuffers::new(&ring)?;
        let operations = Slab::new();
        let memory = Memory { buffers, operations, datagram, wake_count: Box::new(0) };
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let (sockets, doors, receives, fills) = Default::default();
        let (completions, spare) = Default::default();
        let (ring, memory) = (ManuallyDrop::new(ring), ManuallyDrop::new(memory));
        let under_way = 0;
        let mut driver = Self {
            ring,
            memory,
            reads_many,
            sockets,
            doors,
            receives,
            fills,
            under_way,
            completions,
            spare,
            wake,
        };
        driver.expect_wake();
        Ok(driver)
    }

    fn expect_wake(&mut self) {
        let target: *mut u64 = &raw mut *self.memory.wake_count;
        let file = types::Fd(self.wake.as_raw_fd());
        let length = size_of::<u64>() as u32;
        self.start(opcode::Read::new(file, target.cast(), length).build(), Tag::Woken);
    }

    /// Submits an entry that owns no memory in the table.
    fn start(&mut self, entry: squeue::Entry, tag: Tag) {
        self.under_way += 1;
        self.push(entry.user_data(tag.to_user_data()));
    }

    /// Submits an entry that uses memory of `operation`. Returns its place in the table.
    fn start_owned(&mut self, entry: squeue::Entry, operation: Operation) -> usize {
        let index = self.memory.operations.insert(operation);
        self.push(entry.user_data(Tag::Operation(index).to_user_data()));
        index
    }

    fn push(&mut self, entry: squeue::Entry) {
        // SAFETY: what an entry points at is owned by `self.memory`, in heap blocks that stay
        // where they are until the completion has been seen.
        while unsafe { self.ring.submission().push(&entry) }.is_err() {
            if let Err(error) = self.ring.submit() {
                assert!(is_transient(&error) || is_busy(&error), "io_uring is broken: {error}");
            }
        }
    }

    fn descriptor(&self, key: SocketKey) -> types::Fd {
        types::Fd(self.socket(key).as_raw_fd())
    }

    fn start_receive(&mut self, key: SocketKey, flags: u16) {
        let entry = opcode::Recv::new(self.descriptor(key), null_mut(), 0)
            .buf_group(RECEIVE_GROUP)
            .ioprio(flags);
        let entry = entry.build().flags(squeue::Flags::BUFFER_SELECT);
        self.start(entry, Tag::Receive(key));
    }

    /// Starts receives that take a buffer at once: every buffer has been given back by now.
    fn start_queued_receives(&mut self) {
        for _ in 0..RECEIVE_BUFFERS {
            let Some(key) = self.receives.pop() else { return };
            self.start_receive(key, 0);
        }
    }

    fn enter(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let entered = match timeout {
            None => self.ring.submit_and_wait(1),
            Some(Duration::ZERO) => self.enter_at_once(),
            Some(timeout) => {
                let timeout = Timespec::from(timeout);
                let arguments = SubmitArgs::new().timespec(&timeout);
                self.ring.submitter().submit_with_args(1, &arguments)
            }
        };
        match entered {
            Err(error) if error.raw_os_error() == Some(libc::ETIME) => Ok(()),
            Err(error) if is_transient(&error) || is_busy(&error) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Submits, and asks for what has completed. A timeout of nothing would be a timer all the same,
    /// and a sleep until it fires.
    fn enter_at_once(&mut self) -> io::Result<usize> {
        /// `IORING_ENTER_GETEVENTS`
        const GET_EVENTS: u32 = 1;
        let count = self.ring.submission().len() as u32;
        // SAFETY: these are the entries of the queue, which were sound when they were put there.
        // The crate's own call leaves out the flag that makes the kernel finish what it has
        // deferred.
        unsafe { self.ring.submitter().enter::<libc::sigset_t>(count, 0, GET_EVENTS, None) }
    }

    fn collect(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        let mut completions = take(&mut self.completions);
        completions.extend(self.ring.completion());
        for completion in completions.drain(..) {
            self.completed(&completion, sink);
        }
        self.completions = completions;
    }

    fn completed(&mut self, completion: &cqueue::Entry, sink: &mut dyn FnMut(Event<'_>)) {
        let more = cqueue::more(completion.flags());
        let tag = Tag::from_user_data(completion.user_data());
        if !more && !matches!(tag, Tag::Operation(_)) {
            self.under_way -= 1;
        }
        let result = outcome(completion.result());
        match tag {
            Tag::Woken => self.expect_wake(),
            Tag::Canceled => {}
            Tag::LetGo(key) => self.let_go_ended(key, completion.result()),
            Tag::Accept(listener) => {
                // SAFETY: the kernel just made this descriptor for us; nobody else knows it.
                let own = |number| unsafe { std::os::fd::FromRawFd::from_raw_fd(number as i32) };
                if !more {
                    self.doors.remove(&listener);
                }
                sink(Event::Accepted { listener, result: result.map(own), more });
            }
            Tag::Receive(stream) => self.received(stream, completion, result, sink),
            Tag::ReceiveDatagrams(socket) => {
                self.datagram(socket, completion, result, sink);
                if !more {
                    self.doors.remove(&socket);
                    sink(Event::DatagramsEnded { socket });
                }
            }
            Tag::ReceiveFrames(link) => self.frame(link, completion, result, sink),
            Tag::Operation(index) => self.operation_ended(index, result, sink),
        }
    }

    fn received(
        &mut self,
        stream: SocketKey,
        completion: &cqueue::Entry,
        result: io::Result<usize>,
        sink: &mut dyn FnMut(Event<'_>),
    ) {
        if completion.result() == -NO_BUFFERS {
            // Not started anew here: its owner may have canceled it, and will not do so twice.
            let result = Err(io::ErrorKind::WouldBlock.into());
            return sink(Event::Received { stream, result, waiting: true });
        }
        let buffer = cqueue::buffer_select(completion.flags());
        let full = result.as_ref().is_ok_and(|&count| ReceiveBuffers::is_full(count));
        let waiting = full || cqueue::sock_nonempty(completion.flags());
        let buffers = &self.memory.buffers;
        let bytes = |count| buffer.map_or(&[][..], |id| buffers.bytes(id, count));
        sink(Event::Received { stream, result: result.map(bytes), waiting });
        if let Some(id) = buffer {
            self.memory.buffers.recycle(id);
        }
    }

    fn datagram(
        &mut self,
        socket: SocketKey,
        completion: &cqueue::Entry,
        result: io::Result<usize>,
        sink: &mut dyn FnMut(Event<'_>),
    ) {
        let Some(id) = cqueue::buffer_select(completion.flags()) else { return };
        if let Ok(count) = result {
            let bytes = self.memory.buffers.bytes(id, count);
            if let Ok(datagram) = RecvMsgOut::parse(bytes, &self.memory.datagram)
                && !datagram.is_payload_truncated()
                && let Some(remote) = message::address(datagram.name_data())
            {
                let local = message::local_address(datagram.control_data());
                let bytes = datagram.payload_data();
                sink(Event::Datagram { socket, remote, local, bytes });
            }
        }
        self.memory.buffers.recycle(id);
    }

    fn operation_ended(
        &mut self,
        index: usize,
        result: io::Result<usize>,
        sink: &mut dyn FnMut(Event<'_>),
    ) {
        match self.memory.operations.remove(index) {
            Operation::Send { stream, message } => {
                let pieces = self.spare(message);
                sink(Event::Sent { stream, result, pieces });
            }
            Operation::SendFrame { link, message } => {
                let pieces = self.spare(message);
                sink(Event::FrameSent { link, result, pieces });
            }
            Operation::Fill { stream, mut fill } => {
                self.fills.remove(&stream);
                if let Ok(count) = result {
                    debug_assert!(count <= fill.count_bytes);
                    let length = fill.buffer.len() + count;
                    // SAFETY: the kernel wrote `count` bytes behind the buffer's end, where there
                    // is room for at least as many as it was asked for.
                    unsafe { fill.buffer.set_len(length) };
                }
                sink(Event::Filled { stream, result, fill });
            }
            Operation::SendDatagram { socket, .. } => sink(Event::DatagramSent { socket }),
            Operation::Disk(transfer) => self.disk_ended(transfer, result, sink),
            Operation::Hasten { .. } => {}
        }
    }

    /// The kernel does not find a fill for which bytes have just arrived, and which then waits for
    /// more (Linux 6.18): until it has ended, once more.
    fn let_go_ended(&mut self, key: SocketKey, result: i32) {
        if result != -libc::ENOENT {
            return;
        }
        if self.fills.get(&key).is_some_and(|filling| filling.let_go) {
            self.let_go_of_fill(key);
        }
        self.shut_door(key);
    }

    /// Says whether there was a fill.
    fn let_go_of_fill(&mut self, key: SocketKey) -> bool {
        let Some(filling) = self.fills.get_mut(&key) else { return false };
        filling.let_go = true;
        let one = CancelBuilder::user_data(Tag::Operation(filling.index).to_user_data());
        self.start(opcode::AsyncCancel2::new(one).build(), Tag::LetGo(key));
        true
    }

    /// Ends what comes in again and again, by its name: the kernel would look through all that is
    /// under way for what has the same descriptor. Says whether there was any.
    fn shut_door(&mut self, key: SocketKey) -> bool {
        let Some(door) = self.doors.get(&key) else { return false };
        let cancel = opcode::AsyncCancel::new(door.to_user_data());
        self.start(cancel.build(), Tag::LetGo(key));
        true
    }

    /// Takes a message's pieces out, and keeps it for the next.
    fn spare(&mut self, mut message: Box<Message>) -> VecDeque<Bytes> {
        let pieces = message.take();
        if self.spare.len() < SPARE_MESSAGES_MAX {
            self.spare.push(message);
        }
        pieces
    }

    fn disk_ended(
        &mut self,
        mut transfer: Box<Transfer>,
        result: io::Result<usize>,
        sink: &mut dyn FnMut(Event<'_>),
    ) {
        let key = transfer.key;
        match transfer.completed(result) {
            Ok(false) => {
                self.start_owned(transfer.entry(), Operation::Disk(transfer));
            }
            Ok(true) => {
                if let Some((entry, operation)) = transfer.hasten() {
                    self.start_owned(entry, operation);
                }
                sink(Event::DiskDone { key, result: Ok(transfer.into_buffers()) });
            }
            Err(error) => sink(Event::DiskDone { key, result: Err(error) }),
        }
    }
}

impl Driver for UringDriver {
    fn adopt(&mut self, key: SocketKey, socket: OwnedFd) -> io::Result<()> {
        if self.sockets.len() <= key.0 {
            self.sockets.resize_with(key.0 + 1, || None);
        }
        self.sockets[key.0] = Some(socket);
        Ok(())
    }

    fn socket(&self, key: SocketKey) -> BorrowedFd<'_> {
        self.sockets[key.0].as_ref().expect("lent between adopt and release").as_fd()
    }

    fn release(&mut self, key: SocketKey) {
        drop(self.surrender(key));
    }

    fn surrender(&mut self, key: SocketKey) -> Option<OwnedFd> {
        self.sockets.get_mut(key.0)?.take()
    }

    fn cancel(&mut self, key: SocketKey) {
        if self.receives.remove(key) {
            // It ends as all receives do: with bytes, or canceled.
            self.start_receive(key, 0);
        }
        if self.shut_door(key) {
            return;
        }
        self.let_go_of_fill(key);
        let all = CancelBuilder::fd(self.descriptor(key)).all();
        self.start(opcode::AsyncCancel2::new(all).build(), Tag::Canceled);
    }

    fn accept(&mut self, key: SocketKey) {
        let entry = opcode::AcceptMulti::new(self.descriptor(key)).flags(libc::SOCK_CLOEXEC);
        self.doors.insert(key, Tag::Accept(key));
        self.start(entry.build(), Tag::Accept(key));
    }

    fn receive(&mut self, key: SocketKey, waiting: bool) {
        if waiting {
            self.receives.push(key);
        } else {
            self.start_receive(key, POLL_FIRST);
        }
    }

    fn fill(&mut self, key: SocketKey, mut fill: Fill, waiting: bool) {
        let room = fill.buffer.spare_capacity_mut();
        let count = fill.count_bytes.min(room.len()) as u32;
        // MSG_WAITALL: a large record comes with few completions.
        let entry = opcode::Recv::new(self.descriptor(key), room.as_mut_ptr().cast(), count)
            .flags(libc::MSG_WAITALL)
            .ioprio(if waiting { 0 } else { POLL_FIRST });
        let index = self.start_owned(entry.build(), Operation::Fill { stream: key, fill });
        self.fills.insert(key, Filling { index, let_go: false });
    }

    fn let_go(&mut self, key: SocketKey) {
        if self.let_go_of_fill(key) {
            return;
        }
        if self.receives.remove(key) {
            self.start_receive(key, 0);
        }
        let receive = opcode::AsyncCancel::new(Tag::Receive(key).to_user_data());
        self.start(receive.build(), Tag::LetGo(key));
    }

    fn send(&mut self, key: SocketKey, pieces: VecDeque<Bytes>) {
        let mut message = self.spare.pop().unwrap_or_else(Message::new);
        message.set(pieces);
        // MSG_WAITALL: what does not fit at once follows as room appears, without us.
        let entry = opcode::SendMsg::new(self.descriptor(key), message.header())
            .flags((libc::MSG_NOSIGNAL | libc::MSG_WAITALL) as u32);
        self.start_owned(entry.build(), Operation::Send { stream: key, message });
    }

    fn receive_datagrams(&mut self, key: SocketKey) {
        let shape = ptr::from_ref(&*self.memory.datagram);
        let entry = opcode::RecvMsgMulti::new(self.descriptor(key), shape, RECEIVE_GROUP);
        self.doors.insert(key, Tag::ReceiveDatagrams(key));
        self.start(entry.build(), Tag::ReceiveDatagrams(key));
    }

    fn send_datagram(&mut self, key: SocketKey, message: Box<Message>) {
        let entry = opcode::SendMsg::new(self.descriptor(key), message.header());
        let operation = Operation::SendDatagram { socket: key, _message: message };
        self.start_owned(entry.build(), operation);
    }

    fn receive_frames(&mut self, key: SocketKey) {
        self.start_frames(key);
    }

    fn send_frame(&mut self, key: SocketKey, pieces: VecDeque<Bytes>) {
        self.start_frame(key, pieces);
    }

    fn disk(&mut self, key: DiskKey, image: Arc<Image>, operation: DiskOperation) {
        let transfer = Box::new(Transfer::new(key, image, operation));
        // A transfer of nothing still ends as an event of a later wait.
        let entry = if transfer.is_done() { opcode::Nop::new().build() } else { transfer.entry() };
        self.start_owned(entry, Operation::Disk(transfer));
    }

    fn waker(&self) -> Waker {
        let wake = self.wake.clone();
        Arc::new(move || {
            // Fails only if the counter is at its limit, when the wake-up is already certain.
            let _ = rustix::io::write(&wake, &1u64.to_ne_bytes());
        })
    }

    fn wait(
        &mut self,
        timeout: Option<Duration>,
        sink: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<()> {
        self.start_queued_receives();
        // Whether there was something to receive is a guess; those in the queue do not wait for it.
        self.enter(if self.receives.is_empty() { timeout } else { Some(Duration::ZERO) })?;
        self.collect(sink);
        Ok(())
    }
}

impl Drop for UringDriver {
    /// Takes the memory back from the kernel; what it does not give back in time is left to it.
    fn drop(&mut self) {
        let everything = opcode::AsyncCancel2::new(CancelBuilder::any()).build();
        self.start(everything, Tag::Canceled);
        let deadline = Instant::now() + END_WAIT;
        while self.under_way + self.memory.operations.len() > 0 && Instant::now() < deadline {
            if self.enter(Some(Duration::from_millis(100))).is_err() {
                break;
            }
            for completion in self.ring.completion().collect::<Vec<_>>() {
                match Tag::from_user_data(completion.user_data()) {
                    Tag::Operation(index) => drop(self.memory.operations.try_remove(index)),
                    _ if cqueue::more(completion.flags()) => {}
                    _ => self.under_way -= 1,
                }
            }
        }
        let returned = self.under_way + self.memory.operations.len() == 0;
        // SAFETY: neither field is used again. The memory goes only if the kernel has let go of
        // it; otherwise it is leaked.
        unsafe {
            ManuallyDrop::drop(&mut self.ring);
            if returned {
                ManuallyDrop::drop(&mut self.memory);
            }
        }
    }
}

fn outcome(result: i32) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::from_raw_os_error(result.saturating_neg()))
}

/// Whether the completion ring must be emptied first.
fn is_busy(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EBUSY)
}
