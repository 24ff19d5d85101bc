//! Streams of a stack: between packets, the table of connections, and who uses them.
//!
//! ```text
//!  Arrived ─► tcp ─► Table ─┬─ Answer ──────────────────────────────► Draft ─► wire
//!                           └─ Endpoint ─► Received, Sent, Ended       ▲
//!  send, pause, close ────────► Endpoint ─► ready ─ the link has room ─┘ transmit: next, one by one
//!  the time ─► timers ────────► Endpoint ─► over? ─► Closed
//! ```
//! Segments are made when the link takes them: what is sent while it is busy waits as data, not as
//! packets, and what has arrived meanwhile is acknowledged together.

mod calls;
mod carry;
mod crowd;
mod endpoint;
mod ready;
mod transmit;

use crate::ethernet::Reach;
use crate::ip::Arrived;
use crate::ip::path_mtu::Quoted;
use crate::limits::{PATH_MTU_V6_BYTES_MIN, RECEIVED_BYTES_MAX};
use crate::stack::{Moment, Stack};
use crate::tcp::connection::{Connection, News, Settings};
use crate::tcp::handshake::Handshake;
use crate::tcp::limits::{KEEPALIVE, MSS_DEFAULT_BYTES, USER_TIMEOUT};
use crate::tcp::opening::Progress;
use crate::tcp::segment::{Flags, Segment};
use crate::tcp::sequence::SeqNo;
use crate::tcp::table::numbers::Pair;
use crate::tcp::table::{Table, Verdict};
use abi::Instant;
pub use carry::Conversation;
use checksum::Sum;
use core::net::{IpAddr, SocketAddr};
pub use crowd::Displaced;
use endpoint::{Endpoint, Stage};
use hyper::{Account, Grant, StreamEvent, StreamId};
use ready::Ready;
use smoltcp::wire::IpProtocol;

/// Who is told what happened.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(StreamEvent<'_>);

/// A packet was marked on its way (RFC 3168 §5).
const CONGESTION_EXPERIENCED: u8 = 3;

/// All streams of a stack.
#[derive(Debug)]
pub(crate) struct Streams {
    table: Table<Endpoint>,
    ready: Ready,
    /// What all of them keep of what arrived, and with whom it is counted.
    received: Grant,
    account: Account,
    /// Connections opened by us, for their ports.
    opened: u32,
    displaced: Displaced,
}

impl Streams {
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        let account = Account::default();
        let received = account.take_anyway(0);
        Self {
            table: Table::new(secret),
            ready: Ready::default(),
            received,
            account,
            opened: 0,
            displaced: Displaced::default(),
        }
    }

    /// Counts what is kept of what arrived with this account from now on.
    pub(crate) fn share_received(&mut self, account: Account) {
        self.received = account.take_anyway(self.received.bytes());
        self.account = account;
    }

    /// Whether no more is kept of what arrived.
    fn is_full(&self) -> bool {
        let bytes = self.received.bytes();
        bytes > 0 && bytes >= RECEIVED_BYTES_MAX.min(self.account.share_bytes())
    }

    /// When something is due, at the latest.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.table.deadline()
    }

    /// How many there are, and what they keep of what arrived, in bytes.
    pub(crate) fn held(&self) -> (usize, u64) {
        (self.table.len(), self.received.bytes())
    }

    /// Whether a segment of ours that somebody quotes is on its way: then it leaves again, for the
    /// path has changed.
    pub(crate) fn is_in_flight(&mut self, pair: &Pair, seq: SeqNo) -> bool {
        let Some(key) = self.table.connection(pair) else { return false };
        let connection = self.table.get_mut(key).and_then(|(_, _, own)| own.connection());
        let is_ours = connection.is_some_and(|connection| connection.is_in_flight(seq));
        if is_ours {
            self.ready.push(key);
        }
        is_ours
    }

    fn count_received(&mut self, key: u32) {
        let Some((_, _, endpoint)) = self.table.get_mut(key) else { return };
        let bytes = endpoint.connection().map_or(0, |connection| connection.received_bytes());
        let before = core::mem::replace(&mut endpoint.kept_bytes, bytes);
        self.received.set(self.received.bytes() + bytes - before);
    }
}

impl Stack {
    /// Takes a segment.
    pub(crate) fn tcp(&mut self, packet: &Arrived<'_>, moment: Moment, sink: Sink<'_>) {
        let is_for_us = packet.reach == Reach::Us && self.addresses.is_ours(packet.destination);
        if !is_for_us || !packet.is_checked && !is_intact(packet) {
            return;
        }
        let is_marked = packet.ecn == CONGESTION_EXPERIENCED;
        let Some(segment) = Segment::parse(packet.payload, is_marked) else { return };
        let pair = Pair {
            local: SocketAddr::new(packet.destination, segment.destination_port),
            remote: SocketAddr::new(packet.source, segment.source_port),
        };
        if pair.local.port() != 0 && pair.remote.port() != 0 {
            self.segment(&pair, &segment, moment.now, sink);
        }
    }

    fn segment(&mut self, pair: &Pair, segment: &Segment<'_>, now: Instant, sink: Sink<'_>) {
        let mss = self.own_mss(pair.remote.ip());
        match self.streams.table.segment(pair, segment, mss, now) {
            Verdict::Connection(key) => self.segment_of(key, segment, now, sink),
            Verdict::Open(handshake) => self.opened(*pair, handshake, segment, now, sink),
            Verdict::Answer(answer) => self.send_segment(pair, answer, now),
            Verdict::Nothing => {}
        }
    }

    /// A peer has opened a connection, and this is its first segment.
    fn opened(
        &mut self,
        pair: Pair,
        handshake: Handshake,
        segment: &Segment<'_>,
        now: Instant,
        sink: Sink<'_>,
    ) {
        let window_bytes = u32::from(segment.window) << handshake.window_scale.unwrap_or(0);
        let connection = self.connection(&pair, handshake, window_bytes, now);
        let endpoint = Endpoint::new(Stage::Open(connection));
        self.make_room(&pair, now, sink);
        let Ok((key, stream)) = self.streams.table.insert(pair, endpoint) else { return };
        let Pair { local, remote } = pair;
        sink(StreamEvent::Opened { stream: StreamId(stream), remote, local });
        self.segment_of(key, segment, now, sink);
    }

    fn connection(
        &self,
        pair: &Pair,
        handshake: Handshake,
        window_bytes: u32,
        now: Instant,
    ) -> Connection {
        let to = pair.remote.ip();
        let settings = Settings {
            clock_offset: self.streams.table.numbers().clock_offset(pair),
            mss: self.own_mss(to),
            path_bytes: self.path_bytes(to),
            path_bytes_least: path_bytes_least(to),
            keepalive: Some(KEEPALIVE),
            user_timeout: USER_TIMEOUT,
        };
        Connection::new(handshake, window_bytes, settings, now)
    }

    fn segment_of(&mut self, key: u32, segment: &Segment<'_>, now: Instant, sink: Sink<'_>) {
        self.transmit_news(key, now);
        let is_full = self.streams.is_full();
        let Some((pair, stream, endpoint)) = self.streams.table.get_mut(key) else { return };
        let stream = StreamId(stream);
        match &mut endpoint.stage {
            Stage::Open(connection) => {
                // As if what needs room had been lost on its way.
                let is_lost = is_full && !connection.takes_at_once(segment);
                let segment = if is_lost { &segment.without_text() } else { segment };
                let mut lend = |bytes: &[u8]| sink(StreamEvent::Received { stream, bytes });
                let news = connection.segment(segment, now, &mut lend);
                let to = pair.remote.ip();
                self.tell_news(stream, news, sink);
                if news.sent_bytes > 0 {
                    self.confirm_neighbour(to, now);
                }
            }
            Stage::Opening(opening) => {
                let (pair, progress) = (*pair, opening.segment(segment, now));
                self.opening_progressed(key, &pair, progress, segment, now, sink);
            }
        }
        self.settle(key, now, sink);
    }

    fn opening_progressed(
        &mut self,
        key: u32,
        pair: &Pair,
        progress: Progress,
        segment: &Segment<'_>,
        now: Instant,
        sink: Sink<'_>,
    ) {
        match progress {
            Progress::Nothing => {}
            Progress::Answer(answer) => self.send_segment(pair, answer, now),
            Progress::Refused => self.forget_stream(key, now, sink),
            Progress::Open { handshake, window_bytes } => {
                let mut connection = self.connection(pair, handshake, window_bytes, now);
                connection.acknowledge();
                let Some((_, stream, endpoint)) = self.streams.table.get_mut(key) else { return };
                endpoint.stage = Stage::Open(connection);
                let (stream, Pair { local, remote }) = (StreamId(stream), *pair);
                sink(StreamEvent::Opened { stream, remote, local });
                if !segment.flags.contains(Flags::SYN) {
                    self.segment_of(key, segment, now, sink);
                }
            }
        }
    }

    fn tell_news(&self, stream: StreamId, news: News, sink: Sink<'_>) {
        if news.sent_bytes > 0 {
            sink(StreamEvent::Sent { stream, count_bytes: news.sent_bytes });
        }
        if news.ended {
            sink(StreamEvent::Ended { stream });
        }
    }

    /// After something happened to a stream: it is over, or may have something to send.
    fn settle(&mut self, key: u32, now: Instant, sink: Sink<'_>) {
        self.streams.count_received(key);
        let Some((_, _, endpoint)) = self.streams.table.get_mut(key) else { return };
        match endpoint.connection().and_then(|connection| connection.over()) {
            None => self.streams.ready.push(key),
            Some(_) => {
                while self.transmit(key, now) {}
                self.forget_stream(key, now, sink);
            }
        }
    }

    /// Takes a stream out that is over.
    fn forget_stream(&mut self, key: u32, now: Instant, sink: Sink<'_>) {
        let Streams { table, received, .. } = &mut self.streams;
        let Some((pair, stream, endpoint)) = table.get_mut(key) else { return };
        received.set(received.bytes() - endpoint.kept_bytes);
        let (pair, connection) = (*pair, endpoint.connection());
        let remembered = connection.and_then(|connection| connection.remembered(pair));
        table.remove(key, remembered, now);
        sink(StreamEvent::Closed { stream: StreamId(stream) });
    }

    /// Does what is due.
    pub(crate) fn advance_streams(&mut self, now: Instant, sink: Sink<'_>) {
        while let Some(key) = self.streams.table.expired(now) {
            let Some((pair, _, endpoint)) = self.streams.table.get_mut(key) else { continue };
            let pair = *pair;
            match &mut endpoint.stage {
                Stage::Open(connection) => {
                    connection.timeout(now);
                    if let Some(path_bytes) = connection.take_narrow_path() {
                        self.found_narrow(pair.remote.ip(), path_bytes, now);
                    }
                }
                Stage::Opening(opening) => match opening.timeout(now) {
                    Ok(Some(syn)) => self.send_segment(&pair, syn, now),
                    Ok(None) => {}
                    Err(_) => self.forget_stream(key, now, sink),
                },
            }
            self.settle(key, now, sink);
        }
        while let Some((pair, answer)) = self.streams.table.timeout(now) {
            self.send_segment(&pair, answer, now);
        }
    }

    /// A path has dropped packets without a word that were larger than so much behind the headers of
    /// IP and TCP, in bytes: remembered as if a router had told.
    fn found_narrow(&mut self, to: IpAddr, path_bytes: u16, now: Instant) {
        let packet_bytes = u32::from(path_bytes) + headers_bytes(to);
        self.path_mtus.too_big(to, Quoted::Segment, packet_bytes, packet_bytes, now);
    }

    /// The largest segment that we take, in bytes: what fits our link.
    fn own_mss(&self, peer: IpAddr) -> u16 {
        let link_bytes = if peer.is_ipv4() { self.wire.mtu_bytes } else { self.mtu_v6_bytes };
        behind_headers(peer, link_bytes as usize)
    }

    /// What the path to an address carries behind the headers of IP and TCP, in bytes.
    fn path_bytes(&self, to: IpAddr) -> u16 {
        behind_headers(to, self.mtu_bytes(to))
    }
}

fn behind_headers(peer: IpAddr, packet_bytes: usize) -> u16 {
    let packet_bytes = packet_bytes.saturating_sub(headers_bytes(peer) as usize);
    u16::try_from(packet_bytes).unwrap_or(u16::MAX).max(1)
}

/// The headers of IP and TCP without options, in bytes.
fn headers_bytes(peer: IpAddr) -> u32 {
    if peer.is_ipv4() { 40 } else { 60 }
}

/// What every path carries behind those headers, in bytes (RFC 9293 §3.7.1).
fn path_bytes_least(to: IpAddr) -> u16 {
    if to.is_ipv4() {
        MSS_DEFAULT_BYTES
    } else {
        behind_headers(to, PATH_MTU_V6_BYTES_MIN as usize)
    }
}

fn is_intact(packet: &Arrived<'_>) -> bool {
    let (protocol, bytes) = (IpProtocol::Tcp.into(), packet.payload.len());
    let mut sum = Sum::of_pseudo_header(packet.source, packet.destination, protocol, bytes);
    sum.add(packet.payload);
    sum.checksum() == 0
}
