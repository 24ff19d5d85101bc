//! Record marking (RFC 5531 §11): where one message ends and the next begins on a byte stream.
//!
//! ```text
//! | last? 1 bit | fragment length 31 bits | fragment ... |   repeated; big-endian
//! ```
//! A record that arrived whole, in one fragment, is lent to the caller as it stands. Anything
//! else is gathered in memory that grows with what has arrived, never with what a header claims.
//! Nothing is kept once a record has been handed out.
//!
//! While much of a fragment is missing, the record can be lent to the network, which then receives
//! into it: its bytes are not copied again.

use alloc::vec::Vec;
use bytes::Bytes;

/// Fragments that one record may come in; more are refused, so that no record is endless.
const FRAGMENTS_MAX: u16 = 4096;

const LAST_FRAGMENT: u32 = 1 << 31;

/// Memory taken for a record is at most so many times what has arrived of it.
const GROWTH: usize = 16;

/// Fewer missing bytes than this are not worth lending the record.
const LEND_BYTES_MIN: usize = 32 << 10;

/// Most bytes that the network is asked for at once: so often at least is it known that a client
/// is still sending.
const LEND_BYTES_MAX: usize = 256 << 10;

/// One message, still undecoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Record<'a> {
    /// It stands in what was just received.
    Lent(&'a [u8]),
    /// It was put together from several pieces.
    Gathered(Bytes),
}

/// The record is longer than allowed, or comes in too many fragments. The stream cannot be read
/// any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Oversize;

/// How long a record was, and how long it may become, when it was lent.
#[derive(Clone, Copy, Debug)]
struct Lent {
    length_bytes: u32,
    capacity_bytes: u32,
}

/// A record of which only a part has arrived.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    record: Vec<u8>,
    /// Bytes of the present fragment still to come.
    missing_bytes: u32,
    fragments: u16,
    /// Whether the present fragment is the record's last.
    last: bool,
    lent: Option<Lent>,
    /// The beginning of a fragment's header.
    header: [u8; 4],
    header_bytes: u8,
}

impl Assembly {
    /// Bytes held of a record that is not complete.
    pub(crate) fn held_bytes(&self) -> usize {
        self.lent.map_or(self.record.capacity(), |lent| lent.capacity_bytes as usize)
    }

    /// Whether the network has it.
    pub(crate) fn is_lent(&self) -> bool {
        self.lent.is_some()
    }

    /// Bytes that will be held once the record is lent, if there is enough missing for that. No
    /// memory is taken yet.
    pub(crate) fn held_bytes_if_lent(&self) -> Option<usize> {
        let is_worth_it = self.missing_bytes as usize >= LEND_BYTES_MIN
            && self.record.len() >= LEND_BYTES_MIN / GROWTH;
        let is_possible = is_worth_it && self.lent.is_none();
        is_possible.then(|| self.record.len() + self.room_for(LEND_BYTES_MIN))
    }

    /// Lends the record to be filled further, with how many bytes of its free room: if there is
    /// enough missing for that.
    pub(crate) fn lend(&mut self) -> Option<(Vec<u8>, usize)> {
        self.held_bytes_if_lent()?;
        self.reserve(LEND_BYTES_MIN);
        let room = self.record.capacity() - self.record.len();
        let count = room.min(self.missing_bytes as usize).min(LEND_BYTES_MAX);
        let (length_bytes, capacity_bytes) = (self.record.len(), self.record.capacity());
        let lent =
            Lent { length_bytes: length_bytes as u32, capacity_bytes: capacity_bytes as u32 };
        self.lent = Some(lent);
        Some((core::mem::take(&mut self.record), count))
    }

    /// Takes the record back, and says whether anything arrived in it.
    pub(crate) fn take_back(&mut self, record: Vec<u8>) -> bool {
        let Some(lent) = self.lent.take() else { return false };
        let arrived_bytes = record.len() as u32 - lent.length_bytes;
        self.missing_bytes -= arrived_bytes;
        self.record = record;
        arrived_bytes > 0
    }

    /// Takes the next record from `input`, or all of `input` if the record's end has not arrived.
    pub(crate) fn next<'a>(
        &mut self,
        input: &mut &'a [u8],
        record_bytes_max: u32,
    ) -> Result<Option<Record<'a>>, Oversize> {
        if self.is_whole() {
            return Ok(Some(self.hand_out()));
        }
        if let Some(record) = self.take_whole(input, record_bytes_max)? {
            return Ok(Some(Record::Lent(record)));
        }
        while self.is_inside() || self.take_header(input, record_bytes_max)? {
            self.take_body(input);
            if self.missing_bytes > 0 {
                return Ok(None);
            }
            if self.last {
                return Ok(Some(self.hand_out()));
            }
        }
        Ok(None)
    }

    /// The common case: between records, and the whole of the next has arrived.
    fn take_whole<'a>(
        &self,
        input: &mut &'a [u8],
        record_bytes_max: u32,
    ) -> Result<Option<&'a [u8]>, Oversize> {
        if self.fragments > 0 || self.header_bytes > 0 {
            return Ok(None);
        }
        let Some((header, rest)) = input.split_first_chunk() else { return Ok(None) };
        let header = u32::from_be_bytes(*header);
        let length = header & !LAST_FRAGMENT;
        if length > record_bytes_max {
            return Err(Oversize);
        }
        let whole = rest.split_at_checked(length as usize);
        let Some((record, rest)) = whole.filter(|_| header & LAST_FRAGMENT != 0) else {
            return Ok(None);
        };
        *input = rest;
        Ok(Some(record))
    }

    /// Takes back a gathered record for which there is no room yet: the next to be handed out.
    pub(crate) fn put_back(&mut self, record: Bytes) {
        *self = Self { record: record.into(), last: true, ..Self::default() };
    }

    /// Whether it holds a record that was put back.
    pub(crate) fn is_whole(&self) -> bool {
        self.last && !self.is_inside()
    }

    fn hand_out<'a>(&mut self) -> Record<'a> {
        Record::Gathered(core::mem::take(self).record.into())
    }

    fn is_inside(&self) -> bool {
        self.missing_bytes > 0
    }

    /// Takes a fragment's header, says whether it is complete, and refuses what is too long
    /// before any memory is taken for it.
    fn take_header(&mut self, input: &mut &[u8], record_bytes_max: u32) -> Result<bool, Oversize> {
        let have = usize::from(self.header_bytes);
        let (head, rest) = input.split_at(input.len().min(4 - have));
        self.header[have..have + head.len()].copy_from_slice(head);
        self.header_bytes += head.len() as u8;
        *input = rest;
        if self.header_bytes < 4 {
            return Ok(false);
        }
        let header = u32::from_be_bytes(self.header);
        self.header_bytes = 0;
        self.fragments += 1;
        self.last = header & LAST_FRAGMENT != 0;
        self.missing_bytes = header & !LAST_FRAGMENT;
        let room_bytes = u64::from(record_bytes_max).saturating_sub(self.record.len() as u64);
        if u64::from(self.missing_bytes) > room_bytes || self.fragments > FRAGMENTS_MAX {
            return Err(Oversize);
        }
        Ok(true)
    }

    fn take_body(&mut self, input: &mut &[u8]) {
        let (body, rest) = input.split_at(input.len().min(self.missing_bytes as usize));
        self.reserve(body.len());
        self.record.extend_from_slice(body);
        self.missing_bytes -= body.len() as u32;
        *input = rest;
    }

    /// Room for `more_bytes`: much more if much has arrived, but never beyond the fragment's end, so
    /// that a large record ends in a buffer that fits it, and is seldom moved to a larger one.
    fn reserve(&mut self, more_bytes: usize) {
        self.record.reserve_exact(self.room_for(more_bytes));
    }

    /// How much room there is, or is to be made.
    fn room_for(&self, more_bytes: usize) -> usize {
        let free = self.record.capacity() - self.record.len();
        if more_bytes <= free {
            return free;
        }
        let growing = more_bytes.max(self.record.len() * GROWTH);
        growing.min(self.missing_bytes as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const LIMIT: u32 = 1000;

    fn fragment(last: bool, body: &[u8]) -> Vec<u8> {
        let header = body.len() as u32 | if last { LAST_FRAGMENT } else { 0 };
        [&header.to_be_bytes(), body].concat()
    }

    fn owned(record: Record<'_>) -> Vec<u8> {
        match record {
            Record::Lent(bytes) => bytes.to_vec(),
            Record::Gathered(bytes) => bytes.to_vec(),
        }
    }

    fn feed(assembly: &mut Assembly, mut input: &[u8]) -> Vec<Vec<u8>> {
        let mut records = Vec::new();
        while let Some(record) = assembly.next(&mut input, LIMIT).unwrap() {
            records.push(owned(record));
        }
        assert!(input.is_empty());
        records
    }

    #[test]
    fn whole_records_are_lent_and_nothing_is_kept() {
        let stream = [fragment(true, b"one!"), fragment(true, b"four")].concat();
        let mut assembly = Assembly::default();
        let mut input = stream.as_slice();
        assert_eq!(assembly.next(&mut input, LIMIT), Ok(Some(Record::Lent(b"one!"))));
        assert_eq!(assembly.next(&mut input, LIMIT), Ok(Some(Record::Lent(b"four"))));
        assert_eq!(assembly.next(&mut input, LIMIT), Ok(None));
        assert_eq!(assembly.held_bytes(), 0);
    }

    #[test]
    fn every_split_gives_the_same_records() {
        let stream = [
            fragment(false, b"fra"),
            fragment(false, b""),
            fragment(true, b"gments"),
            fragment(true, b"whole"),
            fragment(true, b""),
            fragment(false, b"end"),
            fragment(true, b""),
        ]
        .concat();
        let expected = vec![b"fragments".to_vec(), b"whole".to_vec(), vec![], b"end".to_vec()];
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let mut assembly = Assembly::default();
                let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
                let records: Vec<_> =
                    pieces.into_iter().flat_map(|piece| feed(&mut assembly, piece)).collect();
                assert_eq!(records, expected, "split at {first} and {second}");
                assert_eq!(assembly.held_bytes(), 0);
            }
        }
    }

    #[test]
    fn memory_follows_what_arrived_not_what_was_claimed() {
        let mut assembly = Assembly::default();
        assert!(feed(&mut assembly, &(LAST_FRAGMENT | LIMIT).to_be_bytes()).is_empty());
        assert_eq!(assembly.held_bytes(), 0);
        for arrived in 1..=900 {
            assert!(feed(&mut assembly, b"x").is_empty());
            let bound = ((GROWTH + 1) * arrived).min(LIMIT as usize);
            assert!(assembly.held_bytes() <= bound.max(8));
        }
    }

    #[test]
    fn a_large_record_is_lent_until_its_fragment_is_complete() {
        let body: Vec<u8> = (0..300_000_u32).map(|at| at as u8).collect();
        let stream = [fragment(false, &body), fragment(true, b"end")].concat();
        let (mut assembly, mut at) = (Assembly::default(), 10_000);
        let mut input = &stream[..at];
        assert_eq!(assembly.next(&mut input, 1 << 20), Ok(None));
        let mut lent = 0;
        while let Some((mut record, count)) = assembly.lend() {
            assert!(assembly.lend().is_none(), "it is lent already");
            assert!(assembly.held_bytes() <= (GROWTH + 1) * at);
            assert!(count <= LEND_BYTES_MAX && count <= record.capacity() - record.len());
            let arrived = count.min(100_000);
            record.extend_from_slice(&stream[at..at + arrived]);
            assembly.take_back(record);
            (at, lent) = (at + arrived, lent + 1);
        }
        assert!(lent >= 2 && 300_004 - at < LEND_BYTES_MIN);
        let mut input = &stream[at..];
        let record = assembly.next(&mut input, 1 << 20).unwrap().map(owned);
        assert_eq!(record, Some([&body[..], b"end"].concat()));
    }

    #[test]
    fn little_is_never_lent() {
        let mut assembly = Assembly::default();
        let header = (LAST_FRAGMENT | 1 << 20).to_be_bytes();
        assert_eq!(assembly.next(&mut &header[..], 1 << 20), Ok(None));
        assert_eq!(assembly.next(&mut &[1; 2000][..], 1 << 20), Ok(None));
        assert!(assembly.lend().is_none(), "too little has arrived");
        let mut assembly = Assembly::default();
        let stream = fragment(true, &[1; 40_000]);
        assert_eq!(assembly.next(&mut &stream[..20_000], 1 << 20), Ok(None));
        assert!(assembly.lend().is_none(), "too little is missing");
    }

    #[test]
    fn a_record_over_the_limit_is_refused_at_its_header() {
        for header in [LAST_FRAGMENT | (LIMIT + 1), LIMIT + 1, u32::MAX] {
            let mut assembly = Assembly::default();
            assert_eq!(assembly.next(&mut &header.to_be_bytes()[..], LIMIT), Err(Oversize));
        }
    }

    #[test]
    fn fragments_are_summed_before_memory_is_taken() {
        let mut assembly = Assembly::default();
        assert!(feed(&mut assembly, &fragment(false, &[0; 600])).is_empty());
        let mut second = &fragment(true, &[0; 401])[..];
        assert_eq!(assembly.next(&mut second, LIMIT), Err(Oversize));
    }

    #[test]
    fn empty_fragments_do_not_go_on_for_ever() {
        let stream = fragment(false, b"").repeat(usize::from(FRAGMENTS_MAX) + 1);
        let mut assembly = Assembly::default();
        assert_eq!(assembly.next(&mut stream.as_slice(), LIMIT), Err(Oversize));
        assert_eq!(assembly.held_bytes(), 0);
    }
}
