//! Packets as anybody may write and read them: fields as given, checksums right if that is wanted.

use smoltcp::wire::{EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, Ipv6Packet};
use smoltcp::wire::{TcpOption, TcpPacket};
use std::net::{IpAddr, SocketAddr};

pub(super) const TCP: u8 = 6;
pub(super) const ICMP_V4: u8 = 1;
pub(super) const ICMP_V6: u8 = 58;

/// Length of Ethernet's header, in bytes.
pub(super) const ETHERNET_BYTES: usize = 14;

/// A segment as its sender writes it.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) seq: u32,
    pub(super) ack: u32,
    /// CWR, ECE, URG, ACK, PSH, RST, SYN, FIN.
    pub(super) flags: u8,
    pub(super) window: u16,
    pub(super) options: Vec<u8>,
    pub(super) payload: Vec<u8>,
    pub(super) ecn: u8,
}

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
pub(super) const ACK: u8 = 16;

impl Segment {
    /// The packet that carries it.
    pub(super) fn packet(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(60 + self.payload.len());
        body.extend(self.from.port().to_be_bytes());
        body.extend(self.to.port().to_be_bytes());
        body.extend(self.seq.to_be_bytes());
        body.extend(self.ack.to_be_bytes());
        let options = &self.options[..self.options.len().min(40)];
        let words = 5 + options.len().div_ceil(4);
        body.extend([(words as u8) << 4, self.flags]);
        body.extend(self.window.to_be_bytes());
        body.extend([0; 4]);
        body.extend(options);
        body.resize(words * 4, 0);
        body.extend(&self.payload);
        packet(self.from.ip(), self.to.ip(), TCP, self.ecn, &body)
    }
}

/// A packet of one protocol, its checksums right. Both addresses are of one family.
pub(super) fn packet(from: IpAddr, to: IpAddr, protocol: u8, ecn: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = match from {
        IpAddr::V4(_) => {
            let [high, low] = (20 + body.len() as u16).to_be_bytes();
            vec![0x45, ecn & 3, high, low, 0, 0, 0, 0, 255, protocol, 0, 0]
        }
        IpAddr::V6(_) => {
            let [high, low] = (body.len() as u16).to_be_bytes();
            vec![0x60, (ecn & 3) << 4, 0, 0, high, low, protocol, 255]
        }
    };
    packet.extend(octets(from));
    packet.extend(octets(to));
    packet.extend(body);
    repair(&mut packet);
    packet
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// Puts the checksums of a packet right, as far as it says where they are. What a fragment carries
/// is left alone.
pub(super) fn repair(packet: &mut [u8]) {
    match packet.first().map(|first| first >> 4) {
        Some(4) if packet.len() >= 20 => repair_v4(packet),
        Some(6) if packet.len() >= 40 => {
            let (header, body) = packet.split_at_mut(40);
            repair_body(header[6], &header[8..40], body);
        }
        _ => {}
    }
}

fn repair_v4(packet: &mut [u8]) {
    let header_bytes = usize::from(packet[0] & 15).clamp(5, 15) * 4;
    let total_bytes = usize::from(u16::from_be_bytes([packet[2], packet[3]])).min(packet.len());
    if header_bytes > total_bytes {
        return;
    }
    let (header, body) = packet[..total_bytes].split_at_mut(header_bytes);
    header[10..12].fill(0);
    let sum = checksum(&[&*header]);
    header[10..12].copy_from_slice(&sum);
    if u16::from_be_bytes([header[6], header[7]]) & 0x3fff == 0 {
        repair_body(header[9], &header[12..20], body);
    }
}

/// `ends` are both addresses, as they stand in the header.
fn repair_body(protocol: u8, ends: &[u8], body: &mut [u8]) {
    let (at, is_pseudo) = match protocol {
        TCP => (16, true),
        17 => (6, true),
        ICMP_V4 => (2, false),
        ICMP_V6 => (2, true),
        _ => return,
    };
    let Some(place) = body.get_mut(at..at + 2) else { return };
    place.fill(0);
    let length = (body.len() as u32).to_be_bytes();
    let sum = match is_pseudo {
        true => checksum(&[ends, &length, &[0, 0, 0, protocol], &*body]),
        false => checksum(&[&*body]),
    };
    body[at..at + 2].copy_from_slice(&sum);
}

/// The Internet checksum (RFC 1071) of parts, of which all but the last are of even length.
pub(super) fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let mut sum = 0_u64;
    for part in parts {
        let (words, rest) = part.as_chunks();
        sum += words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum::<u64>();
        sum += rest.iter().map(|last| u64::from(*last) << 8).sum::<u64>();
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}

/// A segment that is seen on the wire, all its checksums right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) seq: u32,
    pub(super) ack: Option<u32>,
    pub(super) is_syn: bool,
    pub(super) is_fin: bool,
    pub(super) is_rst: bool,
    /// What its sender's clock shows.
    pub(super) clock: Option<u32>,
    pub(super) payload: &'a [u8],
}

impl Seen<'_> {
    /// The number that follows.
    pub(super) fn end(&self) -> u32 {
        let marks = u32::from(self.is_syn) + u32::from(self.is_fin);
        self.seq.wrapping_add(self.payload.len() as u32).wrapping_add(marks)
    }
}

/// What of a frame is a segment to everybody who checks all that can be checked.
pub(super) fn seen(frame: &[u8]) -> Option<Seen<'_>> {
    let ethernet = EthernetFrame::new_checked(frame).ok()?;
    match ethernet.ethertype() {
        EthernetProtocol::Ipv4 => {
            let packet = Ipv4Packet::new_checked(ethernet.payload()).ok()?;
            let is_whole = !packet.more_frags() && packet.frag_offset() == 0;
            let is_segment = packet.next_header() == IpProtocol::Tcp && is_whole;
            let (from, to) = (packet.src_addr().into(), packet.dst_addr().into());
            (is_segment && packet.verify_checksum()).then(|| segment(packet.payload(), from, to))?
        }
        EthernetProtocol::Ipv6 => {
            let packet = Ipv6Packet::new_checked(ethernet.payload()).ok()?;
            let (from, to) = (packet.src_addr().into(), packet.dst_addr().into());
            let is_segment = packet.next_header() == IpProtocol::Tcp;
            is_segment.then(|| segment(packet.payload(), from, to))?
        }
        _ => None,
    }
}

fn segment(bytes: &[u8], from: IpAddr, to: IpAddr) -> Option<Seen<'_>> {
    let packet = TcpPacket::new_checked(bytes).ok()?;
    packet.verify_checksum(&from.into(), &to.into()).then(|| Seen {
        from: SocketAddr::new(from, packet.src_port()),
        to: SocketAddr::new(to, packet.dst_port()),
        seq: packet.seq_number().0.cast_unsigned(),
        ack: packet.ack().then(|| packet.ack_number().0.cast_unsigned()),
        is_syn: packet.syn(),
        is_fin: packet.fin(),
        is_rst: packet.rst(),
        clock: clock(packet.options()),
        payload: packet.payload(),
    })
}

fn clock(mut options: &[u8]) -> Option<u32> {
    while let Ok((rest, option)) = TcpOption::parse(options) {
        match option {
            TcpOption::TimeStamp { tsval, .. } => return Some(tsval),
            TcpOption::EndOfList => break,
            _ => options = rest,
        }
    }
    None
}

/// Whether nobody who checks what can be checked takes any of it: a segment, as a whole and without
/// anything before it, that is not what it says.
pub(super) fn is_discarded(frame: &[u8]) -> bool {
    let is_segment = match frame.get(12..14) {
        Some([8, 0]) => frame.get(14) == Some(&0x45) && is_whole_v4(frame),
        Some([0x86, 0xdd]) => frame.get(20) == Some(&6),
        _ => false,
    };
    is_segment && seen(frame).is_none()
}

fn is_whole_v4(frame: &[u8]) -> bool {
    let is_alone = matches!(frame.get(20..22), Some(&[high, low]) if high & 0x3f == 0 && low == 0);
    frame.get(23) == Some(&6) && is_alone
}
