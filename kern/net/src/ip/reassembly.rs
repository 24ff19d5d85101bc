//! Datagrams put together of fragments (RFC 791 §3.2, RFC 8200 §4.5), from a bounded pool.
//!
//! ```text
//!  key: source, destination, protocol (IPv4), number ──► pieces in order ──► all there: the whole
//! ```
//! Pieces that overlap spoil the datagram, in both versions (RFC 5722), and those of it that come
//! later are dropped; one that comes again exactly is passed over. A piece costs what it is long and
//! an overhead, so that many small ones are no cheaper than their memory. When the pool is full, by
//! its own bound or by the share that it has of what others take from too, the source that holds the
//! most of it loses its oldest datagram: a flood from one address spoils nobody else's.

#[cfg(test)]
mod tests;

use super::Arrived;
use super::v6::FRAGMENT_HEADER_BYTES;
use crate::ethernet::Reach;
use crate::limits::{
    FRAGMENT_OVERHEAD_BYTES, FRAGMENTS_PER_DATAGRAM_MAX, REASSEMBLIES_MAX, REASSEMBLY_BYTES_MAX,
    REASSEMBLY_V4, REASSEMBLY_V6,
};
use abi::Instant;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;
use hyper::{Account, Grant};
use smoltcp::wire::IPV6_HEADER_LEN;

/// The longest packet that an IPv4 header can tell, and the longest payload of IPv6's, in bytes.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// What of a piece's headers is not in that payload: IPv6's own and the fragment header, in bytes.
const UNCOUNTED_V6_BYTES: usize = IPV6_HEADER_LEN + FRAGMENT_HEADER_BYTES;

/// What tells the fragments of one datagram from others'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    source: IpAddr,
    destination: IpAddr,
    /// Of IPv4 only: IPv6's numbers are one space for all protocols.
    protocol: Option<u8>,
    id: u32,
}

impl Key {
    pub(crate) fn new(packet: &Arrived<'_>, id: u32) -> Self {
        Self {
            source: packet.source,
            destination: packet.destination,
            protocol: packet.source.is_ipv4().then_some(packet.protocol.into()),
            id,
        }
    }
}

/// Where a piece belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) offset_bytes: usize,
    pub(crate) is_last: bool,
    pub(crate) id: u32,
}

/// A datagram of which all pieces are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    /// All before the payload of the first piece.
    pub(crate) header: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    /// What carries it, as the first piece says.
    pub(crate) protocol: u8,
}

/// What became of a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Kept, or dropped with its datagram.
    Waiting,
    /// The last one that was missing.
    Whole(Whole),
    /// It ends where no datagram can (RFC 8200 §4.5).
    TooLong,
}

/// A datagram that was given up, with what its sender may be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GivenUp {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    reach: Reach,
    header: Vec<u8>,
    payload: Vec<u8>,
}

impl GivenUp {
    /// The first piece, if that came: without it there is nothing to recognise the datagram by.
    pub(crate) fn first_piece(&self) -> Option<Arrived<'_>> {
        (!self.header.is_empty()).then(|| Arrived {
            source: self.source,
            destination: self.destination,
            protocol: self.protocol.into(),
            named_at: 0,
            hop_limit: 0,
            header: &self.header,
            payload: &self.payload,
            reach: self.reach,
            ecn: 0,
            is_checked: false,
        })
    }
}

#[derive(Clone, Debug)]
struct Pieces {
    until: Instant,
    header: Vec<u8>,
    protocol: u8,
    /// Whom the first piece was sent to.
    reach: Reach,
    pieces: BTreeMap<usize, Vec<u8>>,
    /// What is there of the payload, in bytes.
    here_bytes: usize,
    /// How long the payload is, once the last piece has told.
    length_bytes: Option<usize>,
    cost_bytes: usize,
    /// Whether it can never be whole: what else comes of it is dropped.
    is_spoilt: bool,
}

/// All datagrams that are being put together.
#[derive(Debug)]
pub(crate) struct Reassembly {
    datagrams: BTreeMap<Key, Pieces>,
    /// What all of them cost, and with whom it is counted.
    cost: Grant,
    account: Account,
}

impl Default for Reassembly {
    fn default() -> Self {
        let account = Account::default();
        Self { datagrams: BTreeMap::new(), cost: account.take_anyway(0), account }
    }
}

impl Reassembly {
    /// Counts what pieces cost with this account from now on.
    pub(crate) fn share(&mut self, account: Account) {
        self.cost = account.take_anyway(self.cost.bytes());
        self.account = account;
    }

    /// Takes a piece.
    pub(crate) fn take(
        &mut self,
        key: Key,
        packet: &Arrived<'_>,
        fragment: Fragment,
        now: Instant,
    ) -> Outcome {
        let end_bytes = fragment.offset_bytes + packet.payload.len();
        let uncounted_bytes = if packet.source.is_ipv4() { 0 } else { UNCOUNTED_V6_BYTES };
        let headers_bytes = packet.header.len().saturating_sub(uncounted_bytes);
        if end_bytes + headers_bytes > DATAGRAM_BYTES_MAX {
            self.spoil(&key);
            return Outcome::TooLong;
        }
        if self.datagrams.get(&key).is_some_and(|pieces| pieces.is_spoilt) {
            return Outcome::Waiting;
        }
        let cost_bytes = packet.payload.len() + FRAGMENT_OVERHEAD_BYTES;
        if !self.make_room(&key, cost_bytes) {
            return Outcome::Waiting;
        }
        let pieces = self.datagrams.entry(key).or_insert_with(|| Pieces::new(key, now));
        pieces.cost_bytes += cost_bytes;
        match pieces.take(packet, fragment) {
            Taken::Kept => self.whole(&key),
            Taken::Again => {
                pieces.cost_bytes -= cost_bytes;
                self.give_back(cost_bytes);
                Outcome::Waiting
            }
            Taken::Spoilt => {
                self.spoil(&key);
                Outcome::Waiting
            }
        }
    }

    /// Keeps of a datagram only that it is spoilt, until its time is over.
    fn spoil(&mut self, key: &Key) {
        let Some(pieces) = self.datagrams.get_mut(key) else { return };
        let cost_bytes = pieces.spoil();
        self.give_back(cost_bytes);
    }

    fn give_back(&mut self, cost_bytes: usize) {
        self.cost.set(self.cost.bytes() - cost_bytes as u64);
    }

    fn whole(&mut self, key: &Key) -> Outcome {
        let is_whole = self.datagrams.get(key).is_some_and(Pieces::is_whole);
        let whole = if is_whole { self.forget(key) } else { None };
        whole.map_or(Outcome::Waiting, |pieces| Outcome::Whole(pieces.join()))
    }

    fn forget(&mut self, key: &Key) -> Option<Pieces> {
        let pieces = self.datagrams.remove(key)?;
        self.give_back(pieces.cost_bytes);
        Some(pieces)
    }

    /// Makes room for a piece, at the cost of who holds the most; its own datagram may be lost. Says
    /// whether there is room, and the piece is counted.
    fn make_room(&mut self, key: &Key, cost_bytes: usize) -> bool {
        while !self.has_place(key, cost_bytes) || !self.cost.grow(cost_bytes as u64) {
            let Some(victim) = self.victim() else { return false };
            self.forget(&victim);
        }
        true
    }

    fn has_place(&self, key: &Key, cost_bytes: usize) -> bool {
        self.cost.bytes() as usize + cost_bytes <= REASSEMBLY_BYTES_MAX
            && (self.datagrams.len() < REASSEMBLIES_MAX || self.datagrams.contains_key(key))
    }

    /// The oldest datagram of the source that holds the most. One look at each of a bounded number;
    /// those of a source stand together.
    fn victim(&self) -> Option<Key> {
        let mut best: Option<(usize, core::cmp::Reverse<Instant>, Key)> = None;
        let mut source: Option<(usize, Instant, Key)> = None;
        for (&key, pieces) in &self.datagrams {
            let oldest = match source {
                Some((bytes, until, oldest)) if oldest.source == key.source => {
                    let (until, oldest) = (until, oldest).min((pieces.until, key));
                    (bytes + pieces.cost_bytes, until, oldest)
                }
                _ => (pieces.cost_bytes, pieces.until, key),
            };
            source = Some(oldest);
            best = best.max(Some((oldest.0, core::cmp::Reverse(oldest.1), oldest.2)));
        }
        best.map(|(_, _, key)| key)
    }

    /// The next datagram that took too long.
    pub(crate) fn next_given_up(&mut self, now: Instant) -> Option<GivenUp> {
        let late = self.datagrams.iter().find(|(_, pieces)| pieces.until <= now);
        let key = late.map(|(key, _)| *key)?;
        let mut pieces = self.forget(&key)?;
        let payload = pieces.pieces.remove(&0).unwrap_or_default();
        let Key { source, destination, .. } = key;
        let Pieces { protocol, reach, header, .. } = pieces;
        Some(GivenUp { source, destination, protocol, reach, header, payload })
    }

    /// When the next one has taken too long.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.datagrams.values().map(|pieces| pieces.until).min()
    }

    /// How many datagrams there are, and what they cost, in bytes.
    pub(crate) fn held(&self) -> (usize, usize) {
        (self.datagrams.len(), self.cost.bytes() as usize)
    }
}

/// What became of a piece, for its datagram.
enum Taken {
    Kept,
    Again,
    Spoilt,
}

impl Pieces {
    fn new(key: Key, now: Instant) -> Self {
        let time = if key.source.is_ipv4() { REASSEMBLY_V4 } else { REASSEMBLY_V6 };
        Self {
            until: now + time,
            header: Vec::new(),
            protocol: 0,
            reach: Reach::Everybody,
            pieces: BTreeMap::new(),
            here_bytes: 0,
            length_bytes: None,
            cost_bytes: 0,
            is_spoilt: false,
        }
    }

    /// Leaves nothing but the place. Returns what that gives back, in bytes.
    fn spoil(&mut self) -> usize {
        let cost_bytes = self.cost_bytes.min(FRAGMENT_OVERHEAD_BYTES);
        let before = core::mem::replace(&mut self.cost_bytes, cost_bytes);
        (self.header, self.pieces, self.is_spoilt) = (Vec::new(), BTreeMap::new(), true);
        before - cost_bytes
    }

    fn take(&mut self, packet: &Arrived<'_>, fragment: Fragment) -> Taken {
        let (start, end) = (fragment.offset_bytes, fragment.offset_bytes + packet.payload.len());
        let length_bytes = if fragment.is_last { Some(end) } else { self.length_bytes };
        let last_end = self.pieces.last_key_value().map_or(0, |(start, piece)| start + piece.len());
        let known = self.pieces.get(&start).map(Vec::len);
        if known == Some(end - start) && length_bytes == self.length_bytes {
            return Taken::Again;
        }
        let is_spoilt = start == end
            || self.pieces.len() >= FRAGMENTS_PER_DATAGRAM_MAX
            || self.length_bytes.is_some_and(|known| Some(known) != length_bytes)
            || length_bytes.is_some_and(|length| length < end.max(last_end))
            || self.overlaps(start, end);
        if is_spoilt {
            return Taken::Spoilt;
        }
        if start == 0 {
            self.header = packet.header.to_vec();
            self.protocol = packet.protocol.into();
            self.reach = packet.reach;
        }
        self.pieces.insert(start, packet.payload.to_vec());
        self.length_bytes = length_bytes;
        self.here_bytes += end - start;
        Taken::Kept
    }

    fn overlaps(&self, start: usize, end: usize) -> bool {
        let before = self.pieces.range(..end).next_back();
        before.is_some_and(|(at, piece)| at + piece.len() > start)
    }

    fn is_whole(&self) -> bool {
        self.length_bytes == Some(self.here_bytes)
    }

    fn join(self) -> Whole {
        let mut payload = Vec::with_capacity(self.here_bytes);
        self.pieces.into_values().for_each(|piece| payload.extend_from_slice(&piece));
        Whole { header: self.header, payload, protocol: self.protocol }
    }
}
