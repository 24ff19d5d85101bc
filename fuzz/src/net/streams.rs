//! Streams: a host with connections in every state, and peers that know nearly where those stand.
//!
//! Peers are no stacks: they say what the input tells them to, with checksums that are right, so that
//! it is heard. They keep book of what the host says, because numbers that are far off get nowhere. Their
//! bytes depend on their numbers alone, so that what arrives is known, however it came, until a
//! stranger mixes its own with them.

mod peers;
mod strange;

use super::host::{Host, PORT, START, STEP};
use super::ledger::{Arrival, Stream};
use super::packet::{ETHERNET_BYTES, Seen, is_discarded, seen};
use super::{host, link};
use crate::input::Input;
use ::net::Conversation;
use abi::Instant;
use hyper::StreamId;
use peers::{Act, Talk};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// The host.
const HOST: u8 = 1;
/// Those that talk to it are numbered from here.
const PEER_FIRST: u8 = 2;
const PEERS: u8 = 4;

/// Conversations that peers keep book of; the oldest is forgotten.
const TALKS_MAX: usize = 32;
/// Frames of either direction that are remembered, to be said again or quoted.
const PAST_MAX: usize = 32;
/// Connections that are out of the host.
const CARRIED_MAX: usize = 8;
/// Steps of one input.
const STEPS_MAX: usize = 500;
/// What the host is given to send for one stream, at most, in bytes.
const GIVEN_MAX: usize = 200_000;
/// Bytes of a piece to be sent.
const PIECES: [usize; 8] = [1, 7, 100, 536, 1448, 5000, 20_000, 100_000];

/// Runs one input.
///
/// # Panics
/// If the stack breaks a promise.
pub fn net_streams(input: &[u8]) {
    let mut input = Input::new(input);
    let mut world = World::new(input.u8());
    world.prepare(input.u8());
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        world.step(&mut input);
    }
    world.host.rest(world.now);
}

struct World {
    host: Host,
    now: Instant,
    talks: VecDeque<Talk>,
    /// Frames of the host, and frames that it got.
    left: VecDeque<Vec<u8>>,
    arrived: VecDeque<Vec<u8>>,
    carried: Vec<(Stream, Conversation)>,
    /// The link takes no frames.
    is_full: bool,
    /// Some bytes were not those that peers send.
    is_mixed: bool,
    /// The port of the last connection by a peer.
    port: u16,
}

impl World {
    fn new(choice: u8) -> Self {
        let mut host = Host::new(HOST, link::properties(choice));
        let now = START + Duration::from_secs(2);
        host.advance(now);
        Self {
            host,
            now,
            talks: VecDeque::new(),
            left: VecDeque::new(),
            arrived: VecDeque::new(),
            carried: Vec::new(),
            is_full: false,
            is_mixed: false,
            port: 1000,
        }
    }

    /// A connection in each state that has its bit in `states`, over both families in turn.
    fn prepare(&mut self, states: u8) {
        for state in (0..8).filter(|state| states >> state & 1 == 1) {
            let (peer, is_v4) = (PEER_FIRST + state % PEERS, state / PEERS == state % 2);
            match state {
                6 => self.connect(peer, is_v4),
                7 => drop(self.open(peer, is_v4)),
                _ => self.prepare_open(peer, is_v4, state),
            }
            self.pass(STEP);
            self.collect();
        }
    }

    fn prepare_open(&mut self, peer: u8, is_v4: bool, state: u8) {
        let talk = self.open(peer, is_v4);
        self.act(talk, Act::Acknowledge);
        let Some((stream, _)) = self.host.ledger.streams().last() else { return };
        match state {
            1 => {
                self.host.pause(stream, true, self.now);
                self.act(talk, Act::Data(100));
                self.act(talk, Act::Gap(50));
            }
            2 => self.act(talk, Act::Finish),
            3..=5 => {
                self.host.finish(stream, self.now);
                self.collect();
                let act = if state == 4 { Act::FinishUnheard } else { Act::Acknowledge };
                self.act(talk, act);
                if state == 5 {
                    self.act(talk, Act::Finish);
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.u8() % 20 {
            0..=2 => self.step_honest(input),
            3..=5 => self.step_nearly(input),
            6 => self.step_fragments(input),
            7 => self.step_quoted(input),
            8 => self.step_again(input),
            9 => self.step_mirrored(input),
            10 => self.step_raw(input),
            11 => self.step_flood(input),
            12 => {
                let (peer, is_v4) = self.choose_peer(input);
                self.open(peer, is_v4);
            }
            13 => self.pass(Duration::from_millis(1 << (input.u8() % 18))),
            14 => self.pass_until_due(),
            15 => self.step_send(input),
            16 => self.step_call(input),
            17 => self.step_carry(input),
            18 => {
                let (peer, is_v4) = self.choose_peer(input);
                self.connect(peer, is_v4);
            }
            _ => self.step_switch(input),
        }
        self.pass(STEP);
        self.collect();
    }

    fn choose_peer(&self, input: &mut Input<'_>) -> (u8, bool) {
        let choice = input.u8();
        (PEER_FIRST + choice / 2 % PEERS, choice.is_multiple_of(2))
    }

    fn choose_stream(&self, input: &mut Input<'_>) -> Option<StreamId> {
        self.host.ledger.choose(input.u8()).map(|(stream, _)| stream)
    }

    fn step_send(&mut self, input: &mut Input<'_>) {
        let Some((stream, so_far)) = self.host.ledger.choose(input.u8()) else { return };
        let bytes = input.choose(&PIECES);
        if so_far.given_bytes + bytes <= GIVEN_MAX {
            self.host.send(stream, vec![7; bytes], self.now);
        }
    }

    fn step_call(&mut self, input: &mut Input<'_>) {
        let Some(stream) = self.choose_stream(input) else { return };
        match input.u8() % 6 {
            0 => self.host.pause(stream, true, self.now),
            1 => self.host.pause(stream, false, self.now),
            2 | 3 => self.host.finish(stream, self.now),
            4 => self.host.close(stream, self.now),
            _ => self.host.abort(stream, self.now),
        }
    }

    /// A connection leaves; one that left comes back, if its place is still free; or all move.
    fn step_carry(&mut self, input: &mut Input<'_>) {
        match input.u8() % 4 {
            0 | 1 if self.carried.len() < CARRIED_MAX => {
                let Some(stream) = self.choose_stream(input) else { return };
                self.carried.extend(self.host.export(stream, self.now));
            }
            3 => self.host.move_house(self.now),
            _ => {
                if let Some(one) = self.carried.pop() {
                    self.host.import(one);
                }
            }
        }
    }

    fn step_switch(&mut self, input: &mut Input<'_>) {
        match input.u8() % 4 {
            0 => self.is_full = true,
            1 => self.host.stop_listening(),
            2 => self.host.listen(),
            _ => self.is_full = false,
        }
    }

    fn connect(&mut self, peer: u8, is_v4: bool) {
        let remote = SocketAddr::new(host::address(peer, is_v4), PORT);
        self.host.connect(remote, self.now);
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.host.advance(self.now);
    }

    fn pass_until_due(&mut self) {
        if let Some(deadline) = self.host.deadline() {
            self.now = self.now.max(deadline);
            self.host.advance(self.now);
        }
    }

    /// Hands the host a packet of a peer.
    fn say(&mut self, packet: &[u8]) {
        self.hand(peers::frame(packet));
    }

    fn hand(&mut self, frame: Vec<u8>) {
        self.host.frame(&frame, self.now);
        remember(&mut self.arrived, frame);
    }

    /// Hands it what a stranger wrote.
    fn hand_strange(&mut self, frame: Vec<u8>) {
        self.is_mixed |= match seen(&frame) {
            Some(Seen { seq, is_syn, payload, .. }) => {
                !peers::is_content(seq.wrapping_add(is_syn.into()), payload)
            }
            None => !is_discarded(&frame),
        };
        self.hand(frame);
    }

    /// Takes the host's frames, as long as the link does; who is asked for answers.
    fn collect(&mut self) {
        self.judge();
        if self.is_full {
            return;
        }
        let mut frames = self.host.settle(self.now);
        while !frames.is_empty() {
            for frame in frames {
                if let Some(answer) = strange::answer_of_neighbour(&frame) {
                    self.host.frame(&answer, self.now);
                }
                if let Some(segment) = seen(&frame) {
                    self.note(&segment);
                }
                remember(&mut self.left, frame);
            }
            frames = self.host.settle(self.now);
        }
        self.judge();
    }

    /// Looks at what arrived.
    fn judge(&mut self) {
        for Arrival { stream, bytes } in self.host.ledger.arrivals.drain(..) {
            let talk = self.talks.iter().find(|talk| Some(talk.ends()) == stream.ends);
            let is_known = |talk: &Talk| talk.has_sent(stream.received_bytes, &bytes);
            assert!(self.is_mixed || talk.is_none_or(is_known), "bytes of nobody: {stream:?}");
        }
    }

    /// Keeps book of what the host says.
    fn note(&mut self, segment: &Seen<'_>) {
        let ends = (segment.from, segment.to);
        match self.talks.iter_mut().find(|talk| talk.ends() == ends) {
            Some(talk) => talk.note(segment),
            None if segment.is_syn => self.keep(Talk::of_syn(segment)),
            None => {}
        }
    }

    /// The port of one more connection by a peer.
    fn next_port(&mut self) -> u16 {
        self.port = self.port.checked_add(1).unwrap_or(1);
        self.port
    }

    fn keep(&mut self, talk: Talk) {
        self.talks.push_back(talk);
        if self.talks.len() > TALKS_MAX {
            self.talks.pop_front();
        }
    }
}

fn remember(past: &mut VecDeque<Vec<u8>>, frame: Vec<u8>) {
    if frame.len() > ETHERNET_BYTES {
        past.push_back(frame);
    }
    if past.len() > PAST_MAX {
        past.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_begins_with_connections_in_every_state() {
        let mut world = World::new(0);
        world.prepare(u8::MAX);
        let streams: Vec<_> = world.host.ledger.streams().map(|(_, stream)| stream).collect();
        let count = |is: fn(&Stream) -> bool| streams.iter().filter(|stream| is(stream)).count();
        assert_eq!(count(|stream| stream.ends.is_none()), 1, "one is being opened by us");
        assert_eq!(count(|stream| stream.ends.is_some()), 5, "one of six is over");
        assert_eq!(count(|stream| stream.is_paused), 1);
        assert_eq!(count(|stream| stream.is_ended), 2, "by the peer, one of them by both");
        assert_eq!(count(|stream| stream.is_finished), 2);
        assert_eq!(world.talks.len(), 8, "and one is half open");
    }
}
