//! The two headers: which one holds, and writing the next.

use super::ReplayError;
use crate::layout::FieldFault;
use crate::layout::log::{Header, Place};
use abi::{Errno, Result};
use alloc::rc::Rc;
use alloc::vec;
use block::Device;
use bytes::BytesMut;

/// The newer of the headers that are whole. One may not be: it was being written.
pub(super) async fn newest(device: &Rc<Device>, place: &Place) -> Result<Header, ReplayError> {
    let block = place.block_bytes as usize;
    let failed = |errno| ReplayError::Read { offset_bytes: place.offset_bytes, errno };
    let buffers = vec![BytesMut::zeroed(block), BytesMut::zeroed(block)];
    let buffers = device.read(place.offset_bytes, buffers).await.map_err(failed)?;
    let mut newest: Option<Header> = None;
    let mut first_fault = None;
    for (index, bytes) in buffers.iter().enumerate() {
        match Header::parse(bytes, place) {
            Ok(header) if newest.is_none_or(|best| header.generation > best.generation) => {
                newest = Some(header);
            }
            Ok(_) => {}
            Err(fault) => {
                first_fault.get_or_insert(broken(index * block, fault));
            }
        }
    }
    newest.ok_or_else(|| first_fault.unwrap_or_else(|| failed(Errno::Io)))
}

fn broken(at: usize, fault: FieldFault) -> ReplayError {
    ReplayError::Broken { at: at as u64, fault }
}

/// Writes what follows `header`, the next generation of it, in the other place; it is durable
/// when this returns.
pub(super) async fn write_next(
    device: &Rc<Device>,
    place: &Place,
    header: &mut Header,
) -> Result<()> {
    loop {
        header.generation = header.generation.wrapping_add(1);
        write(device, place, header).await?;
        device.flush().await?;
        // Generation 0 is less than every other one, so it holds only with its successor.
        if header.generation != 0 {
            return Ok(());
        }
    }
}

/// Starts to write a header to its place.
pub(super) fn write(
    device: &Rc<Device>,
    place: &Place,
    header: &Header,
) -> impl Future<Output = Result<()>> + use<> {
    let mut bytes = BytesMut::zeroed(place.block_bytes as usize);
    header.emit(&mut bytes);
    let offset = Header::offset_bytes(header.generation, place.block_bytes);
    device.write(place.offset_bytes + offset, vec![bytes.freeze()])
}
