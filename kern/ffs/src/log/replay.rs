//! Replay: what the log holds is written in place.
//!
//! All of the log is read and checked before anything is written: a log that is broken changes
//! nothing. It is replayed again, with the same outcome, if it is cut short.

use super::contents::{Contents, Piece};
use super::headers;
use super::window::Window;
use crate::layout::log::{Extent, Extents, Header, Place, Record, Step, Unlinked, Walk};
use crate::layout::{FieldFault, Geometry, ROOT_INODE};
use abi::{Errno, InodeNo};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::vec::Vec;
use block::{Device, REQUEST_BYTES_MAX};
use bytes::Bytes;
use core::fmt;
use core::ops::Range;

/// What a log held. The log itself is empty afterwards, but for the list of inodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The log as it is now.
    pub header: Header,
    /// Inodes without names, to be freed, in the order of their numbers.
    pub unlinked: Vec<Unlinked>,
    /// Bytes written in place.
    pub written_bytes: u64,
}

/// Why a log cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayError {
    /// The disk could not be read. Nothing was written, unless it could be read before.
    Read {
        /// Where, in bytes.
        offset_bytes: u64,
        /// Why.
        errno: Errno,
    },
    /// The disk could not be written.
    Write(Errno),
    /// The log is broken. Nothing was written.
    Broken {
        /// Where the broken record begins, from the beginning of the log.
        at: u64,
        /// What is wrong with it.
        fault: FieldFault,
    },
}

impl fmt::Display for ReplayError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { offset_bytes, errno } => {
                write!(formatter, "cannot read the disk at byte {offset_bytes}: {errno}")
            }
            Self::Write(errno) => write!(formatter, "cannot write the disk: {errno}"),
            Self::Broken { at, fault } => {
                write!(formatter, "the record at byte {at} of the log is broken: {fault}")
            }
        }
    }
}

impl core::error::Error for ReplayError {}

/// Replays the log at `place`. Once it returns all of that is durable.
///
/// # Errors
/// Why it cannot be replayed.
pub async fn replay(
    device: &Rc<Device>,
    geometry: &Geometry,
    place: &Place,
) -> Result<Replayed, ReplayError> {
    let header = headers::newest(device, place).await?;
    let mut found = Found::new(geometry, place);
    let mut window = Window::new(device, place);
    let mut walk = Walk::new(&header);
    while let Some(at) = walk.at() {
        let end = header.circle.end_bytes();
        let block = window.block(at, end).await?;
        let step = walk.step(&block).map_err(|fault| ReplayError::Broken { at, fault })?;
        found.take(&step, &header).map_err(|fault| ReplayError::Broken { at, fault })?;
    }
    let written_bytes = write_pieces(&mut window, &found.contents, &header).await?;
    device.flush().await.map_err(ReplayError::Write)?;
    let header = leave_list(device, place, geometry, header, &found).await?;
    Ok(Replayed { header, unlinked: found.list(), written_bytes })
}

/// What the walk has met so far.
struct Found<'a> {
    geometry: &'a Geometry,
    place: &'a Place,
    contents: Contents,
    unlinked: BTreeMap<InodeNo, u32>,
    /// Where the list of inodes begins and ends.
    list: Option<Range<u64>>,
}

impl<'a> Found<'a> {
    fn new(geometry: &'a Geometry, place: &'a Place) -> Self {
        let (contents, unlinked) = (Contents::default(), BTreeMap::new());
        Self { geometry, place, contents, unlinked, list: None }
    }

    fn list(&self) -> Vec<Unlinked> {
        self.unlinked.iter().map(|(&inode, &mode)| Unlinked { inode, mode }).collect()
    }

    fn take(&mut self, step: &Step<'_>, header: &Header) -> Result<(), FieldFault> {
        match step.record {
            Record::Blocks(extents) => {
                let distance = header.circle.distance(header.tail, step.at);
                self.take_blocks(extents, distance + u64::from(self.place.block_bytes))?;
            }
            Record::Revocations(extents) => {
                for extent in extents.iter() {
                    self.contents.revoke(extent.offset_bytes..extent.end_bytes());
                }
            }
            Record::Inodes(inodes) => {
                self.take_place_of_list(step, inodes.is_first)?;
                for unlinked in inodes.iter() {
                    self.check_inode(unlinked.inode)?;
                    self.unlinked.insert(unlinked.inode, unlinked.mode);
                }
            }
        }
        Ok(())
    }

    fn take_blocks(&mut self, extents: Extents<'_>, distance: u64) -> Result<(), FieldFault> {
        let mut distance = distance;
        for extent in extents.iter() {
            self.check_extent(extent)?;
            self.contents.put(extent.offset_bytes..extent.end_bytes(), distance);
            distance += u64::from(extent.length_bytes);
        }
        Ok(())
    }

    /// Whatever a log says, nothing is written outside of the file system or into the log.
    fn check_extent(&self, extent: Extent) -> Result<(), FieldFault> {
        let end = self.geometry.size_frags << self.geometry.frag_shift;
        let is_log = self.place.overlaps(extent.offset_bytes, extent.length_bytes.into());
        if extent.end_bytes() <= end && !is_log {
            return Ok(());
        }
        Err(FieldFault {
            field: "wc_daddr",
            offset_bytes: 0,
            value: (extent.offset_bytes / 512) as i64,
            expected: format!("{} bytes in the file system, not in the log", extent.length_bytes),
        })
    }

    fn check_inode(&self, inode: InodeNo) -> Result<(), FieldFault> {
        if inode > ROOT_INODE && inode.0 < self.geometry.inodes() {
            return Ok(());
        }
        Err(FieldFault {
            field: "wc_inumber",
            offset_bytes: 0,
            value: inode.0 as i64,
            expected: format!("an inode from 3 below {}", self.geometry.inodes()),
        })
    }

    /// The records of a list stand one behind the other: the list outlives the replay where it is.
    fn take_place_of_list(&mut self, step: &Step<'_>, is_first: bool) -> Result<(), FieldFault> {
        match &mut self.list {
            Some(list) if !is_first && list.end == step.at => list.end = step.next_at,
            Some(_) if !is_first => {
                let expected = "1, or to follow the list's last record".into();
                return Err(FieldFault { field: "wc_clear", offset_bytes: 12, value: 0, expected });
            }
            _ => {
                self.unlinked.clear();
                self.list = Some(step.at..step.next_at);
            }
        }
        Ok(())
    }
}

/// A part of the disk and where its contents stand in the log, not around the end of the circle.
#[derive(Clone, Copy)]
struct Part {
    at: u64,
    disk: u64,
    bytes: u64,
}

/// Writes all pieces in place, and says how many bytes that were. The log is read from end to
/// end, a window at a time; of each window, what is together on the disk is written together.
async fn write_pieces(
    window: &mut Window<'_>,
    contents: &Contents,
    header: &Header,
) -> Result<u64, ReplayError> {
    let mut parts: Vec<Part> =
        contents.pieces().flat_map(|(disk, piece)| parts(header, disk, piece)).collect();
    parts.sort_unstable_by_key(|part| part.at);
    for together in parts.chunk_by(|one, next| one.at / WINDOW_BYTES == next.at / WINDOW_BYTES) {
        write_parts(window, together).await?;
    }
    Ok(parts.iter().map(|part| part.bytes).sum())
}

const WINDOW_BYTES: u64 = REQUEST_BYTES_MAX;

/// Cuts a piece where the circle and where windows end.
fn parts(header: &Header, disk: u64, piece: Piece) -> Vec<Part> {
    let at = header.circle.advance(header.tail, piece.distance);
    let mut parts = Vec::new();
    let mut disk = disk;
    for range in header.circle.pieces(at, piece.end - disk) {
        let mut at = range.start;
        while at < range.end {
            let bytes = (range.end - at).min(WINDOW_BYTES - at % WINDOW_BYTES);
            parts.push(Part { at, disk, bytes });
            (at, disk) = (at + bytes, disk + bytes);
        }
    }
    parts
}

async fn write_parts(window: &mut Window<'_>, parts: &[Part]) -> Result<(), ReplayError> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Ok(()) };
    let bytes = window.read(first.at, last.at + last.bytes - first.at).await?;
    let slice = |part: &Part| {
        let start = (part.at - first.at) as usize;
        (part.disk, bytes.slice(start..start + part.bytes as usize))
    };
    let mut slices: Vec<(u64, Bytes)> = parts.iter().map(slice).collect();
    slices.sort_unstable_by_key(|&(disk, _)| disk);
    let is_next = |one: &(u64, Bytes), next: &(u64, Bytes)| one.0 + one.1.len() as u64 == next.0;
    let mut writes = Vec::new();
    for run in slices.chunk_by(is_next) {
        let data = run.iter().map(|(_, bytes)| bytes.clone()).collect();
        writes.push(window.device().write(run[0].0, data));
    }
    for write in writes {
        write.await.map_err(ReplayError::Write)?;
    }
    Ok(())
}

/// Takes everything out of the log but the list of inodes that are still to be freed.
async fn leave_list(
    device: &Rc<Device>,
    place: &Place,
    geometry: &Geometry,
    mut header: Header,
    found: &Found<'_>,
) -> Result<Header, ReplayError> {
    match &found.list {
        Some(list) if !found.unlinked.is_empty() => {
            header.tail = list.start;
            header.used_bytes = header.circle.distance(list.start, list.end);
        }
        _ => {
            header.tail = header.circle.start_bytes;
            (header.used_bytes, header.order) = (0, geometry.order);
        }
    }
    headers::write_next(device, place, &mut header).await.map_err(ReplayError::Write)?;
    Ok(header)
}
