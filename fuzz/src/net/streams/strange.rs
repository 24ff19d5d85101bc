//! What no honest peer says: fragments, lies of routers, echoes of the past, floods; and what any
//! neighbour says when it is asked who it is.

use super::peers::frame;
use super::{HOST, PEER_FIRST, World};
use crate::input::Input;
use crate::net::host::{PORT, address, mac};
use crate::net::packet::{
    ETHERNET_BYTES, ICMP_V4, ICMP_V6, SYN, Segment, TCP, checksum, packet, repair,
};
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol,
    Icmpv6Message, Icmpv6Packet, IpProtocol, Ipv6Packet,
};
use std::collections::VecDeque;
use std::net::IpAddr;

/// What errors quote of a packet, at most, in bytes.
const QUOTED_BYTES: usize = 100;
/// Types of errors that say something of a path or of a port.
const ERRORS_V4: [u8; 4] = [3, 3, 11, 12];
const ERRORS_V6: [u8; 4] = [1, 2, 3, 4];

impl World {
    /// A segment in fragments, which may be lost, come twice, overlap, or be out of order.
    pub(super) fn step_fragments(&mut self, input: &mut Input<'_>) {
        let Some(segment) = self.nearly(input) else { return };
        let is_v4 = segment.from.is_ipv4();
        let whole = segment.packet();
        let (header, body) = whole.split_at(if is_v4 { 20 } else { 40 });
        let (count, luck) = (usize::from(input.u8() % 4) + 1, input.u8());
        let piece_bytes = body.len().div_ceil(count).next_multiple_of(8);
        for turn in 0..count + 1 {
            let number = (turn + usize::from(luck)) % count;
            let overlap = if luck & 0x80 != 0 && number > 0 { 8 } else { 0 };
            let start = (number * piece_bytes).min(body.len()) - overlap.min(number * piece_bytes);
            let start = start / 8 * 8;
            let end = (number * piece_bytes + piece_bytes).min(body.len()).max(start);
            if luck >> turn & 1 == 0 {
                let is_last = end == body.len();
                self.say(&fragment(header, start, &body[start..end], is_last, luck));
            }
        }
    }

    /// A router complains of a packet of the host.
    pub(super) fn step_quoted(&mut self, input: &mut Input<'_>) {
        let Some(frame) = pick(&self.left, input) else { return };
        let quoted = &frame[ETHERNET_BYTES..frame.len().min(ETHERNET_BYTES + QUOTED_BYTES)];
        let is_v4 = frame[12..14] == [8, 0];
        let (kind, code) = (input.u8(), input.u8() % 16);
        let (kind, protocol) = match is_v4 {
            true => (ERRORS_V4[usize::from(kind) % 4], ICMP_V4),
            false => (ERRORS_V6[usize::from(kind) % 4], ICMP_V6),
        };
        let [high, low] = input.u16().to_be_bytes();
        let body = [&[kind, code, 0, 0, 0, 0, high, low][..], quoted].concat();
        let (from, to) = (address(PEER_FIRST, is_v4), address(HOST, is_v4));
        self.say(&packet(from, to, protocol, 0, &body));
    }

    /// Something that the host got before, changed or not.
    pub(super) fn step_again(&mut self, input: &mut Input<'_>) {
        let Some(mut frame) = pick(&self.arrived, input) else { return };
        let changes = input.u8();
        for _ in 0..changes % 8 {
            let (at, value) = (usize::from(input.u8()), input.u8());
            if let Some(byte) = frame.get_mut(at) {
                *byte = value;
            }
        }
        match changes {
            0 | 0x80 => self.hand(frame),
            _ => {
                if changes < 0x80 {
                    repair(&mut frame[ETHERNET_BYTES..]);
                }
                self.hand_strange(frame);
            }
        }
    }

    /// What the host said, as if its peer had.
    pub(super) fn step_mirrored(&mut self, input: &mut Input<'_>) {
        let Some(said) = pick(&self.left, input) else { return };
        let mut packet = said[ETHERNET_BYTES..].to_vec();
        let (start, length, ports) = if said[12..14] == [8, 0] { (12, 4, 20) } else { (8, 16, 40) };
        if packet.len() >= ports + 4 {
            packet[start..start + 2 * length].rotate_left(length);
            packet[ports..ports + 4].rotate_left(2);
            repair(&mut packet);
            self.hand_strange(frame(&packet));
        }
    }

    /// Bytes as they come: as a frame, as a packet, as a segment.
    pub(super) fn step_raw(&mut self, input: &mut Input<'_>) {
        let (kind, bytes) = (input.u8(), input.u8());
        let bytes = input.take(usize::from(bytes)).to_vec();
        let is_v4 = kind & 0x80 == 0;
        let packet = match kind % 3 {
            0 => return self.hand_strange([&mac(HOST)[..], &bytes].concat()),
            1 => bytes,
            _ => packet(address(PEER_FIRST, is_v4), address(HOST, is_v4), TCP, 0, &bytes),
        };
        self.hand_strange(frame(&packet));
    }

    /// Many who want to begin.
    pub(super) fn step_flood(&mut self, input: &mut Input<'_>) {
        let (peer, is_v4) = self.choose_peer(input);
        for _ in 0..input.u8() {
            let segment = Segment {
                from: (address(peer, is_v4), self.next_port()).into(),
                to: (address(HOST, is_v4), PORT).into(),
                seq: 1,
                ack: 0,
                flags: SYN,
                window: 1000,
                options: Vec::new(),
                payload: Vec::new(),
                ecn: 0,
            };
            self.say(&segment.packet());
        }
    }
}

fn pick(past: &VecDeque<Vec<u8>>, input: &mut Input<'_>) -> Option<Vec<u8>> {
    let back = usize::from(input.u8()) % past.len().max(1);
    past.iter().rev().nth(back).cloned()
}

/// A piece of a packet whose header, without fragmentation, is given.
fn fragment(header: &[u8], start: usize, piece: &[u8], is_last: bool, id: u8) -> Vec<u8> {
    let mut header = header.to_vec();
    if header.len() == 20 {
        let total = (20 + piece.len() as u16).to_be_bytes();
        let field = (start as u16 / 8) | (u16::from(!is_last) << 13);
        header[2..4].copy_from_slice(&total);
        header[4..8].copy_from_slice(&[[0, id], field.to_be_bytes()].concat());
        header[10..12].fill(0);
        let sum = checksum(&[&header]);
        header[10..12].copy_from_slice(&sum);
    } else {
        let [high, low] = (start as u16 | u16::from(!is_last)).to_be_bytes();
        header[4..6].copy_from_slice(&(8 + piece.len() as u16).to_be_bytes());
        let protocol = std::mem::replace(&mut header[6], 44);
        header.extend([protocol, 0, high, low, 0, 0, 0, id]);
    }
    [&header, piece].concat()
}

/// What a peer answers that the host asks for with this frame.
pub(super) fn answer_of_neighbour(frame: &[u8]) -> Option<Vec<u8>> {
    let ethernet = EthernetFrame::new_checked(frame).ok()?;
    match ethernet.ethertype() {
        EthernetProtocol::Arp => answer_v4(ethernet.payload()),
        EthernetProtocol::Ipv6 => answer_v6(ethernet.payload()),
        _ => None,
    }
}

fn answer_v4(request: &[u8]) -> Option<Vec<u8>> {
    let request = ArpRepr::parse(&ArpPacket::new_checked(request).ok()?).ok()?;
    let ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Request,
        source_hardware_addr: target_hardware_addr,
        source_protocol_addr: target_protocol_addr,
        target_protocol_addr: asked,
        ..
    } = request
    else {
        return None;
    };
    let number = peer_of(asked.into())?;
    let answer = ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Reply,
        source_hardware_addr: EthernetAddress(mac(number)),
        source_protocol_addr: asked,
        target_hardware_addr,
        target_protocol_addr,
    };
    let mut bytes = vec![0; answer.buffer_len()];
    answer.emit(&mut ArpPacket::new_unchecked(&mut bytes));
    Some([&mac(HOST)[..], &mac(number), &[8, 6], &bytes].concat())
}

fn answer_v6(request: &[u8]) -> Option<Vec<u8>> {
    let packet = Ipv6Packet::new_checked(request).ok()?;
    let message = Icmpv6Packet::new_checked(packet.payload()).ok()?;
    let is_question = packet.next_header() == IpProtocol::Icmpv6
        && message.msg_type() == Icmpv6Message::NeighborSolicit;
    let target = is_question.then(|| message.target_addr())?;
    let number = peer_of(target.into())?;
    // Solicited, and rather believed than what is known.
    let head = [136, 0, 0, 0, 0x60, 0, 0, 0];
    let body = [&head[..], &target.octets(), &[2, 1], &mac(number)].concat();
    let answer = self::packet(target.into(), packet.src_addr().into(), ICMP_V6, 0, &body);
    Some([&mac(HOST)[..], &mac(number), &[0x86, 0xdd], &answer].concat())
}

/// The peer that has an address.
fn peer_of(target: IpAddr) -> Option<u8> {
    let peers = PEER_FIRST..PEER_FIRST + super::PEERS;
    peers
        .into_iter()
        .find(|number| [true, false].map(|is_v4| address(*number, is_v4)).contains(&target))
}
