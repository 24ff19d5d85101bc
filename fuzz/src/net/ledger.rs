//! What a stack says of its streams, entry by entry: each stream opens once, brings bytes only while
//! it is open, confirms no more than it was given, ends once, and is never heard of again.

use hyper::{StreamEvent, StreamId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// All that a stack ever said of streams.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    streams: BTreeMap<StreamId, Stream>,
    names: BTreeSet<StreamId>,
    /// What arrived and was not looked at yet.
    pub(super) arrivals: Vec<Arrival>,
}

/// A stream that is not over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stream {
    /// Our end and the peer's; `None` while it is being opened.
    pub(super) ends: Option<(SocketAddr, SocketAddr)>,
    /// We opened it.
    pub(super) is_ours: bool,
    pub(super) is_ended: bool,
    pub(super) is_paused: bool,
    pub(super) is_finished: bool,
    pub(super) is_closed: bool,
    pub(super) given_bytes: usize,
    pub(super) sent_bytes: usize,
    pub(super) received_bytes: usize,
}

/// Bytes of a stream, and how many came before.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) stream: Stream,
    pub(super) bytes: Vec<u8>,
}

impl Ledger {
    /// The streams that are not over, in the order of their names.
    pub(super) fn streams(&self) -> impl Iterator<Item = (StreamId, Stream)> {
        self.streams.iter().map(|(name, stream)| (*name, *stream))
    }

    /// One of the streams that are not over, if there is one.
    pub(super) fn choose(&self, luck: u8) -> Option<(StreamId, Stream)> {
        let count = self.streams.len();
        self.streams().nth(usize::from(luck) % count.max(1))
    }

    pub(super) fn get(&mut self, name: StreamId) -> Option<&mut Stream> {
        self.streams.get_mut(&name)
    }

    /// A stream begins to be there, as it is.
    pub(super) fn begins(&mut self, name: StreamId, stream: Stream) {
        assert!(self.names.insert(name), "{name:?} was another's name");
        self.streams.insert(name, stream);
    }

    /// A stream is not there any more.
    pub(super) fn leaves(&mut self, name: StreamId) -> Stream {
        self.streams.remove(&name).expect("a stream that was there")
    }

    /// Enters what a stack says.
    ///
    /// # Panics
    /// If that cannot be.
    pub(super) fn enter(&mut self, event: &StreamEvent<'_>) {
        match *event {
            StreamEvent::Opened { stream, remote, local } => self.opened(stream, local, remote),
            StreamEvent::Received { stream, bytes } => self.received(stream, bytes),
            StreamEvent::Sent { stream, count_bytes } => self.sent(stream, count_bytes),
            StreamEvent::Ended { stream } => {
                let stream = self.open(stream);
                assert!(!stream.is_ended, "ends once: {stream:?}");
                stream.is_ended = true;
            }
            StreamEvent::Closed { stream } => {
                self.leaves(stream);
            }
            StreamEvent::Filled { .. } => panic!("nobody asked for this"),
            StreamEvent::Datagram { .. } => {}
        }
    }

    fn opened(&mut self, name: StreamId, local: SocketAddr, remote: SocketAddr) {
        let ends = Some((local, remote));
        match self.streams.get_mut(&name) {
            None => self.begins(name, Stream { ends, ..Stream::default() }),
            Some(stream) => {
                assert!(stream.is_ours && stream.ends.is_none(), "opened once: {stream:?}");
                stream.ends = ends;
            }
        }
    }

    fn received(&mut self, name: StreamId, bytes: &[u8]) {
        let stream = self.open(name);
        let is_heard = !stream.is_ended && !stream.is_paused && !stream.is_closed;
        assert!(is_heard && !bytes.is_empty(), "{} bytes of {stream:?}", bytes.len());
        let arrival = Arrival { stream: *stream, bytes: bytes.to_vec() };
        stream.received_bytes += bytes.len();
        self.arrivals.push(arrival);
    }

    fn sent(&mut self, name: StreamId, count_bytes: usize) {
        let stream = self.open(name);
        stream.sent_bytes += count_bytes;
        let is_true = count_bytes > 0 && stream.sent_bytes <= stream.given_bytes;
        assert!(is_true, "{count_bytes} bytes sent of {stream:?}");
    }

    fn open(&mut self, name: StreamId) -> &mut Stream {
        let stream = self.streams.get_mut(&name).expect("a stream that is not over");
        assert!(stream.ends.is_some(), "a stream that is open");
        stream
    }
}
