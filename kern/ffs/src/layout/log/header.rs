//! The header: which part of the log holds.

use super::super::check::check;
use super::super::record::record;
use super::{Circle, Place};
use crate::layout::{ByteOrder, Field, FieldFault};
use abi::Timestamp;
use alloc::format;

/// WAPBL_WC_HEADER, "WABL".
const TYPE: u32 = 0x5741_424c;

/// The only version there is.
const VERSION: u32 = 1;

record! {
    /// `struct wapbl_wc_header`.
    Raw [80] {
        /// wc_type.
        0 => kind: u32,
        /// wc_len: a block.
        4 => length_bytes: i32,
        /// wc_checksum: always 0.
        8 => checksum: u32,
        /// wc_generation.
        12 => generation: u32,
        /// wc_fsid: always 0.
        16 => file_system: [i32; 2],
        /// wc_time: seconds.
        24 => seconds: u64,
        /// wc_timensec.
        32 => nanoseconds: u32,
        /// wc_version.
        36 => version: u32,
        /// wc_log_dev_bshift: log2 of a block of the log.
        40 => log_shift: u32,
        /// wc_fs_dev_bshift: log2 of what logged extents are multiples of.
        44 => extent_shift: u32,
        /// wc_head.
        48 => head_bytes: i64,
        /// wc_tail.
        56 => tail_bytes: i64,
        /// wc_circ_off.
        64 => circle_start_bytes: i64,
        /// wc_circ_size.
        72 => circle_size_bytes: i64,
    }
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Byte order of this header and of every record.
    pub order: ByteOrder,
    /// Counts headers written: the greater is the newer.
    pub generation: u32,
    /// When it was written.
    pub time: Timestamp,
    /// Where the records go round.
    pub circle: Circle,
    /// Where the oldest record begins; without meaning in an empty log.
    pub tail: u64,
    /// Bytes of records from there on.
    pub used_bytes: u64,
}

impl Header {
    /// Bytes of a header that mean something.
    pub const BYTES: usize = Raw::BYTES;

    /// The header of a new log: nothing in it.
    pub const fn empty(place: &Place, order: ByteOrder, time: Timestamp) -> Self {
        let circle = Circle::of(place);
        let tail = circle.start_bytes;
        Self { order, generation: 0, time, circle, tail, used_bytes: 0 }
    }

    /// Where the next record will begin.
    pub const fn head(&self) -> u64 {
        self.circle.advance(self.tail, self.used_bytes)
    }

    /// Where a header of this generation stands, from the beginning of the log.
    pub const fn offset_bytes(generation: u32, block_bytes: u32) -> u64 {
        (generation % 2 * block_bytes) as u64
    }

    /// Checks and reads a header of the log at `place`; `bytes` is one block of it.
    ///
    /// # Errors
    /// The first field that cannot be right.
    pub fn parse(bytes: &[u8], place: &Place) -> Result<Self, FieldFault> {
        let kind = bytes.get(..Raw::BYTES).map_or(0, |bytes| u32::get(bytes, ByteOrder::Little));
        let order = if kind == TYPE.swap_bytes() { ByteOrder::Big } else { ByteOrder::Little };
        check(order == ByteOrder::Big || kind == TYPE, ("wc_type", 0), kind, || {
            format!("{TYPE:#x} in either byte order")
        })?;
        let raw = Raw::get(bytes, order);
        raw.check_sizes(place)?;
        let circle = raw.circle(place)?;
        let (tail, used_bytes) = raw.used(&circle)?;
        let time = Timestamp { seconds: raw.seconds as i64, nanoseconds: raw.nanoseconds };
        Ok(Self { order, generation: raw.generation, time, circle, tail, used_bytes })
    }

    /// Writes it to a block of the log.
    ///
    /// # Panics
    /// If there are fewer than [`Header::BYTES`] bytes.
    pub fn emit(&self, bytes: &mut [u8]) {
        let empty = self.used_bytes == 0;
        let shift = self.circle.block_bytes.trailing_zeros();
        bytes.fill(0);
        let raw = Raw {
            kind: TYPE,
            length_bytes: self.circle.block_bytes as i32,
            checksum: 0,
            generation: self.generation,
            file_system: [0; 2],
            seconds: self.time.seconds as u64,
            nanoseconds: self.time.nanoseconds,
            version: VERSION,
            log_shift: shift,
            extent_shift: shift,
            head_bytes: if empty { 0 } else { self.head() as i64 },
            tail_bytes: if empty { 0 } else { self.tail as i64 },
            circle_start_bytes: self.circle.start_bytes as i64,
            circle_size_bytes: self.circle.size_bytes as i64,
        };
        raw.put(bytes, self.order);
    }
}

impl Raw {
    fn check_sizes(&self, place: &Place) -> Result<(), FieldFault> {
        check(self.version == VERSION, ("wc_version", 36), self.version, || format!("{VERSION}"))?;
        let shift = place.block_bytes.trailing_zeros();
        for (field, value) in [
            (("wc_log_dev_bshift", 40), self.log_shift),
            (("wc_fs_dev_bshift", 44), self.extent_shift),
        ] {
            check(value == shift, field, value, || {
                format!("{shift}: blocks as the superblock says")
            })?;
        }
        let length = i64::from(place.block_bytes);
        check(i64::from(self.length_bytes) == length, ("wc_len", 4), self.length_bytes, || {
            format!("{length}, a block")
        })
    }

    fn circle(&self, place: &Place) -> Result<Circle, FieldFault> {
        let block = i64::from(place.block_bytes);
        let (start, size) = (self.circle_start_bytes, self.circle_size_bytes);
        let end = i64::try_from(place.size_bytes).unwrap_or(i64::MAX);
        let holds = (2 * block..end).contains(&start) && start % block == 0;
        check(holds, ("wc_circ_off", 64), start, || {
            format!("a multiple of {block} behind two of them and below {end}")
        })?;
        let most = end - start;
        let holds = (1..=most).contains(&size) && size % block == 0;
        check(holds, ("wc_circ_size", 72), size, || format!("a multiple of {block} up to {most}"))?;
        Ok(Circle {
            start_bytes: start as u64,
            size_bytes: size as u64,
            block_bytes: place.block_bytes,
        })
    }

    /// Where the tail is, and how many bytes from there are in use.
    fn used(&self, circle: &Circle) -> Result<(u64, u64), FieldFault> {
        if (self.head_bytes, self.tail_bytes) == (0, 0) {
            return Ok((circle.start_bytes, 0));
        }
        for (field, value) in
            [(("wc_head", 48), self.head_bytes), (("wc_tail", 56), self.tail_bytes)]
        {
            let holds = u64::try_from(value).is_ok_and(|at| circle.contains(at));
            check(holds, field, value, || {
                format!("a multiple of {} from {}", circle.block_bytes, circle.start_bytes)
            })?;
        }
        let (head, tail) = (self.head_bytes as u64, self.tail_bytes as u64);
        let used_bytes = match circle.distance(tail, head) {
            0 => circle.size_bytes,
            bytes => bytes,
        };
        Ok((tail, used_bytes))
    }
}
