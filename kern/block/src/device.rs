//! A disk whose completions are awaited.

use abi::Result;
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::BytesMut;
use hyper::{Disk, Geometry};

/// Turns submissions and completions into futures.
pub struct Device {
    disk: Rc<dyn Disk>,
}

impl Device {
    /// Takes over a disk: nobody else may collect its completions.
    pub fn new(disk: Rc<dyn Disk>) -> Rc<Self> {
        Rc::new(Self { disk })
    }

    /// Size, sector, protection.
    pub fn geometry(&self) -> Geometry {
        self.disk.geometry()
    }

    /// Collects what has completed and wakes whoever waits for it. Part of every turn.
    pub fn collect(&self) {
        todo!()
    }

    /// Fills `buffers` with what stands at `offset_bytes` and on.
    ///
    /// # Errors
    /// `Io` if the disk failed or the range lies beyond its end.
    pub async fn read(&self, offset_bytes: u64, buffers: Vec<BytesMut>) -> Result<Vec<BytesMut>> {
        todo!("{offset_bytes} {}", buffers.len())
    }
}
