//! ARP: station addresses of IPv4 neighbours (RFC 826, RFC 1122 §2.3.2, RFC 5227).

use super::{Claim, Question};
use crate::frame::Packet;
use crate::stack::Stack;
use abi::Instant;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, ETHERNET_HEADER_LEN, EthernetAddress, EthernetProtocol,
};

const EVERYBODY: [u8; 6] = [0xff; 6];

impl Stack {
    /// Takes an ARP packet that `station` sent.
    pub(crate) fn arp(&mut self, bytes: &[u8], station: [u8; 6], now: Instant) {
        let parsed = ArpPacket::new_checked(bytes).and_then(|packet| ArpRepr::parse(&packet));
        let Ok(ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr: EthernetAddress(sender),
            source_protocol_addr: from,
            target_protocol_addr: to,
            ..
        }) = parsed
        else {
            return;
        };
        // Who says another station than the frame does speaks for somebody else: proxies send
        // their own in both.
        if sender != station || self.is_conflict(from, to, now) || !self.may_claim(from.into()) {
            return;
        }
        let is_for_us = self.addresses.is_ours(to.into());
        match operation {
            ArpOperation::Request if is_for_us => {
                self.neighbours.heard(from.into(), sender, now, &mut self.wire);
                self.send_arp(ArpOperation::Reply, to, from, Some(sender));
            }
            ArpOperation::Request | ArpOperation::Reply => {
                let is_answer = operation == ArpOperation::Reply && is_for_us;
                let claim = Claim { station: Some(sender), is_answer, overrides: true };
                self.neighbours.claimed(from.into(), claim, now, &mut self.wire);
            }
            ArpOperation::Unknown(_) => {}
        }
    }

    /// Whether a packet shows that somebody has an address of ours, or wants the same one; what
    /// follows from that is done (RFC 5227 §2.1.1, §2.4).
    fn is_conflict(&mut self, from: Ipv4Addr, to: Ipv4Addr, now: Instant) -> bool {
        let is_probe = from.is_unspecified();
        let contested = if is_probe { to } else { from };
        if is_probe && self.addresses.is_ours(to.into()) {
            self.send_arp(ArpOperation::Reply, to, from, None);
            return true;
        }
        self.addresses.has(contested.into()) && {
            self.conflict(contested.into(), now);
            true
        }
    }

    /// Whether such a neighbour can be on the link.
    fn may_claim(&self, from: IpAddr) -> bool {
        crate::address::is_host(from) && self.is_on_link(from)
    }

    /// Asks for an IPv4 neighbour.
    pub(crate) fn ask_arp(&mut self, question: Question, of: Ipv4Addr) {
        if let Some(IpAddr::V4(own)) = self.addresses.source_for(question.of) {
            self.send_arp(ArpOperation::Request, own, of, question.station);
        }
    }

    /// Asks whether somebody has an address that we would like to have (RFC 5227 §2.1).
    pub(crate) fn probe_arp(&mut self, address: Ipv4Addr) {
        self.send_arp(ArpOperation::Request, Ipv4Addr::UNSPECIFIED, address, None);
    }

    /// Tells everybody that an address is ours (RFC 5227 §2.3).
    pub(crate) fn announce_arp(&mut self, address: Ipv4Addr) {
        self.send_arp(ArpOperation::Request, address, address, None);
    }

    fn send_arp(
        &mut self,
        operation: ArpOperation,
        from: Ipv4Addr,
        to: Ipv4Addr,
        station: Option<[u8; 6]>,
    ) {
        let arp = ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr: EthernetAddress(self.wire.mac),
            source_protocol_addr: from,
            target_hardware_addr: EthernetAddress(station.unwrap_or_default()),
            target_protocol_addr: to,
        };
        let mut head = vec![0; ETHERNET_HEADER_LEN + arp.buffer_len()];
        arp.emit(&mut ArpPacket::new_unchecked(&mut head[ETHERNET_HEADER_LEN..]));
        let packet = Packet { head, payload: Vec::new(), checksum: None, cut: None };
        self.wire.send(packet, station.unwrap_or(EVERYBODY), EthernetProtocol::Arp);
    }
}
