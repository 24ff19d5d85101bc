//! A plain receiver: it keeps what arrived in any order, and answers as RFC 9293, 2018 and 2883 say.

use super::{FIRST, Vec};
use crate::tcp::send::Acknowledgement;
use crate::tcp::sequence::{SeqNo, SeqRange};
use alloc::collections::BTreeMap;

/// What the byte at an offset is.
pub fn byte(offset: u64) -> u8 {
    (offset ^ offset >> 8 ^ offset >> 16) as u8
}

pub struct Peer {
    pub next: u64,
    /// Ranges beyond.
    held: BTreeMap<u64, u64>,
    recent: Vec<u64>,
    duplicate: Option<(u64, u64)>,
    /// The service has read so much.
    pub read: u64,
    pub capacity: u64,
    echo: u32,
    /// Packets in order that were not answered.
    pub unanswered: u32,
    pub ended: bool,
}

impl Peer {
    pub fn new(capacity: u64) -> Self {
        Self {
            next: 0,
            held: BTreeMap::new(),
            recent: Vec::new(),
            duplicate: None,
            read: 0,
            capacity,
            echo: 0,
            unanswered: 0,
            ended: false,
        }
    }

    /// The offset behind the last byte it may be sent.
    pub fn limit(&self) -> u64 {
        self.read + self.capacity
    }

    /// Takes a packet. Whether it must be answered at once.
    pub fn take(&mut self, start: u64, bytes: &[u8], fin: bool, stamp: u32) -> bool {
        let end = start + bytes.len() as u64 + u64::from(fin);
        assert!((start..).zip(bytes).all(|(offset, found)| byte(offset) == *found));
        if start <= self.next {
            self.echo = stamp;
        }
        if end <= self.next || self.held.iter().any(|(from, to)| *from <= start && end <= *to) {
            self.duplicate = (start < end).then_some((start, end));
            return true;
        }
        self.ended |= fin;
        let in_order = start <= self.next && self.held.is_empty();
        self.hold(start.max(self.next), end);
        self.unanswered += 1;
        !in_order || self.unanswered >= 2
    }

    fn hold(&mut self, mut start: u64, mut end: u64) {
        let touching: Vec<u64> = self
            .held
            .iter()
            .filter(|(from, to)| **from <= end && start <= **to)
            .map(|it| *it.0)
            .collect();
        for from in touching {
            let to = self.held.remove(&from).expect("held");
            (start, end) = (start.min(from), end.max(to));
        }
        if start <= self.next {
            self.next = end;
        } else {
            self.held.insert(start, end);
        }
        self.recent.retain(|from| self.held.contains_key(from) && *from != start);
        self.recent.insert(0, start);
        self.recent.truncate(4);
    }

    pub fn answer(&mut self, sack: bool, timestamps: bool) -> Acknowledgement {
        self.unanswered = 0;
        let held = |from: &u64| Some((*from, *self.held.get(from)?));
        let blocks = self.duplicate.take().into_iter().chain(self.recent.iter().filter_map(held));
        let mut blocks = blocks.filter(|_| sack);
        let number = |offset: u64| FIRST + offset as u32;
        Acknowledgement {
            seq: SeqNo(0),
            ack: number(self.next),
            window_bytes: (self.limit() - self.next.min(self.limit())) as u32,
            sack: core::array::from_fn(|_| {
                blocks.next().map(|(from, to)| SeqRange { start: number(from), end: number(to) })
            }),
            timestamp_echo: timestamps.then_some(self.echo),
            has_payload: false,
            ece: false,
        }
    }
}
