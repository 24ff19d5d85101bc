//! Reading the log in larger steps than blocks.

use super::ReplayError;
use crate::layout::log::Place;
use alloc::rc::Rc;
use alloc::vec;
use block::Device;
use bytes::{Bytes, BytesMut};

/// How far it looks ahead on a walk: records may be much longer, and are stepped over.
const AHEAD_BYTES: u64 = 64 << 10;

/// A part of the log in memory.
pub(super) struct Window<'a> {
    device: &'a Rc<Device>,
    place: &'a Place,
    /// Where the part begins, from the beginning of the log.
    start: u64,
    bytes: Bytes,
}

impl<'a> Window<'a> {
    pub fn new(device: &'a Rc<Device>, place: &'a Place) -> Self {
        Self { device, place, start: 0, bytes: Bytes::new() }
    }

    pub fn device(&self) -> &'a Rc<Device> {
        self.device
    }

    /// The block at `at`. Looks ahead, but not beyond `end`.
    pub async fn block(&mut self, at: u64, end: u64) -> Result<Bytes, ReplayError> {
        let block = self.place.block_bytes as usize;
        let covered = self.start..self.start + self.bytes.len() as u64;
        if !covered.contains(&at) {
            self.bytes = self.read(at, AHEAD_BYTES.min(end - at)).await?;
            self.start = at;
        }
        let offset = (at - self.start) as usize;
        Ok(self.bytes.slice(offset..offset + block))
    }

    /// A part of the log that does not go around the end of the circle.
    pub async fn read(&self, at: u64, length: u64) -> Result<Bytes, ReplayError> {
        let offset_bytes = self.place.offset_bytes + at;
        let failed = |errno| ReplayError::Read { offset_bytes, errno };
        let buffers = vec![BytesMut::zeroed(length as usize)];
        let mut buffers = self.device.read(offset_bytes, buffers).await.map_err(failed)?;
        buffers.pop().map(BytesMut::freeze).ok_or(failed(abi::Errno::Io))
    }
}
