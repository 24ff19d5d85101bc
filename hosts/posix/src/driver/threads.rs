//! A few threads that wait for disks, so that a worker without io_uring does not.

use super::DiskKey;
use crate::hasten::hasten;
use crate::image::Image;
use crate::transfer::{Extent, perform};
use bytes::BytesMut;
use hyper::DiskOperation;
use std::io;
use std::sync::mpsc::{Receiver, Sender, TryIter, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// Threads of one worker: as many disk operations as are at work at a time.
const DISK_THREADS: usize = 4;

struct Job {
    key: DiskKey,
    image: Arc<Image>,
    operation: DiskOperation,
}

type Done = (DiskKey, io::Result<Vec<BytesMut>>);

/// The disk threads of one worker, started with its first disk operation.
pub(super) struct DiskThreads {
    threads: Vec<JoinHandle<()>>,
    jobs: Option<Sender<Job>>,
    queue: Arc<Mutex<Receiver<Job>>>,
    done: (Sender<Done>, Receiver<Done>),
    notify: super::Waker,
}

impl DiskThreads {
    /// No threads yet; `notify` is called after each completion.
    pub(super) fn new(notify: super::Waker) -> Self {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        Self { threads: Vec::new(), jobs: Some(jobs), queue, done: channel(), notify }
    }

    /// Queues an operation.
    pub(super) fn submit(&mut self, key: DiskKey, image: Arc<Image>, operation: DiskOperation) {
        if let Err(error) = self.start() {
            // The receiving end is ours: it outlives this call.
            let _ = self.done.0.send((key, Err(error)));
            return (self.notify)();
        }
        if let Some(jobs) = &self.jobs {
            // The queue's receiving end is ours too.
            let _ = jobs.send(Job { key, image, operation });
        }
    }

    /// What was completed since the last call.
    pub(super) fn done(&self) -> TryIter<'_, Done> {
        self.done.1.try_iter()
    }

    /// Starts the threads, at least one of them.
    fn start(&mut self) -> io::Result<()> {
        while self.threads.len() < DISK_THREADS {
            let (queue, done) = (self.queue.clone(), self.done.0.clone());
            let notify = self.notify.clone();
            let builder = Builder::new().name("vnfsd-disk".into());
            match builder.spawn(move || work(&queue, &done, &notify)) {
                Ok(thread) => self.threads.push(thread),
                Err(error) if self.threads.is_empty() => return Err(error),
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }
}

fn work(queue: &Mutex<Receiver<Job>>, done: &Sender<Done>, notify: &super::Waker) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { key, image, operation }) = job else { return };
        let extent = Extent::of(&operation);
        let result = perform(image.file(), operation);
        if extent.is_hastened() && result.is_ok() {
            hasten(image.file(), &extent);
        }
        // Whoever hears of the end may count on the image being let go of.
        drop(image);
        if done.send((key, result)).is_err() {
            return;
        }
        notify();
    }
}

impl Drop for DiskThreads {
    /// Lets operations that were begun end: nobody else would.
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}
