//! Who makes room when all places are taken: a newcomer that has proved to be there is never turned
//! away by those who came before it.
//!
//! A few connections are drawn by lot ([`Table::sample`](crate::tcp::table::Table::sample)). Whose
//! source has the most of them goes first, if those are many; then who never got an answer, who waits
//! for none, and who has been silent for longest. So one machine that opens all there are only makes
//! room for others; clients that are mounted and idle stay. Nothing is counted or searched: the cost is
//! the same whoever holds what.

use super::endpoint::{Endpoint, Stage};
use super::{Sink, Streams};
use crate::stack::Stack;
use crate::tcp::connection::Connection;
use crate::tcp::limits::{CROWD_MIN, SAMPLE};
use crate::tcp::table::numbers::Pair;
use abi::Instant;
use core::net::IpAddr;
use core::time::Duration;
use hyper::StreamId;

#[cfg(test)]
mod tests;

/// Connections that were closed to make room for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Displaced {
    /// How many.
    pub count: u64,
    /// Whose the last one was.
    pub last: Option<IpAddr>,
}

/// How little would be missed, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    /// How many of those that were looked at are of its source, if it is a crowd.
    crowd: usize,
    never_answered: bool,
    is_at_rest: bool,
    silence: Duration,
}

impl Stack {
    /// Connections that were closed to make room for others, since the beginning.
    pub fn displaced(&self) -> Displaced {
        self.streams.displaced
    }

    /// Sees to it that there is room for one more connection, if all are not our own.
    pub(super) fn make_room(&mut self, newcomer: &Pair, now: Instant, sink: Sink<'_>) {
        if !self.streams.table.is_full() {
            return;
        }
        let Some((stream, from)) = self.streams.least_missed(newcomer, now) else { return };
        let displaced = &mut self.streams.displaced;
        *displaced = Displaced { count: displaced.count + 1, last: Some(from) };
        self.abort(stream, now, sink);
    }
}

impl Streams {
    /// The connection that is missed least, and whose it is.
    fn least_missed(&self, newcomer: &Pair, now: Instant) -> Option<(StreamId, IpAddr)> {
        let mut sources = [None; SAMPLE];
        for (place, (_, pair, _)) in sources.iter_mut().zip(self.table.sample(newcomer, now)) {
            *place = Some(source(pair));
        }
        let crowd_of = |pair: &Pair| {
            let of_same = sources.iter().filter(|other| **other == Some(source(pair))).count();
            if of_same < CROWD_MIN { 0 } else { of_same }
        };
        let candidates = self.table.sample(newcomer, now).filter_map(|(stream, pair, endpoint)| {
            let connection = open(endpoint)?;
            Some((worth(connection, crowd_of(pair), now), stream, pair.remote.ip()))
        });
        candidates
            .max_by_key(|candidate| candidate.0)
            .map(|(_, stream, from)| (StreamId(stream), from))
    }
}

/// What is opened by ourselves is not given up for a stranger.
fn open(endpoint: &Endpoint) -> Option<&Connection> {
    match &endpoint.stage {
        Stage::Open(connection) => Some(connection),
        Stage::Opening(_) => None,
    }
}

fn worth(connection: &Connection, crowd: usize, now: Instant) -> Worth {
    Worth {
        crowd,
        never_answered: !connection.has_answered(),
        is_at_rest: connection.is_at_rest(),
        silence: now.since(connection.silent_since()),
    }
}

/// Who is taken for one machine: an IPv6 host has a whole network of addresses to choose from.
fn source(pair: &Pair) -> u128 {
    match pair.remote.ip() {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}
