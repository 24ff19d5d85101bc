//! Datagrams (RFC 768, RFC 8200 §8.1), up to 64 KiB in both directions.
//!
//! A socket is a port of all our addresses. Checksums are verified unless the link did; none at all
//! is allowed in IPv4 only.

use crate::ethernet::Reach;
use crate::frame::{Draft, pieces_bytes};
use crate::ip::{Arrived, Problem};
use crate::limits::SOCKETS_MAX;
use crate::stack::{Moment, Stack};
use abi::Instant;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use bytes::Bytes;
use checksum::Sum;
use core::net::SocketAddr;
use hyper::{DatagramPeer, StreamEvent};
use smoltcp::wire::{IpProtocol, UDP_HEADER_LEN, UdpPacket};

/// The longest payload of a datagram whose length fits its header, in bytes.
const PAYLOAD_BYTES_MAX: usize = 65_535 - UDP_HEADER_LEN;

/// Where the checksum stands in a header, in bytes.
const CHECKSUM_OFFSET_BYTES: u16 = 6;

/// Which ports are open, and the name that their socket has in events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sockets(BTreeMap<u16, u32>);

impl Sockets {
    /// Whether somebody listens on a port.
    pub(crate) fn is_open(&self, port: u16) -> bool {
        self.0.contains_key(&port)
    }

    /// All ports.
    pub(crate) fn ports(&self) -> impl ExactSizeIterator<Item = u16> {
        self.0.keys().copied()
    }

    fn port(&self, socket: u32) -> Option<u16> {
        self.0.iter().find(|(_, open)| **open == socket).map(|(port, _)| *port)
    }
}

impl Stack {
    /// Opens a port for datagrams. Returns the name of the socket in events, or `None` if there are
    /// as many as there may be.
    pub fn open_datagrams(&mut self, port: u16) -> Option<u32> {
        let socket = self.sockets.0.len() as u32;
        if let Some(open) = self.sockets.0.get(&port) {
            return Some(*open);
        }
        (port != 0 && self.sockets.0.len() < SOCKETS_MAX).then(|| {
            self.sockets.0.insert(port, socket);
            socket
        })
    }

    /// Sends a datagram from where `peer` was heard. It may be lost, and is if it is too long.
    pub fn send_datagram(&mut self, peer: DatagramPeer, data: Vec<Bytes>, now: Instant) {
        let (from, to) = (peer.local, peer.remote);
        let is_ours = self.sockets.port(peer.socket) == Some(from.port())
            && self.addresses.is_ours(from.ip())
            && from.is_ipv4() == to.is_ipv4();
        if is_ours && pieces_bytes(&data) <= PAYLOAD_BYTES_MAX {
            self.send_udp(from, to, data, now);
            self.ask_questions(now);
        }
    }

    pub(crate) fn send_udp(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        data: Vec<Bytes>,
        now: Instant,
    ) {
        let mut draft = Draft::new(from.ip(), to.ip(), IpProtocol::Udp, UDP_HEADER_LEN);
        let mut header = UdpPacket::new_unchecked(draft.transport());
        header.set_src_port(from.port());
        header.set_dst_port(to.port());
        header.set_len((UDP_HEADER_LEN + pieces_bytes(&data)) as u16);
        draft.payload = data;
        draft.checksum_offset_bytes = Some(CHECKSUM_OFFSET_BYTES);
        self.route(draft, now);
    }

    /// Takes a datagram.
    pub(crate) fn udp(
        &mut self,
        packet: &Arrived<'_>,
        moment: Moment,
        sink: &mut dyn FnMut(StreamEvent<'_>),
    ) {
        let Ok(datagram) = UdpPacket::new_checked(packet.payload) else { return };
        if datagram.src_port() == 0 || !packet.is_checked && !is_intact(packet, &datagram) {
            return;
        }
        if self.dhcp(datagram.src_port(), datagram.dst_port(), datagram.payload(), moment.now) {
            return;
        }
        let local = match packet.reach {
            Reach::Us => Some(packet.destination),
            // An answer needs a single address to come from.
            _ => self.addresses.source_for(packet.source),
        };
        match (self.sockets.0.get(&datagram.dst_port()), local) {
            (Some(&socket), Some(local)) => {
                let remote = SocketAddr::new(packet.source, datagram.src_port());
                let local = SocketAddr::new(local, datagram.dst_port());
                let peer = DatagramPeer { socket, remote, local };
                sink(StreamEvent::Datagram { peer, bytes: datagram.payload() });
            }
            _ => self.refuse(packet, Problem::Port, moment.now),
        }
    }
}

fn is_intact(packet: &Arrived<'_>, datagram: &UdpPacket<&[u8]>) -> bool {
    if datagram.checksum() == 0 {
        return packet.source.is_ipv4();
    }
    let bytes = usize::from(datagram.len());
    let mut sum =
        Sum::of_pseudo_header(packet.source, packet.destination, IpProtocol::Udp.into(), bytes);
    sum.add(&packet.payload[..bytes]);
    sum.checksum() == 0
}
