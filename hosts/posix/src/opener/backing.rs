//! The hypercall: an image of a tenant's that is open only while it is used.

use super::{Answer, Opener, Request};
use crate::disk::{DiskAccount, DiskQueue, FileDisk};
use crate::image::Access;
use crate::pool::locked;
use crate::report::ServiceId;
use hyper::{Backing, Disk};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// See the top of the file.
pub(crate) struct LazyImage {
    customer: Customer,
    path: PathBuf,
    access: Access,
    account: DiskAccount,
    disks: DiskQueue,
    answer: Arc<Answer>,
}

/// Who opens images, and for whom.
#[derive(Clone)]
pub(crate) struct Customer {
    pub(crate) opener: Opener,
    pub(crate) service: ServiceId,
}

impl LazyImage {
    /// Of a tenant, closed.
    pub(crate) fn new(
        customer: Customer,
        path: PathBuf,
        access: Access,
        account: DiskAccount,
        disks: DiskQueue,
    ) -> Self {
        Self { customer, path, access, account, disks, answer: Arc::default() }
    }
}

impl Backing for LazyImage {
    fn open(&self) {
        self.customer.opener.ask(Request {
            service: self.customer.service,
            path: self.path.clone(),
            access: self.access,
            used_at: self.account.used_at.clone(),
            answer: self.answer.clone(),
        });
    }

    fn opened(&self) -> Option<Result<Rc<dyn Disk>, String>> {
        let answer = locked(&self.answer).take()?;
        let disk = |image| -> Rc<dyn Disk> {
            Rc::new(FileDisk::lent(image, self.account.clone(), self.disks.clone()))
        };
        Some(answer.map(disk))
    }
}
