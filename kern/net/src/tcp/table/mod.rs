//! Who a segment is for, in one look: an open connection, one that is being opened, one that is over,
//! a listener, or nobody.
//!
//! ```text
//!            ┌─ connection ── its owner's business
//!  segment ──┼─ embryo ────── opens, is answered again, or ends ([`backlog`])
//!    pair    ├─ time wait ─── acknowledged again, or makes way for a new one ([`time_wait`])
//!            └─ no place ──── listener: SYN → embryo, or a cookie when there are too many; or RST
//! ```
//! It knows nothing of what a connection does. Names of streams count up and never come again.

pub mod backlog;
pub mod cookies;
mod names;
pub mod numbers;
mod sample;
#[cfg(test)]
mod tests;
pub mod time_wait;

use super::handshake::Handshake;
use super::limits::{ANSWERS_TO_STRANGERS_PER_SECOND, CONNECTIONS_MAX, LISTENERS_MAX};
use super::segment::{Flags, Options, Outgoing, Segment};
use super::sequence::SeqNo;
use crate::limiter::Limiter;
use crate::timers::Wheel;
use abi::Instant;
use alloc::boxed::Box;
use alloc::vec::Vec;
use backlog::{Backlog, Embryo, Step};
use core::time::Duration;
use hashbrown::HashTable;
use names::Names;
use numbers::{Numbers, Pair, Purpose, timestamp};
use slab::Slab;
use time_wait::{Leftover, Remembered, TimeWait};

/// What became of a segment.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is for this connection.
    Connection(u32),
    /// A connection is open from now on, once it was given to [`Table::insert`]; then the segment is
    /// its first.
    Open(Handshake),
    /// This is to be sent back.
    Answer(Outgoing),
    /// It was nobody's, or changed nothing.
    Nothing,
}

/// Room for so many is kept when none is left; more is given back.
const KEPT_ROOM: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Connection(u32),
    Embryo(u32),
    TimeWait(u32),
}

#[derive(Clone, Debug)]
struct Entry<C> {
    pair: Pair,
    stream: u64,
    /// Elsewhere, so that a table that grows moves little.
    connection: Box<C>,
}

/// All connections of a service, whatever `C` one is.
#[derive(Clone, Debug)]
pub struct Table<C> {
    numbers: Numbers,
    names: Names,
    places: HashTable<Place>,
    connections: Slab<Entry<C>>,
    timers: Wheel,
    backlog: Backlog,
    time_wait: TimeWait,
    listeners: Vec<u16>,
    strangers: Limiter,
    /// Until when cookies are taken.
    flooded_until: Instant,
}

impl<C> Table<C> {
    /// Empty, with 16 bytes of luck.
    pub fn new(secret: [u8; 16]) -> Self {
        Self {
            numbers: Numbers::new(secret),
            names: Names::default(),
            places: HashTable::new(),
            connections: Slab::new(),
            timers: Wheel::default(),
            backlog: Backlog::default(),
            time_wait: TimeWait::default(),
            listeners: Vec::new(),
            strangers: Limiter::new(ANSWERS_TO_STRANGERS_PER_SECOND),
            flooded_until: Instant(0),
        }
    }

    /// Takes connections on a port from now on. Says whether there was room for it.
    pub fn listen(&mut self, port: u16) -> bool {
        if !self.listeners.contains(&port) && self.listeners.len() < LISTENERS_MAX {
            self.listeners.push(port);
        }
        self.listeners.contains(&port)
    }

    /// Takes no more connections; those that are open go on.
    pub fn stop_listening(&mut self) {
        self.listeners = Vec::new();
    }

    fn is_listened_on(&self, pair: &Pair) -> bool {
        self.listeners.contains(&pair.local.port())
    }

    /// The names of all connections.
    pub fn streams(&self) -> impl Iterator<Item = u64> {
        self.connections.iter().map(|(_, entry)| entry.stream)
    }

    /// Where numbers and clocks come from.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Says what a segment is. `mss` is the largest segment that we take on its way, in bytes.
    pub fn segment(
        &mut self,
        pair: &Pair,
        segment: &Segment<'_>,
        mss: u16,
        now: Instant,
    ) -> Verdict {
        match self.find(pair) {
            Some(Place::Connection(key)) => Verdict::Connection(key),
            Some(Place::Embryo(key)) => self.embryo(key, segment, now),
            Some(Place::TimeWait(key)) => self.leftover(key, pair, segment, mss, now),
            None => self.stranger(pair, segment, mss, now),
        }
    }

    fn embryo(&mut self, key: u32, segment: &Segment<'_>, now: Instant) -> Verdict {
        let step = self.backlog.segment(key, segment);
        let Some(embryo) = self.backlog.get(key).copied() else { return Verdict::Nothing };
        match step {
            Step::Drop => Verdict::Nothing,
            Step::Answer => Verdict::Answer(embryo.answer(now)),
            Step::Challenge => self.answer_stranger(embryo.challenge(now), now),
            Step::Reset => self.answer_stranger(reset(segment), now),
            Step::Open if !self.is_listened_on(&embryo.pair) => {
                self.abandon(key, &embryo.pair);
                self.answer_stranger(reset(segment), now)
            }
            Step::Open | Step::Forget => {
                self.abandon(key, &embryo.pair);
                let is_open = step == Step::Open;
                if is_open { Verdict::Open(embryo.handshake) } else { Verdict::Nothing }
            }
        }
    }

    fn abandon(&mut self, embryo: u32, pair: &Pair) {
        self.forget(pair);
        self.backlog.remove(embryo);
    }

    fn leftover(
        &mut self,
        key: u32,
        pair: &Pair,
        segment: &Segment<'_>,
        mss: u16,
        now: Instant,
    ) -> Verdict {
        let Some(old) = self.time_wait.get(key).copied() else { return Verdict::Nothing };
        match self.time_wait.segment(key, segment, now) {
            Leftover::Reuse { beyond } if self.is_listened_on(pair) => {
                self.forget(pair);
                self.time_wait.remove(key);
                self.syn(pair, segment, mss, Some(beyond), now)
            }
            Leftover::Drop => Verdict::Nothing,
            Leftover::Acknowledge | Leftover::Reuse { .. } => {
                self.answer_stranger(old.acknowledgement(now), now)
            }
        }
    }

    fn stranger(&mut self, pair: &Pair, segment: &Segment<'_>, mss: u16, now: Instant) -> Verdict {
        let is_listened_on = self.is_listened_on(pair);
        let (has_syn, has_rst) =
            (segment.flags.contains(Flags::SYN), segment.flags.contains(Flags::RST));
        if has_rst {
            return Verdict::Nothing;
        }
        match segment.ack {
            None if has_syn && is_listened_on && !segment.flags.contains(Flags::FIN) => {
                self.syn(pair, segment, mss, None, now)
            }
            Some(_) if is_listened_on && !has_syn => match self.cookie(pair, segment, now) {
                Some(handshake) => Verdict::Open(handshake),
                None => self.answer_stranger(reset(segment), now),
            },
            _ => self.answer_stranger(reset(segment), now),
        }
    }

    /// Cookies are only looked at as long as one that was given may be on its way: who guesses must
    /// fill the backlog, too.
    fn cookie(&self, pair: &Pair, segment: &Segment<'_>, now: Instant) -> Option<Handshake> {
        let is_expected = now < self.flooded_until;
        cookies::check(&self.numbers, pair, segment, now).filter(|_| is_expected)
    }

    /// Answers a SYN, with a number behind those of a connection before.
    fn syn(
        &mut self,
        pair: &Pair,
        segment: &Segment<'_>,
        mss: u16,
        beyond: Option<SeqNo>,
        now: Instant,
    ) -> Verdict {
        let first = self.numbers.first(pair, now);
        let first = beyond
            .map_or(first, |beyond| if beyond.is_before(first) { first } else { beyond + BEYOND });
        let handshake = Handshake::of_syn(first, segment);
        let embryo = Embryo::new(*pair, handshake, self.numbers.clock_offset(pair), mss);
        match self.backlog.insert(embryo, now) {
            Some(key) => {
                self.place(pair, Place::Embryo(key));
                Verdict::Answer(embryo.answer(now))
            }
            None => {
                self.flooded_until = now + FLOOD;
                let first = cookies::number(&self.numbers, pair, &handshake, now);
                let clock = cookies::clock(&self.numbers, pair, &handshake, now);
                Verdict::Answer(backlog::answer(&Handshake { first, ..handshake }, mss, clock))
            }
        }
    }

    fn answer_stranger(&mut self, answer: Outgoing, now: Instant) -> Verdict {
        if self.strangers.allows(now) { Verdict::Answer(answer) } else { Verdict::Nothing }
    }

    /// Gives a connection its place and its name; or gives it back if the place is taken or there is
    /// no room.
    pub fn insert(&mut self, pair: Pair, connection: C) -> Result<(u32, u64), C> {
        if self.find(&pair).is_some() || self.is_full() {
            return Err(connection);
        }
        let vacant = self.connections.vacant_entry();
        let key = vacant.key() as u32;
        let stream = self.names.next(key);
        vacant.insert(Entry { pair, stream, connection: Box::new(connection) });
        self.place(&pair, Place::Connection(key));
        Ok((key, stream))
    }

    /// The connection of a key, with its ends and its name.
    pub fn get_mut(&mut self, key: u32) -> Option<(&Pair, u64, &mut C)> {
        let entry = self.connections.get_mut(key as usize)?;
        Some((&entry.pair, entry.stream, &mut *entry.connection))
    }

    /// The connection between two ends.
    pub fn connection(&self, pair: &Pair) -> Option<u32> {
        match self.find(pair)? {
            Place::Connection(key) => Some(key),
            Place::Embryo(_) | Place::TimeWait(_) => None,
        }
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether there is no room for one more.
    pub fn is_full(&self) -> bool {
        self.connections.len() >= CONNECTIONS_MAX
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// The key of a name, if its connection is still there.
    pub fn key_of(&self, stream: u64) -> Option<u32> {
        let key = Names::key(stream);
        self.connections.get(key as usize).filter(|entry| entry.stream == stream).map(|_| key)
    }

    /// Takes a connection out, and remembers what is to be remembered of it.
    pub fn remove(&mut self, key: u32, remembered: Option<Remembered>, now: Instant) -> Option<C> {
        let pair = self.connections.get(key as usize)?.pair;
        self.timers.cancel(key);
        self.forget(&pair);
        let entry = self.connections.try_remove(key as usize)?;
        if self.connections.is_empty() && self.connections.capacity() > KEPT_ROOM {
            (self.connections, self.timers) = Default::default();
        }
        let remembered = remembered.filter(|remembered| remembered.pair == pair);
        if let Some(key) = remembered.and_then(|remembered| self.time_wait.insert(remembered, now))
        {
            self.place(&pair, Place::TimeWait(key));
        }
        Some(*entry.connection)
    }

    /// Sets or takes away the deadline of a connection.
    pub fn arm(&mut self, key: u32, deadline: Option<Instant>) {
        match deadline {
            Some(deadline) => self.timers.set(key, deadline),
            None => self.timers.cancel(key),
        }
    }

    /// A connection whose deadline has come. Ask again until there is none.
    pub fn expired(&mut self, now: Instant) -> Option<u32> {
        self.timers.expired(now)
    }

    /// What is due of connections that are being opened or are over. Ask again until there is
    /// nothing.
    pub fn timeout(&mut self, now: Instant) -> Option<(Pair, Outgoing)> {
        while let Some(key) = self.time_wait.expired(now) {
            if let Some(pair) = self.time_wait.get(key).map(|old| old.pair) {
                self.forget(&pair);
                self.time_wait.remove(key);
            }
        }
        while let Some(result) = self.backlog.expired(now) {
            let Some(embryo) = self.backlog.get(result.unwrap_or_else(|key| key)).copied() else {
                continue;
            };
            match result {
                Ok(_) => return Some((embryo.pair, embryo.answer(now))),
                Err(key) => self.abandon(key, &embryo.pair),
            }
        }
        None
    }

    /// When the next thing is due, at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let deadlines = [self.timers.next(), self.backlog.deadline(), self.time_wait.deadline()];
        deadlines.into_iter().flatten().min()
    }

    fn hash(&self, pair: &Pair) -> u64 {
        self.numbers.hash(Purpose::Place, pair, 0)
    }

    /// What is written at places, and the places themselves.
    fn split(&mut self) -> (&mut HashTable<Place>, Ends<'_, C>, &Numbers) {
        let Self { places, connections, backlog, time_wait, numbers, .. } = self;
        (places, Ends { connections, backlog, time_wait }, numbers)
    }

    fn find(&self, pair: &Pair) -> Option<Place> {
        let Self { connections, backlog, time_wait, .. } = self;
        let ends = Ends { connections, backlog, time_wait };
        self.places.find(self.hash(pair), |&place| ends.of(place) == Some(*pair)).copied()
    }

    /// Frees the place of a pair; what had it must still be there.
    fn forget(&mut self, pair: &Pair) {
        let hash = self.hash(pair);
        let (places, ends, _) = self.split();
        if let Ok(entry) = places.find_entry(hash, |&place| ends.of(place) == Some(*pair)) {
            entry.remove();
        }
        if self.places.is_empty() && self.places.capacity() > KEPT_ROOM {
            self.places = HashTable::new();
        }
    }

    fn place(&mut self, pair: &Pair, place: Place) {
        let hash = self.hash(pair);
        let (places, ends, numbers) = self.split();
        places.insert_unique(hash, place, |&place| {
            ends.of(place).map_or(0, |pair| numbers.hash(Purpose::Place, &pair, 0))
        });
    }
}

/// Where pairs are written: one look into what a place leads to.
struct Ends<'a, C> {
    connections: &'a Slab<Entry<C>>,
    backlog: &'a Backlog,
    time_wait: &'a TimeWait,
}

impl<C> Ends<'_, C> {
    fn of(&self, place: Place) -> Option<Pair> {
        match place {
            Place::Connection(key) => self.connections.get(key as usize).map(|entry| entry.pair),
            Place::Embryo(key) => self.backlog.get(key).map(|embryo| embryo.pair),
            Place::TimeWait(key) => self.time_wait.get(key).map(|old| old.pair),
        }
    }
}

/// How far a number is behind those of a connection before (RFC 6191 §2 leaves it open).
const BEYOND: u32 = 128_000;

/// For how long cookies are taken after one was given.
const FLOOD: Duration = Duration::from_secs(180);

/// Tells the sender of a segment that there is no such connection (RFC 9293 §3.10.7.1).
pub fn reset(segment: &Segment<'_>) -> Outgoing {
    let (seq, ack) = match segment.ack {
        Some(ack) => (ack, None),
        None => (SeqNo(0), Some(segment.seq + segment.sequence_bytes())),
    };
    Outgoing { seq, ack, flags: Flags::RST, ..Outgoing::default() }
}

impl Embryo {
    /// Says where the connection stands, to who sent something else (RFC 5961 §4).
    fn challenge(&self, now: Instant) -> Outgoing {
        let Outgoing { options, ack, window, .. } = self.answer(now);
        let options = Options { timestamps: options.timestamps, ..Options::default() };
        Outgoing { seq: self.handshake.first + 1, ack, window, options, ..Outgoing::default() }
    }
}

impl Remembered {
    fn acknowledgement(&self, now: Instant) -> Outgoing {
        let clock = timestamp(self.clock_offset, now);
        let timestamps = self.timestamp.map(|echo| (clock, echo));
        let options = Options { timestamps, ..Options::default() };
        let (seq, ack) = (self.seq, Some(self.ack));
        Outgoing { seq, ack, window: self.window, options, ..Outgoing::default() }
    }
}
