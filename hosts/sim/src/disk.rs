//! A disk that takes its time, fails on request, and forgets what was not flushed when the power
//! is cut.

use crate::cache::{Write, WriteCache};
use crate::faults::{Fault, Kind};
use crate::tape::{Event, Tape};
use crate::{Image, Luck, SECTOR_BYTES, Survivors, VirtualClock};
use abi::{Errno, Instant, Result};
use bytes::{Bytes, BytesMut};
use hyper::{Clock, Disk, DiskCompletion, DiskOperation, DiskRequest, Geometry, Random};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long requests take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// None at all: they complete in order, as soon as they are asked for.
    Immediate,
    /// Up to this long, each by luck, so that they overtake each other.
    Within(Duration),
}

/// What was asked of a disk, failed requests included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Reads.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
    /// Flushes.
    pub flushes: u64,
    /// Bytes that reads returned.
    pub read_bytes: u64,
    /// Bytes that writes wrote.
    pub written_bytes: u64,
}

/// A simulated disk.
///
/// A request takes effect when it completes: reads see what has completed before, whatever was
/// submitted before. Whether a request fails is decided when it is submitted, by the first
/// [`Fault`] that strikes; a write that fails may have been carried out all the same.
pub struct PowerDisk {
    clock: VirtualClock,
    luck: Luck,
    pace: Pace,
    read_only: bool,
    /// When it will be open, if somebody waits for that.
    opens_at: Cell<Option<Instant>>,
    state: RefCell<State>,
}

struct State {
    /// What reads see.
    present: Image,
    cache: WriteCache,
    tape: Tape,
    faults: Vec<Fault>,
    counters: Counters,
    /// Requests under way, by the moment they complete; the number keeps equal moments apart.
    under_way: BTreeMap<(Instant, u64), Pending>,
    next_number: u64,
    /// Where what stands in discarded space comes from, if that is not zeros.
    garbage: Option<Luck>,
}

struct Pending {
    token: u64,
    fate: Option<Errno>,
    work: Work,
}

enum Work {
    Read {
        offset_bytes: u64,
        buffers: Vec<BytesMut>,
    },
    Write(Write),
    Flush {
        covered: u64,
    },
    /// A request that the disk does not even try.
    Refused,
}

impl PowerDisk {
    /// A disk with this image on it.
    pub fn new(image: Image, clock: VirtualClock, luck: Luck, pace: Pace) -> Self {
        Self::with_protection(image, clock, luck, pace, false)
    }

    /// A disk with this image on it, that refuses writes if it is `read_only`.
    pub fn with_protection(
        image: Image,
        clock: VirtualClock,
        luck: Luck,
        pace: Pace,
        read_only: bool,
    ) -> Self {
        let state = State {
            present: image.clone(),
            cache: WriteCache::new(image.clone()),
            tape: Tape { first: image, events: Vec::new() },
            faults: Vec::new(),
            counters: Counters::default(),
            under_way: BTreeMap::new(),
            next_number: 0,
            garbage: None,
        };
        let (opens_at, state) = (Cell::default(), RefCell::new(state));
        Self { clock, luck, pace, read_only, opens_at, state }
    }

    /// Adds a rule behind those there are.
    pub fn fail(&self, fault: Fault) {
        self.state.borrow_mut().faults.push(fault);
    }

    /// Forgets all rules.
    pub fn heal(&self) {
        self.state.borrow_mut().faults.clear();
    }

    /// From now on discarded space holds bytes by luck, rather than zeros.
    pub fn garble_discarded(&self) {
        self.state.borrow_mut().garbage = Some(self.luck.fork());
    }

    /// What was asked so far.
    pub fn counters(&self) -> Counters {
        self.state.borrow().counters
    }

    /// When the next request completes, if any is under way, or it is open.
    pub fn next_due(&self) -> Option<Instant> {
        let request = self.state.borrow().under_way.first_key_value().map(|(&(due, _), _)| due);
        request.into_iter().chain(self.opens_at.get()).min()
    }

    /// It will be open as soon as a request would complete.
    pub(crate) fn begin_to_open(&self) {
        self.opens_at.set(Some(self.due()));
    }

    /// Whether it is open by now, told once.
    pub(crate) fn has_opened(&self) -> bool {
        let has_opened = self.opens_at.get().is_some_and(|at| at <= self.clock.now());
        if has_opened {
            self.opens_at.set(None);
        }
        has_opened
    }

    /// The present moment, as an index of the tape.
    pub fn position(&self) -> usize {
        self.state.borrow().tape.length()
    }

    /// Everything that happened so far.
    pub fn tape(&self) -> Tape {
        self.state.borrow().tape.clone()
    }

    /// What reads see, as if every write that completed were durable.
    pub fn present(&self) -> Image {
        self.state.borrow().present.clone()
    }

    /// What a power cut at this moment leaves.
    pub fn cut(&self, survivors: Survivors, luck: &Luck) -> Image {
        self.state.borrow().cache.cut(survivors, luck)
    }

    fn due(&self) -> Instant {
        match self.pace {
            Pace::Immediate => self.clock.now(),
            Pace::Within(longest) => {
                let longest = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
                self.clock.now() + Duration::from_nanos(self.luck.below(longest))
            }
        }
    }

    fn fate(&self, state: &State, kind: Kind) -> Option<Errno> {
        let nth = match kind {
            Kind::Read => state.counters.reads,
            Kind::Write => state.counters.writes,
            Kind::Flush => state.counters.flushes,
        };
        let strikes = |fault: &&Fault| fault.strikes(kind, nth, &self.luck);
        state.faults.iter().find(strikes).map(|fault| fault.errno)
    }

    fn refusal(&self, state: &State, work: &Work) -> Option<Errno> {
        if !state.lies_within(work) {
            Some(Errno::Io)
        } else if self.read_only && matches!(work, Work::Write(_)) {
            Some(Errno::ReadOnly)
        } else {
            None
        }
    }

    /// The end of one request.
    fn finish(&self, state: &mut State, number: u64, pending: Pending) -> DiskCompletion {
        let Pending { token, fate, work } = pending;
        let result = match work {
            Work::Read { offset_bytes, buffers } => {
                fate.map_or(Ok(()), Err).and_then(|()| state.read(offset_bytes, buffers))
            }
            Work::Write(write) => {
                self.finish_write(state, number, &write, fate);
                fate.map_or(Ok(Vec::new()), Err)
            }
            Work::Flush { covered } if fate.is_none() => {
                state.record(Event::Flushed { covered });
                Ok(Vec::new())
            }
            Work::Flush { .. } | Work::Refused => fate.map_or(Ok(Vec::new()), Err),
        };
        DiskCompletion { token, result }
    }

    fn finish_write(&self, state: &mut State, number: u64, write: &Write, fate: Option<Errno>) {
        if fate.is_some() && self.luck.one_in(2) {
            state.record(Event::Failed(number));
            return;
        }
        write.apply(&mut state.present);
        state.counters.written_bytes += write.data.len() as u64;
        state.record(Event::Completed(number));
    }
}

impl State {
    fn record(&mut self, event: Event) {
        event.apply(&mut self.cache);
        self.tape.events.push(event);
    }

    fn read(&mut self, offset_bytes: u64, mut buffers: Vec<BytesMut>) -> Result<Vec<BytesMut>> {
        let mut at = offset_bytes;
        for buffer in &mut buffers {
            self.present.read_at(at, buffer);
            at += buffer.len() as u64;
        }
        self.counters.read_bytes += at - offset_bytes;
        Ok(buffers)
    }

    /// Counts a request and gives it its part of the work; what cannot be done fails.
    fn accept(&mut self, operation: DiskOperation) -> (Kind, Work) {
        match operation {
            DiskOperation::Read { offset_bytes, buffers } => {
                self.counters.reads += 1;
                (Kind::Read, Work::Read { offset_bytes, buffers })
            }
            DiskOperation::Write { offset_bytes, data } => {
                self.counters.writes += 1;
                (Kind::Write, Work::Write(Write { offset_bytes, data: joined(&data) }))
            }
            // What a power cut makes of it is what it makes of a write.
            DiskOperation::Discard { offset_bytes, length_bytes } => {
                self.counters.writes += 1;
                let within = length_bytes.min(self.present.size_bytes() + 1);
                let mut data = vec![0; within as usize];
                self.garbage.iter().for_each(|luck| luck.fill(&mut data));
                let data = Bytes::from(data);
                (Kind::Write, Work::Write(Write { offset_bytes, data }))
            }
            DiskOperation::Flush => {
                self.counters.flushes += 1;
                (Kind::Flush, Work::Flush { covered: self.cache.completions() })
            }
        }
    }

    fn lies_within(&self, work: &Work) -> bool {
        let (offset_bytes, length_bytes) = match work {
            Work::Read { offset_bytes, buffers } => {
                (*offset_bytes, buffers.iter().map(BytesMut::len).sum())
            }
            Work::Write(write) => (write.offset_bytes, write.data.len()),
            Work::Flush { .. } | Work::Refused => (0, 0),
        };
        let end = offset_bytes.checked_add(length_bytes as u64);
        end.is_some_and(|end| end <= self.present.size_bytes())
    }
}

impl Disk for PowerDisk {
    fn geometry(&self) -> Geometry {
        let size_bytes = self.state.borrow().present.size_bytes();
        Geometry { size_bytes, sector_bytes: SECTOR_BYTES as u32, read_only: self.read_only }
    }

    fn submit(&self, request: DiskRequest) {
        let mut state = self.state.borrow_mut();
        let number = state.next_number;
        state.next_number += 1;
        let (kind, work) = state.accept(request.operation);
        let struck = self.fate(&state, kind);
        let pending = match self.refusal(&state, &work) {
            Some(errno) => Pending { token: request.token, fate: Some(errno), work: Work::Refused },
            None => Pending { token: request.token, fate: struck, work },
        };
        if let Work::Write(write) = &pending.work {
            state.record(Event::Submitted(number, write.clone()));
        }
        state.under_way.insert((self.due(), number), pending);
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        let mut state = self.state.borrow_mut();
        let entry = state.under_way.first_entry()?;
        let (due, number) = *entry.key();
        if due > self.clock.now() {
            return None;
        }
        let pending = entry.remove();
        Some(self.finish(&mut state, number, pending))
    }
}

fn joined(pieces: &[Bytes]) -> Bytes {
    match pieces {
        [one] => Bytes::copy_from_slice(one),
        pieces => Bytes::from(pieces.concat()),
    }
}
