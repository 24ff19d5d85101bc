//! The service as a network host of its own: a stack, and the link that its frames go through.
//!
//! ```text
//!  LinkEvent::Received ─► event ─┬─► stack ─► sink: what RPC is to hear
//!  the time ─► advance ──────────┤
//!  send, pause, hang_up ─────────┘
//!  Link::send ◄── transmit ◄── stack        at the end of a turn, while the link has room
//! ```
//! What the link has no room for waits in the stack, as data rather than as frames, until the host
//! tells of room by an event, which is a reason to turn the service.

use crate::crowding::Crowding;
use crate::limits::{GOODBYE_MAX, RETURN_MAX};
use abi::Instant;
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::IpAddr;
use hyper::{Account, Clock, DatagramPeer, Link, LinkEvent, StreamEvent, StreamId};
use net::Stack;
use rpc::Ports;

/// Who hears what happened to streams and datagrams.
type Sink<'a> = &'a mut dyn FnMut(StreamEvent<'_>);

/// What became of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It can be mounted there.
    Gained,
    /// It cannot any more.
    Lost,
    /// Somebody else was heard to have it.
    Contested,
}

/// How far a service that stops has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    /// It stays.
    Not,
    /// Everybody was said goodbye to, and may answer until then.
    Goodbye { until: Instant },
    /// A lent address is given back to its server, which may be looked for until then.
    Return { until: Instant },
    /// There is nothing more to say.
    Gone,
}

/// See the top of the file.
pub(crate) struct Station {
    link: Rc<dyn Link>,
    stack: Stack,
    /// The addresses that were told of, and those that somebody else was told to have.
    known: Vec<IpAddr>,
    contested: Vec<IpAddr>,
    crowding: Crowding,
    /// When the events since the last turn began to be told.
    heard_at: Option<Instant>,
    leaving: Leaving,
    /// The link has no other end any more.
    is_cut: bool,
}

impl Station {
    /// A host that has just been plugged in. It answers pings, and lets no client in yet.
    pub(crate) fn new(
        link: Rc<dyn Link>,
        config: net::Config,
        secret: [u8; 16],
        now: Instant,
    ) -> Self {
        let stack = Stack::new(config, &link.properties(), secret, now);
        let (known, contested, crowding) = Default::default();
        let (heard_at, leaving, is_cut) = (None, Leaving::Not, false);
        let mut station =
            Self { link, stack, known, contested, crowding, heard_at, leaving, is_cut };
        station.listen();
        station
    }

    /// Counts memory with these accounts.
    pub(crate) fn share_memory(&mut self, received: Account, fragments: Account) {
        self.stack.share_received(received);
        self.stack.share_fragments(fragments);
    }

    /// Lets clients in.
    pub(crate) fn open(&mut self) {
        let Ports { portmap, programs } = Ports::WELL_KNOWN;
        for port in [portmap, programs] {
            let is_open = self.stack.listen(port) && self.stack.open_datagrams(port).is_some();
            assert!(is_open, "there is room for two ports");
        }
    }

    /// Takes what happened on the link. All that is told between two turns happened at one time.
    pub(crate) fn event(&mut self, event: LinkEvent<'_>, clock: &dyn Clock, sink: Sink<'_>) {
        let now = *self.heard_at.get_or_insert_with(|| clock.now());
        match event {
            LinkEvent::Received { bytes, checked } => self.stack.frame(bytes, checked, now, sink),
            LinkEvent::Room => {}
            LinkEvent::Gone => {
                self.is_cut = true;
                self.abort_all(now, sink);
            }
        }
    }

    /// Does what is due by now.
    pub(crate) fn advance(&mut self, now: Instant, sink: Sink<'_>) {
        self.heard_at = None;
        if self.stack.deadline().is_some_and(|deadline| deadline <= now) {
            self.stack.advance(now, sink);
        }
        match self.leaving {
            Leaving::Goodbye { until } if until <= now => self.abort_all(now, sink),
            Leaving::Return { until } if until <= now => self.leaving = Leaving::Gone,
            _ => {}
        }
    }

    /// Sends on a connection; see [`hyper::Streams::send`].
    pub(crate) fn send(&mut self, stream: StreamId, data: Vec<Bytes>, now: Instant) {
        self.stack.send(stream, data, now);
    }

    /// Sends a datagram.
    pub(crate) fn send_datagram(&mut self, peer: DatagramPeer, data: Vec<Bytes>, now: Instant) {
        self.stack.send_datagram(peer, data, now);
    }

    /// Stops receiving on a connection, or goes on.
    pub(crate) fn pause(&mut self, stream: StreamId, paused: bool, now: Instant, sink: Sink<'_>) {
        self.stack.pause(stream, paused, now, sink);
    }

    /// Says goodbye to a client, behind all that was sent.
    pub(crate) fn hang_up(&mut self, stream: StreamId, now: Instant, sink: Sink<'_>) {
        self.stack.close(stream, now, sink);
    }

    /// Lets no further client in.
    pub(crate) fn shut(&mut self) {
        self.stack.stop_listening();
    }

    /// Says goodbye to every client, once; and when none is left, gives back what was lent.
    pub(crate) fn close(&mut self, now: Instant, sink: Sink<'_>) {
        if self.leaving == Leaving::Not {
            self.leaving = Leaving::Goodbye { until: now + GOODBYE_MAX };
            let streams: Vec<StreamId> = self.stack.streams().collect();
            streams.into_iter().for_each(|stream| self.hang_up(stream, now, sink));
        }
        if matches!(self.leaving, Leaving::Goodbye { .. }) && self.stack.connection_count() == 0 {
            self.leaving = match self.stack.release(now) {
                true => Leaving::Return { until: now + RETURN_MAX },
                false => Leaving::Gone,
            };
        }
    }

    /// Resets connections to who does not say goodbye, or cannot: left alone they would not end by
    /// themselves when nobody is here any more.
    fn abort_all(&mut self, now: Instant, sink: Sink<'_>) {
        let streams: Vec<StreamId> = self.stack.streams().collect();
        streams.into_iter().for_each(|stream| self.stack.abort(stream, now, sink));
    }

    /// Whether every client has said goodbye, and heard ours, or was given up, as all are when the
    /// link is gone; and what was lent is given back.
    pub(crate) fn is_over(&self) -> bool {
        let held = self.stack.held();
        let has_left = match self.leaving {
            Leaving::Not | Leaving::Goodbye { .. } => false,
            Leaving::Return { .. } => held.frames_waiting == 0,
            Leaving::Gone => true,
        };
        self.is_cut || has_left && held.frames == 0
    }

    /// Sends what there is while the link has room.
    pub(crate) fn transmit(&mut self, now: Instant) {
        while self.link.has_room()
            && let Some(frame) = self.stack.next_frame(now)
        {
            self.link.send(frame);
        }
        self.listen();
    }

    /// Says what is to be heard, if that has changed.
    fn listen(&mut self) {
        if let Some(listening) = self.stack.listening_news() {
            self.link.listen(&listening);
        }
    }

    /// Tells what became of addresses since the last time.
    pub(crate) fn tell_addresses(&mut self, mut tell: impl FnMut(IpAddr, Fate)) {
        let contested: Vec<IpAddr> = self.stack.contested().collect();
        let news = contested.iter().filter(|address| !self.contested.contains(address));
        news.for_each(|&address| tell(address, Fate::Contested));
        self.contested = contested;
        if self.stack.addresses().eq(self.known.iter().copied()) {
            return;
        }
        let now: Vec<IpAddr> = self.stack.addresses().collect();
        let before = core::mem::replace(&mut self.known, now);
        let lost = before.iter().filter(|address| !self.known.contains(address));
        lost.for_each(|&address| tell(address, Fate::Lost));
        let gained = self.known.iter().filter(|address| !before.contains(address));
        gained.for_each(|&address| tell(address, Fate::Gained));
    }

    /// How many connections were closed to let others in, and whose the last one was, if that is to
    /// be told now.
    pub(crate) fn news_of_crowding(&mut self, now: Instant) -> Option<(u64, IpAddr)> {
        self.crowding.news(self.stack.displaced(), now)
    }

    /// When [`Station::advance`] wants to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let leaving = match self.leaving {
            Leaving::Goodbye { until } => Some(until).filter(|_| self.stack.connection_count() > 0),
            Leaving::Return { until } => Some(until),
            Leaving::Not | Leaving::Gone => None,
        };
        let crowding = self.crowding.deadline(self.stack.displaced());
        [self.stack.deadline(), leaving, crowding].into_iter().flatten().min()
    }
}
