//! Images as a service on a worker sees them: requests gathered during a turn, handed to the
//! driver at the end of it, and completed on a later one.

use crate::driver::{DiskKey, Driver};
use crate::image::Image;
use crate::transfer::{check, errno};
use abi::Result;
use bytes::BytesMut;
use hyper::{Disk, DiskCompletion, DiskRequest, Geometry};
use slab::Slab;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

/// Requests of all the worker's disks that the driver has not seen yet.
pub(crate) type DiskQueue = Rc<RefCell<Vec<(Rc<Attachment>, DiskRequest)>>>;

/// One image in the hands of one service.
pub(crate) struct Attachment {
    tenant: usize,
    image: Arc<Image>,
    completions: RefCell<VecDeque<DiskCompletion>>,
}

/// An image driven by a worker.
pub(crate) struct FileDisk {
    attachment: Rc<Attachment>,
    queue: DiskQueue,
}

impl FileDisk {
    pub(crate) fn new(image: Image, tenant: usize, queue: DiskQueue) -> Self {
        let completions = RefCell::default();
        let attachment = Attachment { tenant, image: Arc::new(image), completions };
        Self { attachment: Rc::new(attachment), queue }
    }
}

impl Disk for FileDisk {
    fn geometry(&self) -> Geometry {
        self.attachment.image.geometry()
    }

    fn submit(&self, request: DiskRequest) {
        self.queue.borrow_mut().push((self.attachment.clone(), request));
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.attachment.completions.borrow_mut().pop_front()
    }
}

/// What became of a request.
pub(crate) enum Submitted {
    /// Its completion waits for the tenant already.
    Refused,
    /// Its completion will come.
    UnderWay,
}

/// The disk requests of one worker.
#[derive(Default)]
pub(crate) struct Disks {
    queue: DiskQueue,
    under_way: Slab<(Rc<Attachment>, u64)>,
    /// Emptied queues, to be filled again.
    spare: Vec<(Rc<Attachment>, DiskRequest)>,
}

impl Disks {
    /// Where this worker's disks put their requests.
    pub(crate) fn queue(&self) -> DiskQueue {
        self.queue.clone()
    }

    /// Hands what was submitted to the driver. Tells `note` of each request which tenant's it is.
    pub(crate) fn flush(
        &mut self,
        driver: &mut dyn Driver,
        mut note: impl FnMut(usize, Submitted),
    ) {
        let mut requests = std::mem::take(&mut self.spare);
        std::mem::swap(&mut requests, &mut self.queue.borrow_mut());
        for (attachment, request) in requests.drain(..) {
            let tenant = attachment.tenant;
            if let Err(error) = check(&attachment.image.geometry(), &request.operation) {
                attachment.complete(request.token, Err(error));
                note(tenant, Submitted::Refused);
                continue;
            }
            note(tenant, Submitted::UnderWay);
            let image = attachment.image.clone();
            let key = self.under_way.insert((attachment, request.token));
            driver.disk(DiskKey(key), image, request.operation);
        }
        self.spare = requests;
    }

    /// Takes a completion from the driver. Returns the tenant that waits for it.
    pub(crate) fn done(&mut self, key: DiskKey, result: io::Result<Vec<BytesMut>>) -> usize {
        let (attachment, token) = self.under_way.remove(key.0);
        let result = result.map_err(|error| {
            let path = attachment.image.path().display();
            tracing::error!("{path}: a disk operation failed: {error}");
            errno(&error)
        });
        attachment.complete(token, result);
        attachment.tenant
    }
}

impl Attachment {
    fn complete(&self, token: u64, result: Result<Vec<BytesMut>>) {
        self.completions.borrow_mut().push_back(DiskCompletion { token, result });
    }
}
