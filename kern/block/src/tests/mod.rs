//! The cache above a disk of memory that completes when and in the order it is told.

mod lending;
mod model;
mod reading;
mod room;
mod test_disk;
mod writing;

use crate::{Cache, Device};
use alloc::rc::Rc;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use task::drive;
use test_disk::TestDisk;

const PAGE: u32 = 4096;

fn cache(size_bytes: u64, budget_pages: u64) -> (Rc<TestDisk>, Rc<Cache>) {
    let disk = Rc::new(TestDisk::new(size_bytes, PAGE.into()));
    let device = Device::new(disk.clone());
    (disk, Rc::new(Cache::new(device, PAGE, budget_pages * u64::from(PAGE))))
}

fn run<T>(cache: &Cache, future: impl Future<Output = T>) -> T {
    drive(future, || cache.device().collect())
}

/// Once, without the disk.
fn poll<T>(future: &mut Pin<impl core::ops::DerefMut<Target: Future<Output = T>>>) -> Poll<T> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}
