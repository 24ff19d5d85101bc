//! Who lives at which station address: one cache for both families.
//!
//! ```text
//!            packet            answer            30 s, packet       5 s          3 questions
//!  (unknown) ──────► Incomplete ─────► Reachable ────────────► Delay ───► Probe ─────────────► (unknown)
//!      │ asked us        3 questions ▼     ▲   somebody spoke of it ▲        │ answer
//!      └────────► Stale ◄──────────────────┴────────────────────────┘◄───────┘
//! ```
//! The states are RFC 4861's (§7.3.2), for ARP too (RFC 1122 §2.3.2.1 wants such a check). What is
//! sent meanwhile waits, bounded. A flood of invented neighbours cannot drive out one that we talk
//! to and that answers: room is made among others, and if there is none the new one has to wait.
//!
//! The cache never makes questions itself; it says whom to ask ([`Neighbours::next_question`]).

pub(crate) mod arp;
pub(crate) mod mld;
pub(crate) mod ndp;
#[cfg(test)]
mod tests;

use crate::frame::{Packet, Wire};
use crate::limits::{
    FRAMES_WAITING_MAX, FRAMES_WAITING_PER_NEIGHBOUR_MAX, GATEWAYS_MAX, NEIGHBOUR_BUSY,
    NEIGHBOUR_IDLE, NEIGHBOURS_MAX, NEIGHBOURS_PASSED_MAX, NEIGHBOURS_UNRESOLVED_MAX,
};
use abi::Instant;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::ops::Bound;
use core::time::Duration;
use smoltcp::wire::EthernetProtocol;

/// How long an answer is good for (RFC 4861 §10, REACHABLE_TIME).
const REACHABLE: Duration = Duration::from_secs(30);
/// How long others may tell that a neighbour is there before it is asked (DELAY_FIRST_PROBE_TIME).
const DELAY: Duration = Duration::from_secs(5);
/// Between questions (RETRANS_TIMER).
const QUESTION_INTERVAL: Duration = Duration::from_secs(1);
/// Questions before a neighbour is given up (MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT).
const QUESTIONS_MAX: u8 = 3;

/// Whom to ask for a neighbour's station address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) of: IpAddr,
    /// The station that was it last; `None`: ask everybody.
    pub(crate) station: Option<[u8; 6]>,
}

/// What somebody says of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Its station; `None`: the one that is known.
    pub(crate) station: Option<[u8; 6]>,
    /// Whether it says that it answers a question of ours.
    pub(crate) is_answer: bool,
    /// Whether it counts against what is known.
    pub(crate) overrides: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Incomplete { asked: u8 },
    Reachable,
    Stale,
    Delay,
    Probe { asked: u8 },
}

#[derive(Debug)]
struct Neighbour {
    station: [u8; 6],
    state: State,
    /// When something has to be done about it.
    due: Instant,
    /// When it was last sent to.
    used: Option<Instant>,
    /// When it last answered.
    answered: Option<Instant>,
    waiting: Vec<Packet>,
}

/// The cache.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    all: BTreeMap<IpAddr, Neighbour>,
    due: BTreeSet<(Instant, IpAddr)>,
    questions: VecDeque<Question>,
    /// Who was looked at last for room.
    hand: Option<IpAddr>,
    unresolved: usize,
    waiting: usize,
    changes: u64,
}

impl Neighbours {
    /// Sends a packet to a neighbour, now or as soon as its station is known.
    pub(crate) fn send(&mut self, to: IpAddr, packet: Packet, now: Instant, wire: &mut Wire) {
        if !self.all.contains_key(&to) && !self.ask_for(to, now) {
            return;
        }
        let Some(neighbour) = self.all.get_mut(&to) else { return };
        neighbour.used = Some(now);
        let is_room = self.waiting < FRAMES_WAITING_MAX
            && neighbour.waiting.len() < FRAMES_WAITING_PER_NEIGHBOUR_MAX;
        match neighbour.state {
            State::Incomplete { .. } if is_room => {
                neighbour.waiting.push(packet);
                self.waiting += 1;
            }
            State::Incomplete { .. } => {}
            _ => {
                let station = neighbour.station;
                let is_old = neighbour.state == State::Stale
                    || neighbour.state == State::Reachable && neighbour.due <= now;
                if is_old {
                    self.change(to, State::Delay, now + DELAY);
                }
                wire.send(packet, station, protocol(to));
            }
        }
    }

    /// Somebody at `station` spoke to us as `from`: it may be remembered, to be answered.
    pub(crate) fn heard(&mut self, from: IpAddr, station: [u8; 6], now: Instant, wire: &mut Wire) {
        let claim = Claim { station: Some(station), is_answer: false, overrides: true };
        if self.all.contains_key(&from) {
            self.claimed(from, claim, now, wire);
        } else if self.is_room(now) {
            self.insert(from, station, State::Stale, now + NEIGHBOUR_IDLE);
        }
    }

    /// Somebody says something of `of`: it counts only if that is known (RFC 4861 §7.2.5, RFC 826).
    pub(crate) fn claimed(&mut self, of: IpAddr, claim: Claim, now: Instant, wire: &mut Wire) {
        let Some(neighbour) = self.all.get_mut(&of) else { return };
        let is_incomplete = matches!(neighbour.state, State::Incomplete { .. });
        let is_asked = is_incomplete || matches!(neighbour.state, State::Probe { .. });
        let Some(station) = claim.station.or((!is_incomplete).then_some(neighbour.station)) else {
            return;
        };
        let is_other = station != neighbour.station;
        if is_other && !claim.overrides && !is_incomplete {
            if neighbour.state == State::Reachable {
                self.change(of, State::Stale, now + NEIGHBOUR_IDLE);
            }
            return;
        }
        neighbour.station = station;
        self.changes += u64::from(is_other || is_incomplete);
        // What nobody asked for proves nothing of another station: it is asked soon.
        if claim.is_answer && (is_asked || !is_other) {
            neighbour.answered = Some(now);
            self.change(of, State::Reachable, now + REACHABLE);
        } else if is_other || is_incomplete {
            self.change(of, State::Stale, now + NEIGHBOUR_IDLE);
        }
        self.send_waiting(of, wire);
    }

    /// Somebody whom this neighbour carries packets to has answered: it need not be asked.
    pub(crate) fn confirmed(&mut self, of: IpAddr, now: Instant) {
        let Some(neighbour) = self.all.get_mut(&of) else { return };
        let is_fresh = neighbour.state == State::Reachable && neighbour.due > now + REACHABLE / 2;
        if !is_fresh && !matches!(neighbour.state, State::Incomplete { .. }) {
            neighbour.answered = Some(now);
            self.change(of, State::Reachable, now + REACHABLE);
        }
    }

    /// Does what is due, and names those that did not answer to `silent`.
    pub(crate) fn advance(&mut self, now: Instant, silent: &mut dyn FnMut(IpAddr)) {
        while let Some(&(due, of)) = self.due.first().filter(|(due, _)| *due <= now) {
            self.due.remove(&(due, of));
            self.is_due(of, now, silent);
        }
    }

    fn is_due(&mut self, of: IpAddr, now: Instant, silent: &mut dyn FnMut(IpAddr)) {
        let Some(neighbour) = self.all.get(&of) else { return };
        let station = Some(neighbour.station);
        let next_question = now + QUESTION_INTERVAL;
        match neighbour.state {
            State::Incomplete { asked } if asked < QUESTIONS_MAX => {
                self.change(of, State::Incomplete { asked: asked + 1 }, next_question);
                self.ask(Question { of, station: None });
            }
            State::Probe { asked } if asked < QUESTIONS_MAX => {
                self.change(of, State::Probe { asked: asked + 1 }, next_question);
                self.ask(Question { of, station });
            }
            State::Delay => {
                self.change(of, State::Probe { asked: 1 }, next_question);
                self.ask(Question { of, station });
            }
            State::Reachable => self.change(of, State::Stale, now + NEIGHBOUR_IDLE),
            State::Incomplete { .. } | State::Probe { .. } => {
                self.forget(of);
                silent(of);
            }
            State::Stale => self.forget(of),
        }
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Whom to ask now.
    pub(crate) fn next_question(&mut self) -> Option<Question> {
        self.questions.pop_front()
    }

    /// Whether a neighbour's station is known: it was heard since it last fell silent, if it ever did.
    pub(crate) fn has_answered(&self, of: IpAddr) -> bool {
        let neighbour = self.all.get(&of);
        neighbour.is_some_and(|known| !matches!(known.state, State::Incomplete { .. }))
    }

    /// Asks for a router that is not known, though many others are asked for: they leave room for it.
    pub(crate) fn ask_for_router(&mut self, of: IpAddr, now: Instant) {
        if !self.all.contains_key(&of) {
            self.ask_among(NEIGHBOURS_UNRESOLVED_MAX + GATEWAYS_MAX, of, now);
        }
    }

    fn ask_for(&mut self, of: IpAddr, now: Instant) -> bool {
        self.ask_among(NEIGHBOURS_UNRESOLVED_MAX, of, now)
    }

    fn ask_among(&mut self, unresolved_max: usize, of: IpAddr, now: Instant) -> bool {
        let is_room = self.unresolved < unresolved_max && self.is_room(now);
        if is_room {
            self.unresolved += 1;
            self.insert(of, [0; 6], State::Incomplete { asked: 1 }, now + QUESTION_INTERVAL);
            self.ask(Question { of, station: None });
        }
        is_room
    }

    /// Every neighbour has at most one question outstanding, so that this is bounded too.
    fn ask(&mut self, question: Question) {
        self.questions.push_back(question);
    }

    fn insert(&mut self, of: IpAddr, station: [u8; 6], state: State, due: Instant) {
        let neighbour =
            Neighbour { station, state, due, used: None, answered: None, waiting: Vec::new() };
        self.all.insert(of, neighbour);
        self.due.insert((due, of));
        self.changes += 1;
    }

    fn change(&mut self, of: IpAddr, state: State, due: Instant) {
        let Some(neighbour) = self.all.get_mut(&of) else { return };
        let was_incomplete = matches!(neighbour.state, State::Incomplete { .. });
        if was_incomplete && !matches!(state, State::Incomplete { .. }) {
            self.unresolved -= 1;
        }
        self.due.remove(&(neighbour.due, of));
        (neighbour.state, neighbour.due) = (state, due);
        self.due.insert((due, of));
    }

    fn send_waiting(&mut self, to: IpAddr, wire: &mut Wire) {
        let Some(neighbour) = self.all.get_mut(&to) else { return };
        let waiting = core::mem::take(&mut neighbour.waiting);
        self.waiting -= waiting.len();
        for packet in waiting {
            wire.send(packet, neighbour.station, protocol(to));
        }
    }

    fn forget(&mut self, of: IpAddr) {
        let Some(neighbour) = self.all.remove(&of) else { return };
        self.changes += 1;
        self.due.remove(&(neighbour.due, of));
        self.waiting -= neighbour.waiting.len();
        self.unresolved -= usize::from(matches!(neighbour.state, State::Incomplete { .. }));
    }

    /// Whether there is room for one more, made among those that nobody needs.
    fn is_room(&mut self, now: Instant) -> bool {
        for _ in 0..NEIGHBOURS_PASSED_MAX {
            if self.all.len() < NEIGHBOURS_MAX {
                return true;
            }
            let after = self.hand.map_or(Bound::Unbounded, Bound::Excluded);
            let mut following = self.all.range((after, Bound::Unbounded));
            let next = following.next().or_else(|| self.all.first_key_value());
            let Some((&of, neighbour)) = next else { return true };
            let is_needed = neighbour.is_needed(now);
            self.hand = Some(of);
            if !is_needed {
                self.forget(of);
            }
        }
        false
    }

    /// Everyone, and the station of who has answered.
    pub(crate) fn stations(&self) -> impl Iterator<Item = (IpAddr, Option<[u8; 6]>)> {
        self.all.iter().map(|(of, neighbour)| {
            let is_known = !matches!(neighbour.state, State::Incomplete { .. });
            (*of, is_known.then_some(neighbour.station))
        })
    }

    /// How often those have changed: a number to compare.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// How many are remembered, how many of them are asked for, and how many frames wait.
    pub(crate) fn count(&self) -> (usize, usize, usize) {
        (self.all.len(), self.unresolved, self.waiting)
    }
}

impl Neighbour {
    fn is_needed(&self, now: Instant) -> bool {
        let is_recent = |at: Option<Instant>| at.is_some_and(|at| now.since(at) < NEIGHBOUR_BUSY);
        matches!(self.state, State::Incomplete { .. })
            || is_recent(self.used) && is_recent(self.answered)
    }
}

fn protocol(address: IpAddr) -> EthernetProtocol {
    if address.is_ipv4() { EthernetProtocol::Ipv4 } else { EthernetProtocol::Ipv6 }
}
