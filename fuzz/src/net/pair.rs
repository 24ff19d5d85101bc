//! A pair: two hosts that talk, and an adversary on the wire between them.
//!
//! What arrives of a stream is the beginning of what was sent, whatever frames are lost, late, early,
//! repeated or spoiled: unless the adversary wrote bytes and a checksum to them. If in the end it
//! gives up, and has only done what bad wires do, all that was sent arrives.

mod adversary;

use super::host::{self, Host, PORT, START, STEP};
use super::ledger::Stream;
use super::link;
use crate::input::Input;
use abi::Instant;
use adversary::Effect;
use hyper::StreamId;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

/// Frames that the wire holds; the oldest is lost.
const ON_THE_WIRE_MAX: usize = 512;
/// Frames that the adversary remembers.
const PAST_MAX: usize = 128;
/// Steps of one input.
const STEPS_MAX: usize = 500;
/// Streams that are there at once; no more are opened.
const STREAMS_MAX: usize = 8;
/// What is sent of one stream in one direction, at most, in bytes.
const GIVEN_MAX: usize = 200_000;
/// Bytes of a piece to be sent.
const PIECES: [usize; 8] = [1, 7, 100, 536, 1448, 5000, 20_000, 100_000];
/// The longest time that passes at once.
const LONG: Duration = Duration::from_secs(60);
/// How long a bad wire's work may take to be made good: two of the longest timeouts.
const CALM: Duration = Duration::from_secs(150);
/// Frames, and times at which something is due, while that lasts.
const CALM_TURNS_MAX: usize = 50_000;

/// A direction of a stream: who began it, to whom, and whether these are the bytes of the former.
type Direction = (SocketAddr, SocketAddr, bool);

/// Runs one input.
///
/// # Panics
/// If a stack breaks a promise, or the stream the adversary.
pub fn net_pair(input: &[u8]) {
    let mut input = Input::new(input);
    let choice = input.u8();
    let mut world = World::new(choice);
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        world.step(&mut input);
    }
    world.calm_down(choice & 0x80 != 0);
    let now = world.now;
    world.hosts.iter_mut().for_each(|host| host.rest(now));
}

/// A frame and the host that it is for.
#[derive(Clone, Debug)]
struct Carried {
    to: usize,
    bytes: Vec<u8>,
}

struct World {
    hosts: [Host; 2],
    now: Instant,
    wire: VecDeque<Carried>,
    past: VecDeque<Carried>,
    /// The worst that was done.
    effect: Effect,
    /// Bytes sent in each direction.
    given: BTreeMap<Direction, usize>,
}

impl World {
    fn new(choice: u8) -> Self {
        let hosts = [1, 2].map(|number| Host::new(number, link::properties(choice)));
        let now = START + Duration::from_secs(2);
        let (wire, past, given) = Default::default();
        let mut world = Self { hosts, now, wire, past, effect: Effect::Bad, given };
        world.hosts.iter_mut().for_each(|host| host.advance(now));
        world.collect();
        world
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.u8() % 20 {
            0..=2 => self.carry(usize::from(input.u8() % 32) + 1),
            3 => self.carry_all(),
            4 => self.pass(Duration::from_millis(1 << (input.u8() % 16))),
            5 => self.pass_until_due(self.now + LONG),
            6 => self.connect(input),
            7..=9 => self.step_send(input),
            10 | 11 => self.step_call(input),
            12 => self.hosts[usize::from(input.u8() % 2)].move_house(self.now),
            _ => self.step_adversary(input),
        }
        self.pass(STEP);
        self.collect();
    }

    fn connect(&mut self, input: &mut Input<'_>) {
        let (from, is_v4) = (usize::from(input.u8() % 2), input.u8().is_multiple_of(2));
        if self.hosts[from].ledger.streams().count() < STREAMS_MAX {
            let remote = SocketAddr::new(host::address(2 - from as u8, is_v4), PORT);
            self.hosts[from].connect(remote, self.now);
        }
    }

    fn choose(&self, input: &mut Input<'_>) -> Option<(usize, StreamId, Stream)> {
        let host = usize::from(input.u8() % 2);
        let (name, stream) = self.hosts[host].ledger.choose(input.u8())?;
        Some((host, name, stream))
    }

    fn step_send(&mut self, input: &mut Input<'_>) {
        let Some((host, name, stream)) = self.choose(input) else { return };
        let (bytes, start) = (input.choose(&PIECES), stream.given_bytes);
        let Some(direction) = direction(&stream, true).filter(|_| start + bytes <= GIVEN_MAX)
        else {
            return;
        };
        let data = (start..start + bytes).map(|at| content(&direction, at)).collect();
        if self.hosts[host].send(name, data, self.now) {
            let given = self.given.entry(direction).or_default();
            *given = (*given).max(start + bytes);
        }
    }

    fn step_call(&mut self, input: &mut Input<'_>) {
        let Some((host, name, _)) = self.choose(input) else { return };
        let (host, now) = (&mut self.hosts[host], self.now);
        match input.u8() % 8 {
            0 | 1 => host.pause(name, true, now),
            2..=4 => host.pause(name, false, now),
            5 => host.finish(name, now),
            6 => host.close(name, now),
            _ => host.abort(name, now),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.hosts.iter_mut().for_each(|host| host.advance(self.now));
    }

    /// Until something is due, but not beyond `end`.
    fn pass_until_due(&mut self, end: Instant) {
        let deadline = self.hosts.iter().filter_map(Host::deadline).min().unwrap_or(end);
        let time = deadline.min(end).0.saturating_sub(self.now.0);
        self.pass(Duration::from_nanos(time));
    }

    fn carry(&mut self, frames: usize) {
        for _ in 0..frames {
            let Some(Carried { to, bytes }) = self.wire.pop_front() else { return };
            self.hosts[to].frame(&bytes, self.now);
        }
    }

    /// Lets frames cross until there are none, or so many that it is enough for a step.
    fn carry_all(&mut self) {
        for _ in 0..16 {
            self.pass(STEP);
            self.carry(ON_THE_WIRE_MAX);
            self.collect();
        }
    }

    /// Takes what the hosts have for the wire, and looks at what they were brought.
    fn collect(&mut self) {
        for host in 0..self.hosts.len() {
            for bytes in self.hosts[host].settle(self.now) {
                let carried = Carried { to: 1 - host, bytes };
                self.past.push_back(carried.clone());
                self.wire.push_back(carried);
            }
        }
        while self.wire.len() > ON_THE_WIRE_MAX {
            self.wire.pop_front();
        }
        while self.past.len() > PAST_MAX {
            self.past.pop_front();
        }
        self.judge();
    }

    fn judge(&mut self) {
        for host in &mut self.hosts {
            for arrival in host.ledger.arrivals.drain(..) {
                let Some(direction) = direction(&arrival.stream, false) else { continue };
                let (start, bytes) = (arrival.stream.received_bytes, arrival.bytes);
                let end = start + bytes.len();
                let given = self.given.get(&direction).copied().unwrap_or(0);
                let is_true = || (start..end).map(|at| content(&direction, at)).eq(bytes);
                let is_forged = self.effect == Effect::Forged;
                assert!(
                    is_forged || end <= given && is_true(),
                    "bytes {start} to {end} of {given}"
                );
            }
        }
    }

    /// Everybody listens, which may be the last that is lost; the adversary leaves, and time passes.
    fn calm_down(&mut self, loses_news: bool) {
        for host in 0..self.hosts.len() {
            let names: Vec<_> = self.hosts[host].ledger.streams().map(|(name, _)| name).collect();
            names.iter().for_each(|name| self.hosts[host].pause(*name, false, self.now));
        }
        self.collect();
        if loses_news {
            self.wire.clear();
        }
        let end = self.now + CALM;
        for _ in 0..CALM_TURNS_MAX {
            self.collect();
            if !self.wire.is_empty() {
                self.carry(ON_THE_WIRE_MAX);
            } else if self.now < end {
                self.pass_until_due(end);
            } else {
                return self.compare();
            }
        }
        panic!("two hosts that are never done");
    }

    /// Of a stream that both ends have, all has arrived.
    fn compare(&self) {
        if self.effect != Effect::Bad {
            return;
        }
        let [one, other] = &self.hosts;
        for (_, there) in other.ledger.streams() {
            let is_same = |here: &Stream| there.ends.is_some() && here.ends == swapped(there.ends);
            let Some((_, here)) = one.ledger.streams().find(|(_, here)| is_same(here)) else {
                continue;
            };
            for (from, to) in [(here, there), (there, here)] {
                assert_eq!(from.given_bytes, to.received_bytes, "{from:?} to {to:?}");
                assert_eq!(from.given_bytes, from.sent_bytes, "and its sender knows: {from:?}");
                assert_eq!(from.is_finished, to.is_ended, "{from:?} to {to:?}");
            }
        }
    }
}

fn swapped(ends: Option<(SocketAddr, SocketAddr)>) -> Option<(SocketAddr, SocketAddr)> {
    ends.map(|(local, remote)| (remote, local))
}

/// Of what a stream sends, or of what arrives.
fn direction(stream: &Stream, is_out: bool) -> Option<Direction> {
    let (local, remote) = stream.ends?;
    let (client, server) = if stream.is_ours { (local, remote) } else { (remote, local) };
    Some((client, server, stream.is_ours == is_out))
}

/// The byte that a direction has at an offset.
fn content(direction: &Direction, at: usize) -> u8 {
    let (client, server, is_clients) = direction;
    let salt = usize::from(client.port()) * 2 + usize::from(*is_clients);
    let host = usize::from(server.is_ipv4());
    (at.wrapping_mul(167) ^ (at >> 8).wrapping_mul(31) ^ salt.wrapping_mul(13) ^ host) as u8
}
