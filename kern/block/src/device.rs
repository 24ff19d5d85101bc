//! A disk whose completions find their way back to whoever asked.
//!
//! A request belongs to the device, not to the task that made it: a task may be dropped while
//! its request is under way, and the completion then still does its part for others.

use crate::traffic::{self, Traffic};
use abi::{Errno, Result};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};
use core::cell::{Cell, RefCell};
use hyper::{Disk, DiskOperation, DiskRequest, Geometry};
use slab::Slab;
use task::WaitQueue;

/// What to do with the outcome of a request. It is given the device, and need not hold it: one
/// that is dropped takes with it what still waits there.
type Done = Box<dyn FnOnce(&Device, Result<Vec<BytesMut>>)>;

/// Submits requests and passes on their completions.
pub struct Device {
    disk: Rc<dyn Disk>,
    pending: RefCell<Slab<Done>>,
    traffic: Cell<Traffic>,
}

impl Device {
    /// Takes over a disk: nobody else may collect its completions.
    pub fn new(disk: Rc<dyn Disk>) -> Rc<Self> {
        Rc::new(Self { disk, pending: RefCell::default(), traffic: Cell::default() })
    }

    /// Size, sector, protection.
    pub fn geometry(&self) -> Geometry {
        self.disk.geometry()
    }

    /// What the disk was asked for so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic.get()
    }

    /// Collects what has completed and wakes whoever waits for it. Part of every turn.
    pub fn collect(&self) {
        while let Some(completion) = self.disk.next_completion() {
            let done = self.pending.borrow_mut().try_remove(completion.token as usize);
            if let Some(done) = done {
                done(self, completion.result);
            }
        }
    }

    /// Requests that have not completed: the disk is not to be given to another device before.
    pub fn pending_count(&self) -> usize {
        self.pending.borrow().len()
    }

    /// Fills `buffers` with what stands at `offset_bytes` and on.
    ///
    /// # Errors
    /// `Io` if the disk failed or the range lies beyond its end.
    pub async fn read(
        self: &Rc<Self>,
        offset_bytes: u64,
        buffers: Vec<BytesMut>,
    ) -> Result<Vec<BytesMut>> {
        self.request(DiskOperation::Read { offset_bytes, buffers }).await
    }

    /// Writes `data`, one piece after another, at `offset_bytes` and on: started at the call, and
    /// durable once a later [`Device::flush`] has ended. For what no page holds, such as a log:
    /// a cache above does not see it.
    ///
    /// # Errors
    /// `ReadOnly` on a disk that is; `Io` if it failed or the range lies beyond its end.
    pub fn write(
        self: &Rc<Self>,
        offset_bytes: u64,
        data: Vec<Bytes>,
    ) -> impl Future<Output = Result<()>> + use<> {
        let written = self.request(DiskOperation::Write { offset_bytes, data });
        async { written.await.map(drop) }
    }

    /// Makes durable every write that completed before the call: started at the call.
    ///
    /// # Errors
    /// `Io` if the disk failed: what was written since the flush before may be lost.
    pub fn flush(self: &Rc<Self>) -> impl Future<Output = Result<()>> + use<> {
        let flushed = self.request(DiskOperation::Flush);
        async { flushed.await.map(drop) }
    }

    /// Gives back the space of whole sectors that nobody needs any more, and that read as zeros
    /// from now on: started at the call. A cache above does not see it.
    ///
    /// # Errors
    /// `NotSupported` if the disk cannot, `ReadOnly` on a disk that is; `Io` if it failed.
    pub fn discard(
        self: &Rc<Self>,
        offset_bytes: u64,
        length_bytes: u64,
    ) -> impl Future<Output = Result<()>> + use<> {
        let discarded = self.request(DiskOperation::Discard { offset_bytes, length_bytes });
        async { discarded.await.map(drop) }
    }

    /// Starts a request whose outcome one task waits for.
    fn request(
        &self,
        operation: DiskOperation,
    ) -> impl Future<Output = Result<Vec<BytesMut>>> + use<> {
        let outcome = Rc::new(Outcome::default());
        let sets = outcome.clone();
        self.start(operation, move |_, result| sets.set(result));
        async move { outcome.wait().await }
    }

    /// Starts a request whose outcome is given to `done` by a later [`Device::collect`].
    pub(crate) fn start(
        &self,
        operation: DiskOperation,
        done: impl FnOnce(&Self, Result<Vec<BytesMut>>) + 'static,
    ) {
        traffic::count(&self.traffic, &operation);
        let token = self.pending.borrow_mut().insert(Box::new(done)) as u64;
        self.disk.submit(DiskRequest { token, operation });
    }
}

/// Something that will be known once, awaited by any number of tasks.
pub(crate) struct Outcome<T> {
    value: RefCell<Option<Result<T>>>,
    queue: WaitQueue,
}

impl<T> Default for Outcome<T> {
    fn default() -> Self {
        Self { value: RefCell::new(None), queue: WaitQueue::default() }
    }
}

impl<T> Outcome<T> {
    pub(crate) fn set(&self, value: Result<T>) {
        *self.value.borrow_mut() = Some(value);
        self.queue.wake_all();
    }

    /// Takes the value, for the only task that waits.
    pub(crate) async fn wait(&self) -> Result<T> {
        self.arrival().await;
        self.value.take().unwrap_or(Err(Errno::Io))
    }

    async fn arrival(&self) {
        while self.value.borrow().is_none() {
            self.queue.wait().await;
        }
    }
}

impl<T: Clone> Outcome<T> {
    /// Copies the value, for any number of tasks.
    pub(crate) async fn wait_shared(&self) -> Result<T> {
        self.arrival().await;
        self.value.borrow().clone().unwrap_or(Err(Errno::Io))
    }
}
