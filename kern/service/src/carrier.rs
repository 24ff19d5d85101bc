//! Who carries bytes between RPC and clients: the host's sockets, or a stack of the service's own.
//! Which one is said when the service begins. RPC cannot tell.

use crate::Host;
use crate::config::Network;
use crate::station::{Fate, Station};
use abi::Instant;
use alloc::boxed::Box;
use alloc::rc::Rc;
use core::net::IpAddr;
use hyper::{Clock, DatagramPeer, LinkEvent, StreamEvent, StreamId, Streams};
use rpc::{ConnectionId, Output, Peer, Ports};

/// See the top of the file.
pub(crate) enum Carrier {
    /// The host, which lets clients in by itself once the service serves.
    Sockets { streams: Rc<dyn Streams>, port: u16 },
    /// The service itself.
    Own(Box<Station>),
}

/// Tells RPC what happened on the network.
pub(crate) fn tell(rpc: &mut rpc::Server, event: StreamEvent<'_>) {
    match event {
        StreamEvent::Opened { stream, remote, local } => {
            rpc.opened(ConnectionId(stream.0), remote, local);
        }
        StreamEvent::Received { stream, bytes } => rpc.received(ConnectionId(stream.0), bytes),
        StreamEvent::Filled { stream, buffer } => rpc.filled(ConnectionId(stream.0), buffer),
        StreamEvent::Sent { stream, count_bytes } => {
            rpc.sent(ConnectionId(stream.0), count_bytes);
        }
        StreamEvent::Ended { stream } => rpc.ended(ConnectionId(stream.0)),
        StreamEvent::Closed { stream } => rpc.closed(ConnectionId(stream.0)),
        StreamEvent::Datagram { peer, bytes } => {
            let DatagramPeer { socket, remote, local } = peer;
            rpc.received_datagram(Peer { socket, remote, local }, bytes);
        }
    }
}

impl Carrier {
    /// What the configuration asks for.
    pub(crate) fn new(network: Network, host: &Host, now: Instant) -> Self {
        match network {
            Network::Host { port } => Self::Sockets { streams: host.streams.clone(), port },
            Network::Own { link, config } => {
                let mut secret = [0; 16];
                host.random.fill(&mut secret);
                let mut station = Station::new(link, config, secret, now);
                station.share_memory(host.received.clone(), host.fragments.clone());
                Self::Own(Box::new(station))
            }
        }
    }

    /// Where programs answer.
    pub(crate) fn ports(&self) -> Ports {
        match self {
            Self::Sockets { port, .. } => Ports::one(*port),
            Self::Own(_) => Ports::WELL_KNOWN,
        }
    }

    /// Lets clients in.
    pub(crate) fn open(&mut self) {
        if let Self::Own(station) = self {
            station.open();
        }
    }

    /// Lets no further client in. A host does so by itself.
    pub(crate) fn shut(&mut self) {
        if let Self::Own(station) = self {
            station.shut();
        }
    }

    /// Takes what happened on the link. A host that was asked for its sockets has none to tell of.
    pub(crate) fn link_event(
        &mut self,
        event: LinkEvent<'_>,
        clock: &dyn Clock,
        rpc: &mut rpc::Server,
    ) {
        if let Self::Own(station) = self {
            station.event(event, clock, &mut |event| tell(rpc, event));
        }
    }

    /// Does what is due by now.
    pub(crate) fn advance(&mut self, now: Instant, rpc: &mut rpc::Server) {
        if let Self::Own(station) = self {
            station.advance(now, &mut |event| tell(rpc, event));
        }
    }

    /// Does what RPC wants done outside.
    pub(crate) fn carry(&mut self, rpc: &mut rpc::Server, now: Instant) {
        while let Some(output) = rpc.next_output() {
            match self {
                Self::Sockets { streams, .. } => to_sockets(&**streams, output, rpc),
                Self::Own(station) => to_station(station, output, rpc, now),
            }
        }
    }

    /// Says goodbye to every client: nothing more will be answered.
    pub(crate) fn close(&mut self, now: Instant, rpc: &mut rpc::Server) {
        if let Self::Own(station) = self {
            station.close(now, &mut |event| tell(rpc, event));
        }
    }

    /// Whether every client has said goodbye, as far as that is the service's business.
    pub(crate) fn is_over(&self) -> bool {
        match self {
            Self::Sockets { .. } => true,
            Self::Own(station) => station.is_over(),
        }
    }

    /// Sends what there is as far as there is room.
    pub(crate) fn transmit(&mut self, now: Instant) {
        if let Self::Own(station) = self {
            station.transmit(now);
        }
    }

    /// Tells what became of addresses since the last time.
    pub(crate) fn tell_addresses(&mut self, tell: impl FnMut(IpAddr, Fate)) {
        if let Self::Own(station) = self {
            station.tell_addresses(tell);
        }
    }

    /// How many connections were closed to let others in, and whose the last one was, if that is to
    /// be told now. A host tells of its sockets by itself.
    pub(crate) fn news_of_crowding(&mut self, now: Instant) -> Option<(u64, IpAddr)> {
        match self {
            Self::Sockets { .. } => None,
            Self::Own(station) => station.news_of_crowding(now),
        }
    }

    /// When [`Carrier::advance`] wants to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Sockets { .. } => None,
            Self::Own(station) => station.deadline(),
        }
    }
}

fn to_sockets(streams: &dyn Streams, output: Output, rpc: &mut rpc::Server) {
    match output {
        Output::Send(id, data) => streams.send(StreamId(id.0), data),
        Output::Pause(id, paused) => streams.pause(StreamId(id.0), paused),
        Output::Close(id) => streams.close(StreamId(id.0)),
        Output::Fill(id, buffer, count_bytes) => {
            let refused = streams.fill(StreamId(id.0), buffer, count_bytes);
            if let Err(buffer) = refused {
                rpc.filled(id, buffer);
            }
        }
        Output::Datagram(Peer { socket, remote, local }, data) => {
            streams.send_datagram(DatagramPeer { socket, remote, local }, data);
        }
    }
}

fn to_station(station: &mut Station, output: Output, rpc: &mut rpc::Server, now: Instant) {
    match output {
        Output::Send(id, data) => station.send(StreamId(id.0), data, now),
        Output::Pause(id, paused) => {
            station.pause(StreamId(id.0), paused, now, &mut |event| tell(rpc, event));
        }
        Output::Close(id) => {
            station.hang_up(StreamId(id.0), now, &mut |event| tell(rpc, event));
        }
        // What frames bring is copied once in any case.
        Output::Fill(id, buffer, _) => rpc.filled(id, buffer),
        Output::Datagram(Peer { socket, remote, local }, data) => {
            station.send_datagram(DatagramPeer { socket, remote, local }, data, now);
        }
    }
}
