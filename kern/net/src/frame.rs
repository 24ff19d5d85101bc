//! Packets on their way out: from a transport's header to a frame of the link.
//!
//! ```text
//!  Draft    │ Ethernet │ IP │ transport's header │  payload, shared      head is made once, with
//!           └── room ───────┘ filled by udp, icmp, tcp                  room for all headers
//!  Packet   IP's header and checksums are filled in; fragments, if it had to be cut
//!  Frame    the neighbour's address is filled in
//! ```
//! Payload is never copied: a checksum that the link does not fill in is summed where bytes lie.

use crate::limits::{FRAMES_QUEUED_BYTES_MAX, FRAMES_QUEUED_MAX};
use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use bytes::Bytes;
use checksum::Sum;
use core::net::IpAddr;
use hyper::{ChecksumPlace, Cut, Frame, LinkOffload};
use smoltcp::wire::{
    ETHERNET_HEADER_LEN, EthernetAddress, EthernetFrame, EthernetProtocol, IPV4_HEADER_LEN,
    IPV6_HEADER_LEN, IpProtocol,
};

/// Room for so many frames is kept when none waits.
const KEPT_ROOM: usize = 8;

/// A packet whose IP header is not made yet.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// Room for Ethernet's and IP's headers, then the transport's.
    pub(crate) head: Vec<u8>,
    pub(crate) payload: Vec<Bytes>,
    pub(crate) source: IpAddr,
    /// Of the same family as `source`.
    pub(crate) destination: IpAddr,
    pub(crate) protocol: IpProtocol,
    pub(crate) hop_limit: u8,
    /// What is said of congestion (RFC 3168 §5), in the lowest two bits.
    pub(crate) ecn: u8,
    /// Whether it is rather lost than cut into fragments, here or on its way.
    pub(crate) is_whole: bool,
    /// How the link cuts it into packets, if it is too long for one.
    pub(crate) cut: Option<Cut>,
    /// Where in the transport's header its checksum goes; `None` if that is there already.
    pub(crate) checksum_offset_bytes: Option<u16>,
}

impl Draft {
    /// With a transport's header of zeros.
    pub(crate) fn new(
        source: IpAddr,
        destination: IpAddr,
        protocol: IpProtocol,
        transport_bytes: usize,
    ) -> Self {
        Self {
            head: vec![0; transport_start(source) + transport_bytes],
            payload: Vec::new(),
            source,
            destination,
            protocol,
            hop_limit: 64,
            ecn: 0,
            is_whole: false,
            cut: None,
            checksum_offset_bytes: None,
        }
    }

    /// The transport's header, to be filled.
    pub(crate) fn transport(&mut self) -> &mut [u8] {
        let start = transport_start(self.source);
        &mut self.head[start..]
    }

    /// Transport's header and payload, in bytes.
    pub(crate) fn transport_bytes(&self) -> usize {
        self.head.len() - transport_start(self.source) + pieces_bytes(&self.payload)
    }

    /// IP's header and all behind it, in bytes.
    pub(crate) fn packet_bytes(&self) -> usize {
        transport_start(self.source) - ETHERNET_HEADER_LEN + self.transport_bytes()
    }

    /// Puts a control message's checksum in its place, which no link does (RFC 4443 §2.3: IPv6's
    /// covers a pseudo header, RFC 792: IPv4's does not).
    pub(crate) fn fill_icmp_checksum(&mut self) {
        let mut sum = match self.source {
            IpAddr::V4(_) => Sum::default(),
            IpAddr::V6(source) => {
                let (from, bytes) = (IpAddr::V6(source), self.transport_bytes());
                Sum::of_pseudo_header(from, self.destination, self.protocol.into(), bytes)
            }
        };
        let start = transport_start(self.source);
        sum.add(&self.head[start..]);
        self.payload.iter().for_each(|piece| sum.add(piece));
        self.head[start + 2..start + 4].copy_from_slice(&sum.checksum().to_be_bytes());
    }

    /// Puts the transport's checksum in its place, or leaves that to the link.
    pub(crate) fn fill_checksum(&mut self, by_link: bool) -> Option<ChecksumPlace> {
        let offset_bytes = self.checksum_offset_bytes.take()?;
        let bytes = self.transport_bytes();
        let protocol = self.protocol.into();
        let mut sum = Sum::of_pseudo_header(self.source, self.destination, protocol, bytes);
        let start = transport_start(self.source);
        let value = if by_link {
            sum.plain()
        } else {
            sum.add(&self.head[start..]);
            self.payload.iter().for_each(|piece| sum.add(piece));
            // UDP means «no checksum» by 0 (RFC 768). The two zeros are the same to a sum, but not to
            // who compares TCP's with its own.
            match sum.checksum() {
                0 if self.protocol == IpProtocol::Udp => 0xffff,
                checksum => checksum,
            }
        };
        let at = start + usize::from(offset_bytes);
        self.head[at..at + 2].copy_from_slice(&value.to_be_bytes());
        by_link.then_some(ChecksumPlace { start_bytes: start as u16, offset_bytes })
    }
}

/// Where a transport's header begins in a frame that carries packets between such addresses.
pub(crate) fn transport_start(address: IpAddr) -> usize {
    ETHERNET_HEADER_LEN + if address.is_ipv4() { IPV4_HEADER_LEN } else { IPV6_HEADER_LEN }
}

/// How many bytes there are in pieces.
pub(crate) fn pieces_bytes(pieces: &[Bytes]) -> usize {
    pieces.iter().map(Bytes::len).sum()
}

/// A packet, complete but for Ethernet's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    /// All headers; the room for Ethernet's is zeros.
    pub(crate) head: Vec<u8>,
    pub(crate) payload: Vec<Bytes>,
    pub(crate) checksum: Option<ChecksumPlace>,
    pub(crate) cut: Option<Cut>,
}

/// The way out: frames that wait for the link.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) mac: [u8; 6],
    pub(crate) mtu_bytes: u32,
    pub(crate) offload: LinkOffload,
    frames: VecDeque<Frame>,
    queued_bytes: usize,
}

impl Wire {
    pub(crate) fn new(mac: [u8; 6], mtu_bytes: u32, offload: LinkOffload) -> Self {
        Self { mac, mtu_bytes, offload, frames: VecDeque::new(), queued_bytes: 0 }
    }

    /// Sends a packet to a station, or loses it if too many wait.
    pub(crate) fn send(&mut self, mut packet: Packet, to: [u8; 6], protocol: EthernetProtocol) {
        if packet.head.len() < ETHERNET_HEADER_LEN || self.frames.len() >= FRAMES_QUEUED_MAX {
            return;
        }
        let mut ethernet = EthernetFrame::new_unchecked(&mut packet.head);
        ethernet.set_src_addr(EthernetAddress(self.mac));
        ethernet.set_dst_addr(EthernetAddress(to));
        ethernet.set_ethertype(protocol);
        let Packet { head, payload, checksum, cut } = packet;
        self.queue(Frame { head: head.into(), payload, checksum, cut });
    }

    fn queue(&mut self, frame: Frame) {
        let bytes = frame.bytes();
        if self.queued_bytes + bytes <= FRAMES_QUEUED_BYTES_MAX {
            self.queued_bytes += bytes;
            self.frames.push_back(frame);
        }
    }

    /// The next frame for the link.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        self.queued_bytes -= frame.bytes();
        if self.frames.is_empty() && self.frames.capacity() > KEPT_ROOM {
            // An idle stack holds no memory of its busy days.
            self.frames = VecDeque::new();
        }
        Some(frame)
    }

    /// How many frames wait, and their bytes.
    pub(crate) fn queued(&self) -> (usize, usize) {
        (self.frames.len(), self.queued_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The checksum of a packet whose other words sum up to 0xffff.
    fn of_nothing(protocol: IpProtocol, offset_bytes: u16) -> [u8; 2] {
        let of = |payload: [u8; 2]| {
            let [source, destination] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
            let mut draft = Draft::new(source, destination, protocol, 20);
            draft.payload.push(Bytes::copy_from_slice(&payload));
            draft.checksum_offset_bytes = Some(offset_bytes);
            assert_eq!(draft.fill_checksum(false), None);
            let at = usize::from(offset_bytes);
            [draft.transport()[at], draft.transport()[at + 1]]
        };
        of(of([0, 0]))
    }

    #[test]
    fn only_udp_has_another_zero() {
        assert_eq!(of_nothing(IpProtocol::Tcp, 16), [0, 0]);
        assert_eq!(of_nothing(IpProtocol::Udp, 6), [0xff, 0xff]);
    }
}
