//! A disk in memory that is written to: it does what it is asked at once, or fails now and then.

use abi::{Errno, Result};
use block::Device;
use bytes::BytesMut;
use ffscheck::Image;
use ffscheck::newfs::Memory;
use hyper::{Disk, DiskCompletion, DiskOperation, DiskRequest};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

pub(crate) struct WritableDisk {
    pub(crate) image: RefCell<Memory>,
    completions: RefCell<VecDeque<DiskCompletion>>,
    /// After so many requests one fails, again and again; zero for never.
    fails_every: u64,
    requests: Cell<u64>,
    read_bytes: Cell<u64>,
}

impl WritableDisk {
    pub(crate) fn over(image: Memory) -> (Rc<Self>, Rc<Device>) {
        Self::failing(image, 0)
    }

    pub(crate) fn failing(image: Memory, fails_every: u64) -> (Rc<Self>, Rc<Device>) {
        let disk = Rc::new(Self {
            image: RefCell::new(image),
            completions: RefCell::default(),
            fails_every,
            requests: Cell::new(0),
            read_bytes: Cell::new(0),
        });
        (disk.clone(), Device::new(disk))
    }

    /// Bytes read so far.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.read_bytes.get()
    }

    fn carry_out(&self, operation: DiskOperation) -> std::io::Result<Vec<BytesMut>> {
        self.requests.set(self.requests.get() + 1);
        if self.requests.get().is_multiple_of(self.fails_every) {
            return Err(std::io::ErrorKind::Other.into());
        }
        let mut image = self.image.borrow_mut();
        match operation {
            DiskOperation::Read { offset_bytes, mut buffers } => {
                let mut at = offset_bytes;
                for buffer in &mut buffers {
                    Image::read_at(&*image, at, buffer)?;
                    at += buffer.len() as u64;
                }
                self.read_bytes.set(self.read_bytes.get() + at - offset_bytes);
                return Ok(buffers);
            }
            DiskOperation::Write { offset_bytes, data } => {
                let bytes = data.concat();
                let end = offset_bytes + bytes.len() as u64;
                assert!(end <= image.size_bytes(), "written behind the end of the disk");
                image.write_at(offset_bytes, &bytes)?;
            }
            DiskOperation::Discard { .. } => return Err(std::io::ErrorKind::Unsupported.into()),
            DiskOperation::Flush => {}
        }
        Ok(Vec::new())
    }
}

impl Disk for WritableDisk {
    fn geometry(&self) -> hyper::Geometry {
        let size_bytes = self.image.borrow().size_bytes();
        hyper::Geometry { size_bytes, sector_bytes: 512, read_only: false }
    }

    fn submit(&self, request: DiskRequest) {
        let result: Result<_> = self.carry_out(request.operation).map_err(|_| Errno::Io);
        self.completions.borrow_mut().push_back(DiskCompletion { token: request.token, result });
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.completions.borrow_mut().pop_front()
    }
}
