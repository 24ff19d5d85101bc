//! Discards that take their time, while their committer is dropped.

use super::{create, findings, layouts, settle};
use crate::Options;
use crate::testing::{Mounted, NOW, new_image};
use abi::FileId;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use hyper::Disk;
use vfs::{FileSystem, Name, Stability};

const FILE_BYTES: usize = 200_000;

/// A file of `byte`s.
fn written(fs: &Mounted, number: u32, byte: u8) -> FileId {
    let file = create(fs, number).expect("a file");
    let node = fs.wait(fs.ffs.node(file.inode)).expect("a node");
    let data = vec![byte; FILE_BYTES];
    fs.wait(fs.ffs.write_data(&node, 0, &data.into(), Stability::File, NOW)).expect("space");
    file
}

fn remove(fs: &Mounted, name: &[u8], file: FileId) {
    let name = Name::new(name).expect("a name");
    fs.wait(fs.ffs.remove_file(fs.ffs.root(), name, file, NOW)).expect("removed");
    let writer = fs.ffs.changeable().expect("a writer");
    fs.wait(fs.ffs.reclaim_waiting(writer)).expect("taken apart");
}

/// Polls a few times, while the disk works.
fn poll<T>(fs: &Mounted, mut future: Pin<&mut impl Future<Output = T>>, polls: u32) -> Poll<T> {
    for _ in 0..polls {
        let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if polled.is_ready() {
            return polled;
        }
        fs.wait(task::let_others_run());
    }
    Poll::Pending
}

/// Whoever drops the committer, and when: no discard is left when others have the space.
#[test]
fn a_late_discard_hits_nobody() {
    for layout in layouts() {
        let mut given_up_late = 0;
        for polls in (0..60).step_by(3) {
            let options = Options { discard: true, ..Options::default() };
            let fs = Mounted::of(new_image(&layout), options).expect("a mount");
            let old = written(&fs, 1, 1);
            settle(&fs);
            remove(&fs, b"file 1", old);
            *fs.disk.held.borrow_mut() = Some(Vec::new());
            let given_up = poll(&fs, Box::pin(fs.ffs.make_durable()).as_mut(), polls);
            assert!(given_up.is_pending(), "{polls} polls");
            // Those that come after them are done at once.
            let late = fs.disk.held.take().unwrap_or_default();
            given_up_late += u32::from(!late.is_empty());
            let writer = fs.ffs.changeable().expect("a writer");
            let mut next = pin!(fs.ffs.make_durable());
            if poll(&fs, next.as_mut(), 500).is_pending() {
                assert!(!late.is_empty() && !writer.withheld.borrow().is_empty());
                late.into_iter().for_each(|request| fs.disk.submit(request));
                assert_eq!(fs.wait(next), Ok(()));
            } else {
                assert!(late.is_empty(), "{polls} polls");
            }
            assert!(writer.withheld.borrow().is_empty());
            let new = written(&fs, 2, 2);
            fs.wait(fs.ffs.leave_clean()).expect("all written");
            assert_eq!(findings(&fs.disk.image.borrow()), []);
            let image = fs.disk.image.borrow().clone();
            let fs = Mounted::of(image, Options::default()).expect("a mount");
            let read = fs.wait(fs.ffs.read(new, 0, FILE_BYTES as u32)).expect("readable");
            assert!(read.concat().iter().all(|&byte| byte == 2));
        }
        assert!(given_up_late > 0);
    }
}
