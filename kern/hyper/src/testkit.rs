//! The contract of a hypercall, executed: a host's tests hand what they implement to [`check_disk`],
//! [`check_backing`] and [`check_budget`].
//!
//! Plain assertions, each with the promise that was broken. Nothing here knows a host, and how to
//! wait for one is the caller's to say: `wait` lets the host do its part of the work for a while,
//! and returns whether or not anything completed.

mod backing;
mod budget;

pub use backing::check_backing;
pub use budget::check_budget;

use crate::{Disk, DiskCompletion, DiskOperation, DiskRequest};
use abi::{Errno, Result};
use alloc::vec;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};

/// The smallest disk that can be checked, in bytes.
pub const DISK_BYTES_MIN: u64 = 1 << 20;

/// Waits after which a completion is taken to be lost.
const WAITS_MAX: usize = 10_000;

/// Waits in which a completion that must not come would have come.
const WAITS_FOR_NOTHING: usize = 20;

/// Requests submitted at once.
const REQUESTS_AT_ONCE: u64 = 300;

/// Checks what [`Disk`] promises. A writable disk is overwritten.
///
/// # Panics
/// If a promise is broken, or the disk is smaller than [`DISK_BYTES_MIN`].
pub fn check_disk(disk: &dyn Disk, wait: &mut dyn FnMut()) {
    let mut client = Client { disk, wait };
    client.geometry_makes_sense();
    client.transfers_of_nothing_complete();
    client.nothing_lies_beyond_the_end();
    client.requests_complete_once();
    if disk.geometry().read_only {
        client.writes_are_refused();
    } else {
        client.writes_are_seen_by_later_reads();
        client.a_write_leaves_its_neighbours_alone();
        client.what_is_discarded_is_zeros();
    }
    client.nothing_more_completes();
}

/// Who submits requests and waits for them.
struct Client<'a> {
    disk: &'a dyn Disk,
    wait: &'a mut dyn FnMut(),
}

impl Client<'_> {
    fn geometry_makes_sense(&self) {
        let geometry = self.disk.geometry();
        assert!(geometry.size_bytes >= DISK_BYTES_MIN, "too small to be checked: {geometry:?}");
        assert!(geometry.sector_bytes.is_power_of_two(), "sectors of a power of two: {geometry:?}");
        assert_eq!(geometry, self.disk.geometry(), "the geometry of an open disk stays");
    }

    fn transfers_of_nothing_complete(&mut self) {
        let end = self.disk.geometry().size_bytes;
        for offset_bytes in [0, end] {
            for lengths in [&[][..], &[0], &[0, 0]] {
                let bytes = self.read(offset_bytes, lengths);
                assert_eq!(bytes, Ok(Vec::new()), "a read of nothing at {offset_bytes}");
            }
        }
        if !self.disk.geometry().read_only {
            assert_eq!(self.write(0, &[]), Ok(()), "a write of nothing");
        }
        assert_eq!(self.flush(), Ok(()), "a flush with nothing to do");
    }

    fn nothing_lies_beyond_the_end(&mut self) {
        let end = self.disk.geometry().size_bytes;
        for (offset_bytes, lengths) in
            [(end - 10, &[11][..]), (end - 10, &[4, 6, 1]), (end, &[1]), (u64::MAX, &[1])]
        {
            let read = self.read(offset_bytes, lengths);
            assert!(read.is_err(), "a read of {lengths:?} at {offset_bytes} of {end}");
            let written = self.write(offset_bytes, &[&vec![1; lengths.iter().sum()]]);
            assert!(written.is_err(), "a write of {lengths:?} at {offset_bytes} of {end}");
        }
        let last = self.read(end - 10, &[4, 6]).map(|bytes| bytes.len());
        assert_eq!(last, Ok(10), "a read up to the end");
    }

    /// Requests that succeed and requests that fail, all at once.
    fn requests_complete_once(&mut self) {
        let end = self.disk.geometry().size_bytes;
        for token in 0..REQUESTS_AT_ONCE {
            let offset_bytes = if token % 3 == 0 { end } else { token * 1021 };
            self.submit(u64::MAX - token, read(offset_bytes, &[1, 512]));
        }
        let completions = (0..REQUESTS_AT_ONCE).map(|_| self.completion());
        let mut completions: Vec<_> = completions.collect();
        completions.sort_unstable_by_key(|completion| u64::MAX - completion.token);
        for (completion, token) in completions.iter().zip(0..) {
            assert_eq!(completion.token, u64::MAX - token, "each completes once, by its own token");
            assert_eq!(completion.result.is_err(), token % 3 == 0, "request {token}");
        }
    }

    fn writes_are_refused(&mut self) {
        let before = self.read(0, &[512]);
        let refused = self.write(0, &[&[0x55; 512]]);
        assert_eq!(refused, Err(Errno::ReadOnly), "a write to a disk that is read-only");
        let refused = self.discard(0, 512);
        assert_eq!(refused, Err(Errno::ReadOnly), "a discard on a disk that is read-only");
        assert_eq!(self.read(0, &[512]), before, "a refused write changes nothing");
    }

    /// Written in pieces of one size, read in pieces of others, from odd places.
    fn writes_are_seen_by_later_reads(&mut self) {
        let sector = self.disk.geometry().sector_bytes as usize;
        for seed in [1, 2] {
            let data = pattern(seed, 64 * sector);
            for piece in [37, sector, data.len()] {
                let pieces: Vec<_> = data.chunks(piece).collect();
                assert_eq!(self.write(sector as u64, &pieces), Ok(()), "pieces of {piece} bytes");
                let (skip, tail) = (sector / 2 + 1, 5 * sector + 3);
                let lengths = [1, 0, 3 * sector - 1, sector, data.len() - skip - tail - 4 * sector];
                let read = self.read((sector + skip) as u64, &lengths);
                let expected = &data[skip..data.len() - tail];
                assert!(read.as_deref() == Ok(expected), "what was written in {piece}s is read");
            }
        }
        assert_eq!(self.flush(), Ok(()), "a flush after writes");
        let read = self.read(sector as u64, &[64 * sector]);
        assert!(read == Ok(pattern(2, 64 * sector)), "a flush changes nothing");
    }

    fn a_write_leaves_its_neighbours_alone(&mut self) {
        let sector = self.disk.geometry().sector_bytes as usize;
        let end = self.disk.geometry().size_bytes;
        let start = end - 3 * sector as u64;
        let (around, middle) = (pattern(3, 3 * sector), pattern(4, sector));
        assert_eq!(self.write(start, &[&around]), Ok(()), "a write up to the end");
        assert_eq!(self.write(start + sector as u64, &[&middle]), Ok(()), "a write of a sector");
        let expected = [&around[..sector], &middle, &around[2 * sector..]].concat();
        assert!(self.read(start, &[3 * sector]) == Ok(expected), "one sector changed");
    }

    /// Or it is as it was, if the disk cannot take it back.
    fn what_is_discarded_is_zeros(&mut self) {
        let sector = self.disk.geometry().sector_bytes as usize;
        let mut expected = pattern(5, 64 * sector);
        assert_eq!(self.write(0, &[&expected]), Ok(()), "a write of what is to be discarded");
        match self.discard(8 * sector as u64, 32 * sector as u64) {
            Ok(()) => expected[8 * sector..40 * sector].fill(0),
            refused => assert_eq!(refused, Err(Errno::NotSupported), "a discard"),
        }
        assert!(self.read(0, &[64 * sector]) == Ok(expected), "what was discarded and no more");
        let end = self.disk.geometry().size_bytes;
        assert!(self.discard(end, sector as u64).is_err(), "a discard beyond the end");
    }

    fn nothing_more_completes(&mut self) {
        for _ in 0..WAITS_FOR_NOTHING {
            let more = self.disk.next_completion();
            assert!(more.is_none(), "a completion nobody waits for: {more:?}");
            (self.wait)();
        }
    }

    /// Reads into buffers of these lengths. Returns their bytes, one after another.
    fn read(&mut self, offset_bytes: u64, lengths: &[usize]) -> Result<Vec<u8>> {
        let buffers = self.run(read(offset_bytes, lengths))?;
        assert!(buffers.iter().map(BytesMut::len).eq(lengths.iter().copied()), "the read's own");
        Ok(buffers.concat())
    }

    fn write(&mut self, offset_bytes: u64, pieces: &[&[u8]]) -> Result<()> {
        let data = pieces.iter().map(|piece| Bytes::copy_from_slice(piece)).collect();
        self.run(DiskOperation::Write { offset_bytes, data }).map(expect_none)
    }

    fn discard(&mut self, offset_bytes: u64, length_bytes: u64) -> Result<()> {
        self.run(DiskOperation::Discard { offset_bytes, length_bytes }).map(expect_none)
    }

    fn flush(&mut self) -> Result<()> {
        self.run(DiskOperation::Flush).map(expect_none)
    }

    fn run(&mut self, operation: DiskOperation) -> Result<Vec<BytesMut>> {
        /// The only request at the time.
        const TOKEN: u64 = 0;
        self.submit(TOKEN, operation);
        let DiskCompletion { token, result } = self.completion();
        assert_eq!(token, TOKEN, "a completion carries its request's token");
        result
    }

    fn submit(&self, token: u64, operation: DiskOperation) {
        self.disk.submit(DiskRequest { token, operation });
    }

    fn completion(&mut self) -> DiskCompletion {
        for _ in 0..WAITS_MAX {
            if let Some(completion) = self.disk.next_completion() {
                return completion;
            }
            (self.wait)();
        }
        panic!("a request never completes");
    }
}

fn read(offset_bytes: u64, lengths: &[usize]) -> DiskOperation {
    let buffers = lengths.iter().map(|&length| BytesMut::zeroed(length)).collect();
    DiskOperation::Read { offset_bytes, buffers }
}

fn expect_none(buffers: Vec<BytesMut>) {
    assert!(buffers.is_empty(), "only reads have buffers to return");
}

/// Bytes that differ wherever they are put wrongly, and from those of another seed.
fn pattern(seed: u8, length_bytes: usize) -> Vec<u8> {
    (0..=250u8).cycle().take(length_bytes).map(|byte| byte.wrapping_mul(seed) ^ seed).collect()
}
