//! Two ends and a wire, or one end and whatever the test sends it.

mod challenges;
mod closing;
mod opened;
mod silence;
mod transfer;

use super::*;
use crate::tcp::segment::{Flags, Options, Segment};
use alloc::vec;

const OURS: SeqNo = SeqNo(u32::MAX - 3000);
const PEERS: SeqNo = SeqNo(70_000);
const MSS: u16 = 1460;

fn at(milliseconds: u64) -> Instant {
    Instant(1_000_000_000_000 + milliseconds * 1_000_000)
}

fn settings() -> Settings {
    Settings {
        clock_offset: 77,
        mss: MSS,
        path_bytes: MSS,
        path_bytes_least: 536,
        keepalive: Some(Duration::from_secs(7200)),
        user_timeout: Duration::from_secs(120),
    }
}

fn handshake(first: SeqNo, peer_first: SeqNo) -> Handshake {
    let timestamp = Some(timestamp_of(at(0)));
    let window_scale = Some(WINDOW_SCALE);
    Handshake {
        first,
        peer_first,
        mss: MSS,
        window_scale,
        sack: true,
        timestamp,
        ecn: true,
        is_repeated: false,
    }
}

fn timestamp_of(now: Instant) -> u32 {
    crate::tcp::table::numbers::timestamp(settings().clock_offset, now)
}

/// One end, and what its user has heard.
#[derive(Clone, Debug, PartialEq)]
struct End {
    connection: Connection,
    received: Vec<u8>,
    sent_bytes: usize,
    ended: bool,
}

impl End {
    fn new(first: SeqNo, peer_first: SeqNo) -> Self {
        let connection = Connection::new(handshake(first, peer_first), 65_535, settings(), at(0));
        Self { connection, received: Vec::new(), sent_bytes: 0, ended: false }
    }

    fn arrive(&mut self, segment: &Segment<'_>, now: Instant) {
        let Self { connection, received, .. } = self;
        let news = connection.segment(segment, now, &mut |bytes| received.extend_from_slice(bytes));
        self.hear(news);
    }

    fn hear(&mut self, news: News) {
        self.sent_bytes += news.sent_bytes;
        assert!(!(self.ended && news.ended), "the end is told once");
        self.ended |= news.ended;
    }

    fn leave(&mut self, now: Instant) -> Vec<Outgoing> {
        core::iter::from_fn(|| self.connection.next(now, u32::from(MSS))).collect()
    }

    fn one(&mut self, now: Instant) -> Outgoing {
        let mut all = self.leave(now);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    fn quiet(&mut self, now: Instant) {
        assert_eq!(self.leave(now), []);
    }
}

/// What arrives of what was sent.
fn with_segment<R>(sent: &Outgoing, take: impl FnOnce(&Segment<'_>) -> R) -> R {
    let payload: Vec<u8> = sent.payload.iter().flatten().copied().collect();
    assert_eq!(payload.len(), sent.payload_bytes as usize);
    let room = usize::from(MSS) - (sent.options.bytes());
    assert!(payload.len() <= room, "{} in a room of {room}", payload.len());
    take(&Segment {
        source_port: 0,
        destination_port: 0,
        seq: sent.seq,
        ack: sent.ack,
        flags: sent.flags,
        window: sent.window,
        options: sent.options,
        payload: &payload,
        congestion_experienced: false,
    })
}

/// Two ends, between which segments pass in no time.
#[derive(Clone, Debug, PartialEq)]
struct Ends {
    a: End,
    b: End,
    now: Instant,
}

impl Ends {
    fn new() -> Self {
        Self { a: End::new(OURS, PEERS), b: End::new(PEERS, OURS), now: at(0) }
    }

    /// All that both have to say at this time.
    fn exchange(&mut self) {
        loop {
            let (from_a, from_b) = (self.a.leave(self.now), self.b.leave(self.now));
            if from_a.is_empty() && from_b.is_empty() {
                return;
            }
            from_a.iter().for_each(|sent| with_segment(sent, |it| self.b.arrive(it, self.now)));
            from_b.iter().for_each(|sent| with_segment(sent, |it| self.a.arrive(it, self.now)));
        }
    }

    /// Time passes, with all that is due and said in it.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        self.exchange();
        loop {
            let deadlines = [self.a.connection.deadline(), self.b.connection.deadline()];
            let Some(now) = deadlines.into_iter().flatten().min().filter(|&now| now <= end) else {
                break;
            };
            self.now = self.now.max(now);
            self.a.connection.timeout(self.now);
            self.b.connection.timeout(self.now);
            self.exchange();
        }
        self.now = end;
    }

    fn states(&self) -> (State, State) {
        (self.a.connection.state(), self.b.connection.state())
    }
}

/// A segment of the peer, in order, that says nothing.
fn nothing(end: &End, now: Instant) -> Segment<'static> {
    let timestamps = Some((timestamp_of(now), timestamp_of(now)));
    Segment {
        source_port: 0,
        destination_port: 0,
        seq: end.connection.receiver.next(),
        ack: Some(end.connection.sender.next_seq()),
        flags: Flags::empty(),
        window: 512,
        options: Options { timestamps, ..Options::default() },
        payload: &[],
        congestion_experienced: false,
    }
}
