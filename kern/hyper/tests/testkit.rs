//! The testkit passes a disk that keeps its promises, and none that breaks one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use abi::{Errno, Result};
use bytes::BytesMut;
use hyper::testkit::{DISK_BYTES_MIN, check_disk};
use hyper::{Disk, DiskCompletion, DiskOperation, DiskRequest, Geometry};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A promise to break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    ShortAtTheEnd,
    OnceMore,
    Forgets,
    LosesWrites,
    SaysItRefused,
    WritesTooMuch,
    TokensMixed,
    KeepsWhatIsDiscarded,
}

/// A disk in memory. Completions come in the reverse order of their requests, after a wait.
struct MemoryDisk {
    bytes: RefCell<Vec<u8>>,
    read_only: bool,
    fault: Fault,
    submitted: RefCell<Vec<DiskRequest>>,
    completed: RefCell<Vec<DiskCompletion>>,
    count: Cell<usize>,
}

impl MemoryDisk {
    fn new(read_only: bool, fault: Fault) -> Self {
        let bytes = RefCell::new(vec![7; DISK_BYTES_MIN as usize]);
        let (submitted, completed, count) = Default::default();
        Self { bytes, read_only, fault, submitted, completed, count }
    }

    fn work(&self) {
        for DiskRequest { token, operation } in self.submitted.take() {
            let count = self.count.replace(self.count.get() + 1);
            let result = self.perform(operation);
            let token = if self.fault == Fault::TokensMixed { token ^ 1 } else { token };
            if self.fault == Fault::OnceMore && count == 100 {
                let result = Ok(Vec::new());
                self.completed.borrow_mut().push(DiskCompletion { token, result });
            }
            if self.fault != Fault::Forgets || count != 100 {
                self.completed.borrow_mut().push(DiskCompletion { token, result });
            }
        }
    }

    fn perform(&self, operation: DiskOperation) -> Result<Vec<BytesMut>> {
        match operation {
            DiskOperation::Flush => Ok(Vec::new()),
            DiskOperation::Read { offset_bytes, buffers } => self.read(offset_bytes, buffers),
            DiskOperation::Write { offset_bytes, data } => {
                let refused = self.read_only && self.fault != Fault::SaysItRefused;
                let written =
                    if refused { Ok(()) } else { self.write(offset_bytes, data.concat()) };
                if self.read_only { Err(Errno::ReadOnly) } else { written.map(|()| Vec::new()) }
            }
            DiskOperation::Discard { .. } if self.read_only => Err(Errno::ReadOnly),
            DiskOperation::Discard { offset_bytes, length_bytes } => {
                let zeros = usize::from(self.fault == Fault::KeepsWhatIsDiscarded);
                let zeros = vec![7 * zeros as u8; length_bytes as usize];
                self.write(offset_bytes, zeros).map(|()| Vec::new())
            }
        }
    }

    fn read(&self, offset_bytes: u64, mut buffers: Vec<BytesMut>) -> Result<Vec<BytesMut>> {
        let bytes = self.bytes.borrow();
        let mut offset = usize::try_from(offset_bytes).unwrap();
        for buffer in &mut buffers {
            let end = offset.checked_add(buffer.len()).ok_or(Errno::Io)?;
            match bytes.get(offset..end) {
                Some(bytes) => buffer.copy_from_slice(bytes),
                None if self.fault == Fault::ShortAtTheEnd => buffer.clear(),
                None => return Err(Errno::Io),
            }
            offset = end;
        }
        Ok(buffers)
    }

    fn write(&self, offset_bytes: u64, mut data: Vec<u8>) -> Result<()> {
        let mut bytes = self.bytes.borrow_mut();
        let start = usize::try_from(offset_bytes).unwrap();
        let rest =
            bytes.get_mut(start..).filter(|rest| rest.len() >= data.len()).ok_or(Errno::Io)?;
        if self.fault == Fault::WritesTooMuch && rest.len() > data.len() {
            data.push(0);
        }
        if self.fault != Fault::LosesWrites {
            rest[..data.len()].copy_from_slice(&data);
        }
        Ok(())
    }
}

impl Disk for MemoryDisk {
    fn geometry(&self) -> Geometry {
        let size_bytes = self.bytes.borrow().len() as u64;
        Geometry { size_bytes, sector_bytes: 512, read_only: self.read_only }
    }

    fn submit(&self, request: DiskRequest) {
        self.submitted.borrow_mut().push(request);
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.completed.borrow_mut().pop()
    }
}

fn check(read_only: bool, fault: Fault) -> bool {
    let disk = MemoryDisk::new(read_only, fault);
    catch_unwind(AssertUnwindSafe(|| check_disk(&disk, &mut || disk.work()))).is_ok()
}

#[test]
fn a_disk_that_keeps_its_promises_passes() {
    assert!(check(false, Fault::None) && check(true, Fault::None));
}

#[test]
fn a_disk_that_breaks_one_does_not() {
    for fault in [
        Fault::ShortAtTheEnd,
        Fault::OnceMore,
        Fault::Forgets,
        Fault::LosesWrites,
        Fault::WritesTooMuch,
        Fault::TokensMixed,
        Fault::KeepsWhatIsDiscarded,
    ] {
        assert!(!check(false, fault), "{fault:?}");
    }
    assert!(!check(true, Fault::SaysItRefused), "it writes all the same");
}
