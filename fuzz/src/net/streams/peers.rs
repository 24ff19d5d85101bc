//! Peers: what they know of each connection, and what they say that is true, or nearly.

use super::{HOST, PEER_FIRST, World};
use crate::input::Input;
use crate::net::host::{PORT, address, mac};
use crate::net::packet::{ACK, FIN, RST, SYN, Seen, Segment};
use abi::Instant;
use std::net::SocketAddr;

const PSH: u8 = 8;

/// How far a number is from the true one.
const DISTANCES: [i32; 14] =
    [0, 0, 1, -1, 2, -2, 100, -100, 1448, -1448, 65_535, -65_535, 1 << 22, i32::MIN];
/// Payload of a segment, in bytes.
const LENGTHS: [usize; 8] = [0, 0, 1, 2, 100, 536, 1400, 1448];
const FLAGS: [u8; 12] = [
    ACK,
    ACK,
    ACK | PSH,
    ACK | FIN,
    RST,
    RST | ACK,
    SYN,
    SYN | ACK,
    FIN,
    0,
    ACK | 0x40,
    ACK | 0x80,
];
const WINDOWS: [u16; 6] = [u16::MAX, 0, 1, 100, 8000, 30_000];

/// One end of a connection, as a peer knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Talk {
    host: SocketAddr,
    peer: SocketAddr,
    /// What the peer sends next.
    seq: u32,
    /// What the host asks for.
    asked: u32,
    /// What the host sends next, as far as that was seen.
    next: u32,
    /// The host's clock, if it showed one.
    clock: Option<u32>,
    /// The number of the peer's first byte, if the host has confirmed one.
    first: First,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum First {
    Unknown,
    Confirmed(u32),
    /// Maybe this, maybe that: several were confirmed, or before anybody kept book.
    Doubtful,
}

/// What a peer may do that is right.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Acknowledge,
    /// Its answer to a SYN.
    Answer,
    Data(usize),
    /// Data behind data that was lost.
    Gap(usize),
    Finish,
    /// An end, of who did not hear the other's.
    FinishUnheard,
}

impl Talk {
    /// The host begins one, or answers one that nobody kept book of.
    pub(super) fn of_syn(segment: &Seen<'_>) -> Self {
        let Seen { from: host, to: peer, clock, .. } = *segment;
        let seq = segment.ack.unwrap_or(9000);
        Self { host, peer, seq, asked: seq, next: segment.end(), clock, first: First::Doubtful }
    }

    /// The host's end and the peer's.
    pub(super) fn ends(&self) -> (SocketAddr, SocketAddr) {
        (self.host, self.peer)
    }

    /// The host said something.
    pub(super) fn note(&mut self, segment: &Seen<'_>) {
        let is_news = segment.end().wrapping_sub(self.next).cast_signed() > 0;
        if segment.is_syn || is_news && !segment.is_rst {
            self.next = segment.end();
        }
        self.asked = segment.ack.unwrap_or(self.asked);
        if let Some(first) = segment.ack.filter(|_| segment.is_syn) {
            let is_sure =
                matches!(self.first, First::Unknown) || self.first == First::Confirmed(first);
            self.first = if is_sure { First::Confirmed(first) } else { First::Doubtful };
        }
        self.clock = segment.clock.or(self.clock);
    }

    /// Whether the peer sent these bytes, `start` behind its first, as far as is known.
    pub(super) fn has_sent(&self, start: usize, bytes: &[u8]) -> bool {
        match self.first {
            First::Confirmed(first) => is_content(first.wrapping_add(start as u32), bytes),
            First::Unknown | First::Doubtful => true,
        }
    }

    /// What follows all that was said, with nothing new in it.
    fn segment(&self, now: Instant) -> Segment {
        Segment {
            from: self.peer,
            to: self.host,
            seq: self.seq,
            ack: self.next,
            flags: ACK,
            window: u16::MAX,
            options: self.clock.map_or(Vec::new(), |clock| timestamps(milliseconds(now), clock)),
            payload: Vec::new(),
            ecn: 0,
        }
    }
}

/// What peers send: a byte depends on its number alone.
fn content(seq: u32, count: usize) -> Vec<u8> {
    let byte = |at: u32| (at.wrapping_mul(167) ^ (at >> 8).wrapping_mul(31)) as u8;
    (0..count as u32).map(|at| byte(seq.wrapping_add(at))).collect()
}

pub(super) fn is_content(seq: u32, bytes: &[u8]) -> bool {
    content(seq, bytes.len()) == bytes
}

/// The frame that a peer sends with a packet.
pub(super) fn frame(packet: &[u8]) -> Vec<u8> {
    let is_v6 = packet.first().is_some_and(|first| first >> 4 == 6);
    let ether_type: [u8; 2] = if is_v6 { [0x86, 0xdd] } else { [8, 0] };
    [&mac(HOST)[..], &mac(PEER_FIRST), &ether_type, packet].concat()
}

fn milliseconds(now: Instant) -> u32 {
    (now.0 / 1_000_000) as u32
}

fn timestamps(own: u32, echo: u32) -> Vec<u8> {
    [&[1, 1, 8, 10][..], &own.to_be_bytes(), &echo.to_be_bytes()].concat()
}

/// All that can be offered in a SYN.
fn offers(mss: u16, scale: u8, now: Instant) -> Vec<u8> {
    let [high, low] = mss.to_be_bytes();
    let offers = [2, 4, high, low, 1, 3, 3, scale, 4, 2, 8, 10];
    [&offers[..], &milliseconds(now).to_be_bytes(), &[0; 4]].concat()
}

impl World {
    /// A peer begins a connection, and says which it is.
    pub(super) fn open(&mut self, peer: u8, is_v4: bool) -> (SocketAddr, SocketAddr) {
        let port = self.next_port();
        let [host, peer] =
            [(HOST, PORT), (peer, port)].map(|(at, port)| (address(at, is_v4), port).into());
        let talk = Talk {
            host,
            peer,
            seq: u32::MAX - 500,
            asked: 0,
            next: 0,
            clock: None,
            first: First::Unknown,
        };
        let options = offers(1448, 7, self.now);
        let segment = Segment { flags: SYN, ack: 0, options, ..talk.segment(self.now) };
        self.say(&segment.packet());
        self.keep(Talk { seq: talk.seq.wrapping_add(1), ..talk });
        self.collect();
        (host, peer)
    }

    pub(super) fn act(&mut self, ends: (SocketAddr, SocketAddr), act: Act) {
        let Some(talk) = self.talks.iter_mut().find(|talk| talk.ends() == ends) else { return };
        let (honest, seq, now) = (talk.segment(self.now), talk.seq, self.now);
        let (segment, taken) = match act {
            Act::Acknowledge => (honest, 0),
            Act::Answer => {
                (Segment { flags: SYN | ACK, options: offers(1448, 7, now), ..honest }, 1)
            }
            Act::Data(bytes) => (Segment { payload: content(seq, bytes), ..honest }, bytes as u32),
            Act::Gap(bytes) => {
                let behind = seq.wrapping_add(bytes as u32 + 10);
                (Segment { seq: behind, payload: content(behind, bytes), ..honest }, 0)
            }
            Act::Finish => (Segment { flags: FIN | ACK, ..honest }, 1),
            Act::FinishUnheard => {
                (Segment { flags: FIN | ACK, ack: honest.ack.wrapping_sub(1), ..honest }, 1)
            }
        };
        talk.seq = seq.wrapping_add(taken);
        self.say(&segment.packet());
        self.collect();
    }

    pub(super) fn step_honest(&mut self, input: &mut Input<'_>) {
        let Some(talk) = self.choose_talk(input) else { return };
        let act = match input.u8() % 6 {
            0 => Act::Acknowledge,
            1 => Act::Answer,
            2 => Act::Data(input.choose(&LENGTHS)),
            3 => Act::Gap(input.choose(&LENGTHS)),
            4 => Act::Finish,
            _ => Act::FinishUnheard,
        };
        self.act(talk.ends(), act);
    }

    pub(super) fn step_nearly(&mut self, input: &mut Input<'_>) {
        if let Some(segment) = self.nearly(input) {
            self.say(&segment.packet());
        }
    }

    fn choose_talk(&self, input: &mut Input<'_>) -> Option<Talk> {
        let count = self.talks.len();
        self.talks.get(usize::from(input.u8()) % count.max(1)).copied()
    }

    /// A segment of which any field may be somewhat wrong.
    pub(super) fn nearly(&self, input: &mut Input<'_>) -> Option<Segment> {
        let talk = self.choose_talk(input)?;
        let right = talk.segment(self.now);
        let choice = input.u8();
        let base = if choice & 1 == 0 { talk.seq } else { talk.asked };
        let flags = input.u8();
        let flags = FLAGS.get(usize::from(flags) % 16).copied().unwrap_or(flags);
        let seq = base.wrapping_add_signed(distance(input));
        Some(Segment {
            seq,
            ack: talk.next.wrapping_add_signed(distance(input)),
            flags,
            window: input.choose(&WINDOWS),
            options: self.options(choice >> 1, &talk, input),
            payload: content(seq.wrapping_add(u32::from(flags & SYN != 0)), input.choose(&LENGTHS)),
            ecn: choice >> 6,
            ..right
        })
    }

    fn options(&self, choice: u8, talk: &Talk, input: &mut Input<'_>) -> Vec<u8> {
        let (own, echo) = (milliseconds(self.now), talk.clock.unwrap_or(0));
        let right = || talk.segment(self.now).options;
        match choice % 8 {
            0..=2 => right(),
            3 => [right(), blocks(talk.next, input)].concat(),
            4 => timestamps(
                own.wrapping_add_signed(distance(input)),
                echo.wrapping_add_signed(distance(input)),
            ),
            5 => offers(input.u16(), input.u8(), self.now),
            6 => Vec::new(),
            _ => {
                let bytes = input.u8() % 41;
                input.take(usize::from(bytes)).to_vec()
            }
        }
    }
}

fn distance(input: &mut Input<'_>) -> i32 {
    let choice = usize::from(input.u8() % 16);
    match DISTANCES.get(choice) {
        Some(distance) => *distance,
        None => i32::from(input.u16().cast_signed()),
    }
}

/// What the peer holds, or so it says: blocks around what the host has sent.
fn blocks(next: u32, input: &mut Input<'_>) -> Vec<u8> {
    let count = input.u8() % 4;
    let mut bytes = vec![1, 1, 5, 2 + 8 * count];
    for _ in 0..2 * count {
        bytes.extend(next.wrapping_add_signed(distance(input)).to_be_bytes());
    }
    bytes
}
