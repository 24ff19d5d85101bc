//! A disk's history, from which any moment of it can be had again.
//!
//! A run is made once; afterwards the power can be cut at every index of its tape, in every way, for
//! the price of a list of pages, instead of running everything again up to there.

use crate::cache::{Write, WriteCache};
use crate::{Image, Luck, Survivors};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

/// What happened to a disk, as far as a power cut can tell.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Submitted(u64, Write),
    Completed(u64),
    Failed(u64),
    Flushed { covered: u64 },
}

impl Event {
    pub(crate) fn apply(&self, cache: &mut WriteCache) {
        match self {
            Self::Submitted(number, write) => cache.submit(*number, write.clone()),
            Self::Completed(number) => cache.complete(*number),
            Self::Failed(number) => cache.fail(*number),
            Self::Flushed { covered } => cache.flush(*covered),
        }
    }
}

/// Everything that was written to a disk, in order, and when it became durable.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    pub(crate) first: Image,
    pub(crate) events: Vec<Event>,
}

impl Tape {
    /// How many events there are. A moment is an index from zero to this.
    pub fn length(&self) -> usize {
        self.events.len()
    }

    /// Whether the last that happened before this moment was that a write completed. A cut then
    /// leaves nothing that one just before could not leave.
    pub fn is_completion_before(&self, moment: usize) -> bool {
        let last = moment.checked_sub(1).and_then(|last| self.events.get(last));
        matches!(last, Some(Event::Completed(_)))
    }

    /// The past, from the beginning.
    pub fn replay(&self) -> Replay<'_> {
        Replay { tape: self, position: 0, cache: WriteCache::new(self.first.clone()) }
    }

    /// What happened between two moments, a line for each event.
    pub fn describe(&self, moments: Range<usize>) -> String {
        let first = moments.start;
        let events = self.events.get(moments).unwrap_or_default().iter();
        let lines = events.zip(first..).map(|(event, at)| format!("  {at:6} {event}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A number that two tapes have in common only if the same happened on both.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for event in &self.events {
            match event {
                Event::Submitted(number, write) => {
                    (0, number, write.offset_bytes, &write.data[..]).hash(&mut hasher);
                }
                Event::Completed(number) => (1, number).hash(&mut hasher),
                Event::Failed(number) => (2, number).hash(&mut hasher),
                Event::Flushed { covered } => (3, covered).hash(&mut hasher),
            }
        }
        hasher.finish()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submitted(number, Write { offset_bytes, data }) => {
                write!(formatter, "write {number}: {} bytes at {offset_bytes}", data.len())
            }
            Self::Completed(number) => write!(formatter, "write {number} has completed"),
            Self::Failed(number) => write!(formatter, "write {number} has failed"),
            Self::Flushed { covered } => write!(formatter, "{covered} writes are durable"),
        }
    }
}

/// A disk at one moment of its past.
#[derive(Clone, Debug)]
pub struct Replay<'a> {
    tape: &'a Tape,
    position: usize,
    cache: WriteCache,
}

impl Replay<'_> {
    /// Goes on to a later moment, at most to the end.
    pub fn reach(&mut self, position: usize) {
        let position = position.min(self.tape.length());
        while self.position < position {
            self.tape.events[self.position].apply(&mut self.cache);
            self.position += 1;
        }
    }

    /// How many writes a cut at this moment may take.
    pub fn at_risk(&self) -> usize {
        self.cache.at_risk()
    }

    /// What a power cut at this moment leaves.
    pub fn cut(&self, survivors: Survivors, luck: &Luck) -> Image {
        self.cache.cut(survivors, luck)
    }
}
