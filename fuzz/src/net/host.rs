//! A host: one stack, the ledger of what it said, and its side of the link.

use super::ledger::{Ledger, Stream};
use super::link;
use super::share::Share;
use ::net::{AddressSource, Config, Conversation, Held, Prefix, Stack, limits};
use abi::Instant;
use bytes::Bytes;
use hyper::{Account, LinkProperties, StreamId};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

/// Where services are, datagrams and streams.
pub(super) const PORT: u16 = 2049;
/// When worlds begin.
pub(super) const START: Instant = Instant(1_000_000_000);
/// What every step takes: timers are as fine.
pub(super) const STEP: Duration = Duration::from_micros(100);

/// Frames that leave in one go: more would be endless.
const FRAMES_MAX: usize = 20_000;
/// How often something may be due at the same time.
const TURNS_MAX: usize = 8;
/// How long a silent peer is waited for, at most: all questions, and an end that nobody hears.
const SILENCE: Duration = Duration::from_secs(3600);
/// How often something may be due in that time.
const SILENT_TURNS_MAX: usize = 20_000;
/// What a segment may bring when room is just not used up, in bytes.
const RECEIVED_SLACK_BYTES: u64 = 64 << 10;

/// The station of a host.
pub(super) fn mac(number: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, number]
}

/// An address of a host.
pub(super) fn address(number: u8, is_v4: bool) -> IpAddr {
    match is_v4 {
        true => [10, 0, 0, number].into(),
        false => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number.into()).into(),
    }
}

/// A stack with fixed addresses, and those it gets by itself.
pub(super) fn stack(
    number: u8,
    more: &[AddressSource],
    link: &LinkProperties,
    now: Instant,
) -> Stack {
    let fixed =
        |is_v4, bits| AddressSource::Fixed(Prefix { address: address(number, is_v4), bits });
    let config = Config {
        mac: mac(number),
        addresses: [&[fixed(true, 24), fixed(false, 64)], more].concat(),
        gateways: vec![],
        detects_duplicates: false,
        stable_secret: None,
    };
    let mut stack = Stack::new(config, link, [number; 16], now);
    assert_eq!(stack.open_datagrams(PORT), Some(0));
    stack
}

pub(super) struct Host {
    number: u8,
    link: LinkProperties,
    stack: Stack,
    share: Rc<Share>,
    pub(super) ledger: Ledger,
}

impl Host {
    /// A host that listens.
    pub(super) fn new(number: u8, link: LinkProperties) -> Self {
        let stack = stack(number, &[], &link, START);
        let (share, ledger) = Default::default();
        let mut host = Self { number, link, stack, share, ledger };
        host.begin();
        host
    }

    fn begin(&mut self) {
        self.stack.share_received(Account::new(self.share.clone()));
        self.listen();
    }

    pub(super) fn listen(&mut self) {
        assert!(self.stack.listen(PORT));
    }

    pub(super) fn stop_listening(&mut self) {
        self.stack.stop_listening();
    }

    pub(super) fn frame(&mut self, bytes: &[u8], now: Instant) {
        let ledger = &mut self.ledger;
        self.stack.frame(bytes, false, now, &mut |event| ledger.enter(&event));
        self.check();
    }

    pub(super) fn advance(&mut self, now: Instant) {
        let ledger = &mut self.ledger;
        self.stack.advance(now, &mut |event| ledger.enter(&event));
        self.check();
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.stack.deadline()
    }

    /// All frames that it has, as the link carries them.
    pub(super) fn frames(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let next = || self.stack.next_frame(now);
        let frames: Vec<_> = std::iter::from_fn(next).take(FRAMES_MAX).collect();
        assert!(frames.len() < FRAMES_MAX, "frames without end");
        self.check();
        frames.iter().map(|frame| link::carry(frame, &self.link)).collect()
    }

    /// Does all that is due, until something is due only later.
    pub(super) fn settle(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut frames = self.frames(now);
        for _ in 0..TURNS_MAX {
            if self.deadline().is_none_or(|deadline| deadline > now) {
                return frames;
            }
            self.advance(now);
            frames.append(&mut self.frames(now));
        }
        panic!("{:?} stays due at {now:?}", self.deadline());
    }

    pub(super) fn connect(&mut self, remote: SocketAddr, now: Instant) {
        if let Some(name) = self.stack.connect(remote, now) {
            self.ledger.begins(name, Stream { is_ours: true, ..Stream::default() });
        }
        self.check();
    }

    /// Says whether the bytes were taken.
    pub(super) fn send(&mut self, name: StreamId, bytes: Vec<u8>, now: Instant) -> bool {
        let is_taken = self.ledger.get(name).is_some_and(|stream| {
            let is_taken = stream.ends.is_some() && !stream.is_finished;
            stream.given_bytes += if is_taken { bytes.len() } else { 0 };
            is_taken
        });
        self.stack.send(name, vec![Bytes::from(bytes)], now);
        self.check();
        is_taken
    }

    pub(super) fn pause(&mut self, name: StreamId, is_paused: bool, now: Instant) {
        let Some(stream) = self.ledger.get(name) else { return };
        let may_be_paused = stream.ends.is_some();
        stream.is_paused &= is_paused;
        let ledger = &mut self.ledger;
        self.stack.pause(name, is_paused, now, &mut |event| ledger.enter(&event));
        if let Some(stream) = self.ledger.get(name) {
            stream.is_paused = is_paused && may_be_paused;
        }
        self.check();
    }

    pub(super) fn finish(&mut self, name: StreamId, now: Instant) {
        if let Some(stream) = self.ledger.get(name) {
            stream.is_finished |= stream.ends.is_some();
        }
        self.stack.finish(name, now);
        self.check();
    }

    pub(super) fn close(&mut self, name: StreamId, now: Instant) {
        if let Some(stream) = self.ledger.get(name) {
            (stream.is_closed, stream.is_finished) = (true, true);
        }
        let ledger = &mut self.ledger;
        self.stack.close(name, now, &mut |event| ledger.enter(&event));
        self.check();
    }

    pub(super) fn abort(&mut self, name: StreamId, now: Instant) {
        let ledger = &mut self.ledger;
        self.stack.abort(name, now, &mut |event| ledger.enter(&event));
        assert!(self.ledger.get(name).is_none(), "it is over at once");
        self.check();
    }

    /// Takes a stream out of the stack, as it is.
    pub(super) fn export(
        &mut self,
        name: StreamId,
        now: Instant,
    ) -> Option<(Stream, Conversation)> {
        let is_open = self.ledger.get(name).is_some_and(|stream| stream.ends.is_some());
        let conversation = self.stack.export(name, now);
        assert_eq!(conversation.is_some(), is_open, "what is open can go");
        let exported = conversation.map(|conversation| (self.ledger.leaves(name), conversation));
        self.check();
        exported
    }

    /// Goes on with a stream from elsewhere, if nobody has taken its ends. Says whether it does.
    pub(super) fn import(&mut self, (stream, conversation): (Stream, Conversation)) -> bool {
        let name = self.stack.import(conversation);
        if let Some(name) = name {
            self.ledger.begins(name, stream);
        }
        self.check();
        name.is_some()
    }

    /// All that it has of streams goes on in another stack, at the same place; the rest is forgotten.
    pub(super) fn move_house(&mut self, now: Instant) {
        let names: Vec<_> = self.ledger.streams().map(|(name, _)| name).collect();
        let moving: Vec<_> = names.iter().filter_map(|name| self.export(*name, now)).collect();
        (self.stack, self.ledger) = (stack(self.number, &[], &self.link, now), Ledger::default());
        self.begin();
        for one in moving {
            assert!(self.import(one), "there is room in an empty house");
        }
    }

    fn check(&self) {
        let held = self.stack.held();
        check_held(&held);
        assert_eq!(held.received_bytes, self.share.taken_bytes());
        let names = self.ledger.streams().map(|(name, _)| name);
        let mut streams: Vec<_> = self.stack.streams().collect();
        streams.sort_unstable();
        assert!(names.eq(streams), "all streams were told of");
        assert_eq!(self.stack.connection_count(), self.ledger.streams().count());
    }

    /// With nobody there any more, all is given up in time; only what its user holds back, of
    /// streams that are over otherwise, is kept until it is asked for.
    pub(super) fn rest(&mut self, now: Instant) {
        let now = self.wait(now);
        let left: Vec<_> = self.ledger.streams().collect();
        for (name, stream) in &left {
            assert!(stream.is_paused && stream.is_finished, "{stream:?} is there at {now:?}");
            self.pause(*name, false, now);
            assert!(self.ledger.get(*name).is_none(), "over, now that all was told");
        }
        self.wait(now);
        assert_eq!(self.stack.held(), Held::default(), "an idle stack holds nothing");
    }

    fn wait(&mut self, mut now: Instant) -> Instant {
        let end = now + SILENCE;
        for _ in 0..SILENT_TURNS_MAX {
            self.settle(now);
            now = match self.deadline() {
                Some(deadline) if deadline < end => deadline,
                _ => return end,
            };
            self.advance(now);
        }
        panic!("something is due all the time");
    }
}

/// # Panics
/// If a stack holds more than it may.
pub(super) fn check_held(held: &Held) {
    assert!(held.frames <= limits::FRAMES_QUEUED_MAX, "{held:?}");
    assert!(held.frames_bytes <= limits::FRAMES_QUEUED_BYTES_MAX, "{held:?}");
    assert!(held.neighbours <= limits::NEIGHBOURS_MAX, "{held:?}");
    let unresolved_max = limits::NEIGHBOURS_UNRESOLVED_MAX + limits::GATEWAYS_MAX;
    assert!(held.neighbours_unresolved <= unresolved_max, "{held:?}");
    assert!(held.frames_waiting <= limits::FRAMES_WAITING_MAX, "{held:?}");
    assert!(held.reassemblies <= limits::REASSEMBLIES_MAX, "{held:?}");
    assert!(held.reassembly_bytes <= limits::REASSEMBLY_BYTES_MAX, "{held:?}");
    assert!(held.received_bytes <= limits::RECEIVED_BYTES_MAX + RECEIVED_SLACK_BYTES, "{held:?}");
}
