//! A disk whose requests are done when `submit` returns: for tools, which have nothing else to do
//! while they wait.

use crate::image::Image;
use crate::transfer::{check, errno, perform};
use hyper::{Disk, DiskCompletion, DiskRequest, Geometry};
use std::cell::RefCell;
use std::collections::VecDeque;

/// An image read and written on the caller's thread.
#[derive(Debug)]
pub struct SyncDisk {
    image: Image,
    completions: RefCell<VecDeque<DiskCompletion>>,
}

impl SyncDisk {
    /// The disk behind this image.
    pub fn new(image: Image) -> Self {
        Self { image, completions: RefCell::default() }
    }
}

impl Disk for SyncDisk {
    fn geometry(&self) -> Geometry {
        self.image.geometry()
    }

    fn submit(&self, DiskRequest { token, operation }: DiskRequest) {
        let done = check(&self.image.geometry(), &operation);
        let perform = |()| perform(self.image.file(), operation).map_err(|error| errno(&error));
        let result = done.and_then(perform);
        self.completions.borrow_mut().push_back(DiskCompletion { token, result });
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.completions.borrow_mut().pop_front()
    }
}
