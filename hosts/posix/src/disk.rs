//! Images as a service on a worker sees them: requests gathered during a turn, handed to the
//! driver at the end of it, and completed on a later one.

use crate::driver::{DiskKey, Driver};
use crate::failures::Failures;
use crate::image::Image;
use crate::opener::{OpenImage, Permit};
use crate::transfer::{Extent, check, errno};
use abi::Result;
use bytes::BytesMut;
use hyper::{Disk, DiskCompletion, DiskRequest, Geometry};
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Requests of all the worker's disks that the driver has not seen yet.
pub(crate) type DiskQueue = Rc<RefCell<Vec<(Rc<Attachment>, DiskRequest)>>>;

/// Where a tenant's disks book what they have under way.
#[derive(Clone)]
pub(crate) struct DiskAccount {
    pub(crate) tenant: usize,
    /// Requests submitted and not completed, of all its disks.
    pub(crate) under_way: Rc<Cell<usize>>,
    /// Requests completed so far.
    pub(crate) completed: Rc<Cell<u64>>,
    /// When the tenant was turned last, for whoever looks for images that nobody needs.
    pub(crate) used_at: Arc<AtomicU64>,
}

/// One image in the hands of one service.
pub(crate) struct Attachment {
    account: DiskAccount,
    image: Arc<Image>,
    failures: Failures,
    completions: RefCell<VecDeque<DiskCompletion>>,
    /// Given back once the image is closed, if it was opened for a while only.
    _permit: Option<Permit>,
}

/// An image driven by a worker.
pub(crate) struct FileDisk {
    attachment: Rc<Attachment>,
    queue: DiskQueue,
}

impl FileDisk {
    /// Of an image that stays open for as long as its tenant likes.
    pub(crate) fn new(image: Image, account: DiskAccount, queue: DiskQueue) -> Self {
        Self::with(image, None, account, queue)
    }

    /// Of an image that others wait for to be closed.
    pub(crate) fn lent(open: OpenImage, account: DiskAccount, queue: DiskQueue) -> Self {
        let OpenImage { image, permit } = open;
        Self::with(image, Some(permit), account, queue)
    }

    fn with(image: Image, permit: Option<Permit>, account: DiskAccount, queue: DiskQueue) -> Self {
        let (image, failures, completions) = (Arc::new(image), Failures::default(), <_>::default());
        let attachment = Attachment { account, image, failures, completions, _permit: permit };
        Self { attachment: Rc::new(attachment), queue }
    }
}

impl Disk for FileDisk {
    fn geometry(&self) -> Geometry {
        self.attachment.image.geometry()
    }

    fn submit(&self, request: DiskRequest) {
        self.attachment.account.begin();
        self.queue.borrow_mut().push((self.attachment.clone(), request));
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.attachment.completions.borrow_mut().pop_front()
    }
}

/// One request in the driver's hands.
struct UnderWay {
    attachment: Rc<Attachment>,
    token: u64,
    extent: Extent,
}

/// The disk requests of one worker.
#[derive(Default)]
pub(crate) struct Disks {
    queue: DiskQueue,
    under_way: Slab<UnderWay>,
    /// Emptied queues, to be filled again.
    spare: Vec<(Rc<Attachment>, DiskRequest)>,
}

impl Disks {
    /// Where this worker's disks put their requests.
    pub(crate) fn queue(&self) -> DiskQueue {
        self.queue.clone()
    }

    /// Hands what was submitted to the driver. Tells `refused` whose completion waits already.
    pub(crate) fn flush(&mut self, driver: &mut dyn Driver, mut refused: impl FnMut(usize)) {
        let mut requests = std::mem::take(&mut self.spare);
        std::mem::swap(&mut requests, &mut self.queue.borrow_mut());
        for (attachment, request) in requests.drain(..) {
            if let Err(error) = check(&attachment.image.geometry(), &request.operation) {
                attachment.complete(request.token, Err(error));
                refused(attachment.account.tenant);
                continue;
            }
            let image = attachment.image.clone();
            let DiskRequest { token, operation } = request;
            let extent = Extent::of(&operation);
            let key = self.under_way.insert(UnderWay { attachment, token, extent });
            driver.disk(DiskKey(key), image, operation);
        }
        self.spare = requests;
    }

    /// Lets what a tenant submitted and the driver has not seen be as if it had never been.
    pub(crate) fn forget(&mut self, tenant: usize) {
        let of_tenant = |attachment: &Attachment| attachment.account.tenant == tenant;
        for (attachment, _) in
            self.queue.borrow_mut().extract_if(.., |(attachment, _)| of_tenant(attachment))
        {
            attachment.account.end();
        }
    }

    /// Takes a completion from the driver. Returns the tenant that waits for it, and how many bytes
    /// it is about.
    pub(crate) fn done(
        &mut self,
        key: DiskKey,
        result: io::Result<Vec<BytesMut>>,
    ) -> (usize, usize) {
        let UnderWay { attachment, token, extent } = self.under_way.remove(key.0);
        let result = result.map_err(|error| {
            if let Some(line) = attachment.failures.line(&attachment.image, extent, &error) {
                tracing::error!("{line}");
            }
            errno(&error)
        });
        attachment.complete(token, result);
        (attachment.account.tenant, extent.length_bytes as usize)
    }
}

impl DiskAccount {
    pub(crate) fn new(tenant: usize) -> Self {
        let (under_way, completed, used_at) = <_>::default();
        Self { tenant, under_way, completed, used_at }
    }

    fn begin(&self) {
        self.under_way.update(|count| count + 1);
    }

    fn end(&self) {
        self.under_way.update(|count| count.saturating_sub(1));
        self.completed.update(|count| count + 1);
    }
}

impl Attachment {
    fn complete(&self, token: u64, result: Result<Vec<BytesMut>>) {
        self.account.end();
        self.completions.borrow_mut().push_back(DiskCompletion { token, result });
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        if let Some(line) = self.failures.last_line(&self.image) {
            tracing::error!("{line}");
        }
    }
}
