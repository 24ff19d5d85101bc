//! Our own addresses: where they come from, whether they are unique, how long they last.
//!
//! ```text
//!  fixed ──────────────────────────────┐ (IPv4, or detection is off)
//!  fixed, link-local, advertised (IPv6)│► Tentative ─ nobody has it ─► Announcing ─► Settled
//!  leased (DHCP) ──────────────────────┘      │ conflict: (leased) given up, (others) tried again
//!                                             ▼ later, or (made from a secret) another one is made
//! ```
//! A tentative address is neither answered for nor sent from (RFC 4862 §5.4, RFC 5227 §2.1).

pub(crate) mod dhcp;
mod lease;
mod prefix;
pub(crate) mod slaac;

pub(crate) use prefix::solicited_group;
pub use prefix::{Prefix, is_host};

use crate::limits::ADDRESSES_MAX;
use abi::Instant;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

/// Questions for somebody else who has an IPv4 address (RFC 5227 §1.1, PROBE_NUM).
const PROBES_V4: u8 = 3;
/// Between them. RFC 5227 says one to two seconds, for networks of its day with bridges that need
/// as long to wake up; common DHCP clients hurry as well.
const PROBE_V4_INTERVAL: Duration = Duration::from_millis(200);
/// After the question for an IPv6 address (RFC 4861 §10, RETRANS_TIMER).
const PROBE_V6_INTERVAL: Duration = Duration::from_secs(1);
/// Announcements (RFC 5227 §1.1 ANNOUNCE_NUM; RFC 4861 §7.2.6).
const ANNOUNCEMENTS: u8 = 2;
const ANNOUNCEMENT_INTERVAL: Duration = Duration::from_secs(2);
/// One conflict in such a time is answered, a second one is not (RFC 5227 §2.4).
const DEFEND_INTERVAL: Duration = Duration::from_secs(10);
/// After which an address is tried again that somebody had.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// Where an address came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Fixed,
    LinkLocal,
    Leased,
    Advertised,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Asked for so many times yet.
    Tentative {
        left: u8,
        next: Instant,
    },
    Announcing {
        left: u8,
        next: Instant,
    },
    Settled,
    /// Somebody else has it; when it is tried again, if it is.
    Duplicate {
        retry: Option<Instant>,
    },
}

/// One of our addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Own {
    prefix: Prefix,
    origin: Origin,
    state: State,
    until: Option<Instant>,
    /// When somebody else was heard to have it and that had consequences, if it was.
    contested: Option<Instant>,
}

/// What is to be sent for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Ask if somebody has it.
    Probe(IpAddr),
    /// It is ours from now on; say so.
    Begin(IpAddr),
    /// Say again that it is ours.
    Announce(IpAddr),
    /// It is not ours any more.
    Expired(IpAddr),
}

/// What a conflict came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// It stays ours; say so.
    Defend,
    /// It stays ours; enough has been said.
    Ignore,
    /// It is lost.
    Lost(Origin),
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses {
    all: Vec<Own>,
    changes: u64,
}

impl Addresses {
    /// Adds one, or says anew how long it lasts. With `probes`, it is asked for first, after a
    /// `delay`. Says whether it is new.
    pub(crate) fn add(
        &mut self,
        prefix: Prefix,
        origin: Origin,
        probes: Option<Duration>,
        until: Option<Instant>,
        now: Instant,
    ) -> bool {
        if let Some(own) = self.all.iter_mut().find(|own| own.prefix.address == prefix.address) {
            if own.origin == origin {
                own.until = until;
            }
            return false;
        }
        let is_room = self.all.len() < ADDRESSES_MAX && is_host(prefix.address);
        if is_room {
            let probes_left = if prefix.address.is_ipv4() { PROBES_V4 } else { 1 };
            let state = match probes {
                Some(delay) => State::Tentative { left: probes_left, next: now + delay },
                None => State::Tentative { left: 0, next: now },
            };
            self.all.push(Own { prefix, origin, state, until, contested: None });
            self.changes += 1;
        }
        is_room
    }

    /// Takes one away, if it came from there.
    pub(crate) fn remove(&mut self, address: IpAddr, origin: Origin) {
        self.all.retain(|own| own.prefix.address != address || own.origin != origin);
        self.changes += 1;
    }

    /// Whether an address is one of ours, in use or tentative.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        self.find(address).is_some_and(|own| !matches!(own.state, State::Duplicate { .. }))
    }

    /// Whether an address is ours and in use.
    pub(crate) fn is_ours(&self, address: IpAddr) -> bool {
        self.find(address).is_some_and(Own::is_used)
    }

    /// Those that are ours or that we would like to have.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = IpAddr> {
        let is_wanted = |own: &&Own| !matches!(own.state, State::Duplicate { .. });
        self.all.iter().filter(is_wanted).map(|own| own.prefix.address)
    }

    /// How often these, or what is done for them, have changed: a number to compare.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    fn find(&self, address: IpAddr) -> Option<&Own> {
        self.all.iter().find(|own| own.prefix.address == address)
    }

    /// The prefixes of addresses in use.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = Prefix> {
        self.all.iter().filter(|own| own.is_used()).map(|own| own.prefix)
    }

    /// Those that somebody else was heard to have.
    pub(crate) fn contested(&self) -> impl Iterator<Item = IpAddr> {
        self.all.iter().filter(|own| own.contested.is_some()).map(|own| own.prefix.address)
    }

    /// Every IPv6 address that is used or wanted: the groups in which we listen for it.
    pub(crate) fn v6(&self) -> impl Iterator<Item = Ipv6Addr> {
        self.wanted().filter_map(|address| match address {
            IpAddr::V6(address) => Some(address),
            IpAddr::V4(_) => None,
        })
    }

    /// From which of our addresses to speak to somebody: one of the same network, or of the same
    /// reach (a small part of RFC 6724: answers leave from where the question came to).
    pub(crate) fn source_for(&self, to: IpAddr) -> Option<IpAddr> {
        let mut best = None;
        for prefix in self.prefixes().filter(|own| own.address.is_ipv4() == to.is_ipv4()) {
            let rank = (prefix.contains(to), is_link_local(prefix.address) == is_link_local(to));
            if best.is_none_or(|(best_rank, _)| rank > best_rank) {
                best = Some((rank, prefix.address));
            }
        }
        best.map(|(_, address)| address)
    }

    /// Our link-local IPv6 address, if it is in use.
    pub(crate) fn link_local(&self) -> Option<Ipv6Addr> {
        self.prefixes().find_map(|prefix| match prefix.address {
            IpAddr::V6(address) if address.is_unicast_link_local() => Some(address),
            _ => None,
        })
    }

    /// How long an address lasts that came from an advertisement.
    pub(crate) fn advertised_until(&self, address: IpAddr) -> Option<Instant> {
        self.find(address).filter(|own| own.origin == Origin::Advertised).and_then(|own| own.until)
    }

    /// Whether an address is one that we wanted, and somebody else has.
    pub(crate) fn is_taken(&self, address: IpAddr) -> bool {
        self.find(address).is_some_and(|own| matches!(own.state, State::Duplicate { .. }))
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.all.iter().filter_map(Own::deadline).min()
    }

    /// The next thing that is due, done.
    pub(crate) fn next_duty(&mut self, now: Instant) -> Option<Duty> {
        let index = self.all.iter().position(|own| own.deadline().is_some_and(|due| due <= now))?;
        self.changes += 1;
        let own = &mut self.all[index];
        let address = own.prefix.address;
        if own.until.is_some_and(|until| until <= now) {
            self.all.remove(index);
            return Some(Duty::Expired(address));
        }
        Some(own.advance(now))
    }

    /// Somebody else speaks for an address of ours.
    pub(crate) fn conflict(&mut self, address: IpAddr, now: Instant) -> Conflict {
        let found = self.all.iter_mut().find(|own| own.prefix.address == address);
        let Some(own) = found else { return Conflict::Ignore };
        self.changes += 1;
        let is_fresh = own.contested.is_none_or(|at| now.since(at) >= DEFEND_INTERVAL);
        match (own.state, own.origin) {
            (State::Tentative { .. }, Origin::Leased) => {
                self.remove(address, Origin::Leased);
                Conflict::Lost(Origin::Leased)
            }
            (State::Tentative { .. }, origin) => {
                own.contested = Some(now);
                own.state = State::Duplicate { retry: Some(now + RETRY_INTERVAL) };
                Conflict::Lost(origin)
            }
            _ if is_fresh => {
                own.contested = Some(now);
                Conflict::Defend
            }
            _ => Conflict::Ignore,
        }
    }

    /// Leaves an address to who has it: another one is used in its stead.
    pub(crate) fn leave(&mut self, address: IpAddr) {
        let taken = |own: &&mut Own| own.prefix.address == address;
        if let Some(own) = self.all.iter_mut().find(taken) {
            own.state = State::Duplicate { retry: None };
        }
    }
}

impl Own {
    fn is_used(&self) -> bool {
        matches!(self.state, State::Announcing { .. } | State::Settled)
    }

    fn deadline(&self) -> Option<Instant> {
        let next = match self.state {
            State::Tentative { next, .. } | State::Announcing { next, .. } => Some(next),
            State::Duplicate { retry } => retry,
            State::Settled => None,
        };
        next.into_iter().chain(self.until).min()
    }

    fn advance(&mut self, now: Instant) -> Duty {
        let address = self.prefix.address;
        let (state, duty) = match self.state {
            State::Tentative { left: 0, .. } => {
                let next = now + ANNOUNCEMENT_INTERVAL;
                (State::Announcing { left: ANNOUNCEMENTS - 1, next }, Duty::Begin(address))
            }
            State::Tentative { left, .. } => (
                State::Tentative { left: left - 1, next: now + self.interval() },
                Duty::Probe(address),
            ),
            State::Announcing { left: 0 | 1, .. } | State::Settled => {
                (State::Settled, Duty::Announce(address))
            }
            State::Announcing { left, .. } => {
                let next = now + ANNOUNCEMENT_INTERVAL;
                (State::Announcing { left: left - 1, next }, Duty::Announce(address))
            }
            State::Duplicate { .. } => {
                let left = if address.is_ipv4() { PROBES_V4 } else { 1 } - 1;
                (State::Tentative { left, next: now + self.interval() }, Duty::Probe(address))
            }
        };
        self.state = state;
        duty
    }

    fn interval(&self) -> Duration {
        if self.prefix.address.is_ipv4() { PROBE_V4_INTERVAL } else { PROBE_V6_INTERVAL }
    }
}

/// Whether an address means something on its link only.
pub(crate) fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => {
            let [scope, ..] = address.segments();
            address.is_unicast_link_local() || matches!(scope & 0xff0f, 0xff01 | 0xff02)
        }
    }
}
