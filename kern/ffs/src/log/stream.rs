//! Writing records one behind the other, around the circle, in requests as large as they may be.

use crate::layout::ByteOrder;
use crate::layout::log::{
    Circle, Extent, Header, ListKind, Place, Unlinked, emit_extents, emit_inodes,
    extents_per_record, inodes_per_record,
};
use crate::under_way::UnderWay;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use block::{Device, REQUEST_BYTES_MAX};
use bytes::{Bytes, BytesMut};

/// Bytes on their way into the log. They are copied: the log takes sectors of many pages, and a
/// request with hundreds of pieces costs more than the copy.
pub(super) struct Stream<'a> {
    device: &'a Rc<Device>,
    under_way: &'a UnderWay,
    place: &'a Place,
    order: ByteOrder,
    circle: Circle,
    /// Where the bytes in `buffer` begin.
    at: u64,
    buffer: BytesMut,
}

impl<'a> Stream<'a> {
    /// A stream that begins at `at`; what it writes is handed to `under_way`.
    pub fn new(
        (device, under_way): (&'a Rc<Device>, &'a UnderWay),
        place: &'a Place,
        header: &Header,
        at: u64,
    ) -> Self {
        let (order, circle) = (header.order, header.circle);
        Self { device, under_way, place, order, circle, at, buffer: BytesMut::new() }
    }

    pub fn revocations(&mut self, revoked: &[Extent]) {
        for extents in revoked.chunks(extents_per_record(self.circle.block_bytes)) {
            let order = self.order;
            self.block(|block| emit_extents(ListKind::Revocations, extents, block, order));
        }
    }

    pub fn blocks(&mut self, extents: &[(Extent, Bytes)]) {
        for record in extents.chunks(extents_per_record(self.circle.block_bytes)) {
            let named: Vec<Extent> = record.iter().map(|&(extent, _)| extent).collect();
            let order = self.order;
            self.block(|block| emit_extents(ListKind::Blocks, &named, block, order));
            record.iter().for_each(|(_, bytes)| self.push(bytes));
        }
    }

    pub fn list(&mut self, unlinked: &[Unlinked]) {
        let (order, per_record) = (self.order, inodes_per_record(self.circle.block_bytes));
        let (first, rest) = unlinked.split_at(unlinked.len().min(per_record));
        self.block(|block| emit_inodes(first, true, block, order));
        for inodes in rest.chunks(per_record) {
            self.block(|block| emit_inodes(inodes, false, block, order));
        }
    }

    fn block(&mut self, emit: impl FnOnce(&mut [u8])) {
        let mut block = vec![0; self.circle.block_bytes as usize];
        emit(&mut block);
        self.push(&block);
    }

    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let at = self.at + self.buffer.len() as u64;
            let room =
                (self.circle.end_bytes() - at).min(REQUEST_BYTES_MAX - self.buffer.len() as u64);
            let (part, rest) = bytes.split_at(bytes.len().min(room as usize));
            self.buffer.extend_from_slice(part);
            bytes = rest;
            if part.len() as u64 == room {
                self.write();
            }
        }
    }

    fn write(&mut self) {
        let data = self.buffer.split().freeze();
        let at = self.at;
        self.at = self.circle.advance(at, data.len() as u64);
        if !data.is_empty() {
            self.under_way.add(self.device.write(self.place.offset_bytes + at, vec![data]));
        }
    }

    /// Starts to write the rest, and says where the next record would begin.
    pub fn end(mut self) -> u64 {
        self.write();
        self.at
    }
}
