//! The stack: where a frame goes in, and what time it is.

#[cfg(test)]
mod tests;

use crate::address::dhcp::Client;
use crate::address::slaac::Solicitation;
use crate::address::{Addresses, Conflict, Duty, Origin, Prefix};
use crate::config::{AddressSource, Config};
use crate::ethernet::{self, Reach};
use crate::frame::Wire;
use crate::ip::path_mtu::PathMtus;
use crate::ip::reassembly::{Fragment, Key, Outcome, Reassembly};
use crate::ip::routes::Routes;
use crate::ip::v6::FRAGMENT_HEADER_BYTES;
use crate::ip::{Arrived, Problem};
use crate::limiter::Limiter;
use crate::limits::{
    ICMP_ECHOES_PER_SECOND, ICMP_ERRORS_PER_SECOND, MTU_BYTES_MAX, MTU_BYTES_MIN,
    PATH_MTU_V6_BYTES_MIN, QUESTIONS_PER_SECOND,
};
use crate::luck::Luck;
use crate::neighbours::Neighbours;
use crate::neighbours::mld::Listener;
use crate::streams::Streams;
use crate::udp::Sockets;
use abi::Instant;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;
use hyper::{Account, Frame, LinkProperties, StreamEvent};
use smoltcp::wire::{EthernetProtocol, IpProtocol};

/// The network of every link by itself.
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0);

/// How long an address that all were told of waits before it is asked for, lest all ask at once
/// (RFC 4862 §5.4.2).
const ADVERTISED_DELAY_MAX: Duration = Duration::from_secs(1);

/// One host on one link.
///
/// Frames and the time go in by [`Stack::frame`] and [`Stack::advance`]; after each, and after each
/// call, frames wait at [`Stack::next_frame`].
#[derive(Debug)]
pub struct Stack {
    pub(crate) wire: Wire,
    /// The longest IPv6 packet: routers may say less than the link does.
    pub(crate) mtu_v6_bytes: u32,
    pub(crate) addresses: Addresses,
    pub(crate) neighbours: Neighbours,
    pub(crate) routes: Routes,
    pub(crate) path_mtus: PathMtus,
    pub(crate) reassembly: Reassembly,
    pub(crate) sockets: Sockets,
    pub(crate) streams: Streams,
    pub(crate) luck: Luck,
    pub(crate) errors: Limiter,
    pub(crate) echoes: Limiter,
    pub(crate) questions: Limiter,
    /// The search for a lease, if we want one.
    pub(crate) dhcp: Option<Client>,
    /// The search for routers, if we listen to them.
    pub(crate) solicitation: Option<Solicitation>,
    pub(crate) listener: Listener,
    /// What the link was told that we listen to, as a number ([`Stack::listening_news`]).
    pub(crate) listened: Option<u64>,
    /// Packets sent, for their numbers.
    pub(crate) packets: u32,
    /// Where stable addresses come from.
    pub(crate) stable: Option<Luck>,
    detects_duplicates: bool,
}

/// What a stack holds; [`crate::limits`] says how much that may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Frames that wait for the link.
    pub frames: usize,
    /// Their length, in bytes.
    pub frames_bytes: usize,
    /// Neighbours remembered.
    pub neighbours: usize,
    /// Those among them that did not answer yet.
    pub neighbours_unresolved: usize,
    /// Frames that wait for these.
    pub frames_waiting: usize,
    /// Datagrams of which pieces are missing.
    pub reassemblies: usize,
    /// What their pieces cost, in bytes.
    pub reassembly_bytes: usize,
    /// What streams keep that arrived out of order or is held back, in bytes.
    pub received_bytes: u64,
}

/// What is said of a frame while its packet is taken in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    pub(crate) reach: Reach,
    pub(crate) is_checked: bool,
}

impl Stack {
    /// A host that has just been plugged in. `secret` are bytes that nobody else knows: from them
    /// come all numbers that others must not foresee.
    pub fn new(config: Config, link: &LinkProperties, secret: [u8; 16], now: Instant) -> Self {
        let mtu_bytes = link.mtu_bytes.clamp(MTU_BYTES_MIN, MTU_BYTES_MAX);
        let mut luck = Luck::new(secret);
        let streams = Streams::new(luck.draw_secret());
        let mut stack = Self {
            wire: Wire::new(config.mac, mtu_bytes, link.offload),
            mtu_v6_bytes: mtu_bytes,
            addresses: Addresses::default(),
            neighbours: Neighbours::default(),
            routes: Routes::default(),
            path_mtus: PathMtus::default(),
            reassembly: Reassembly::default(),
            sockets: Sockets::default(),
            streams,
            luck,
            errors: Limiter::new(ICMP_ERRORS_PER_SECOND),
            echoes: Limiter::new(ICMP_ECHOES_PER_SECOND),
            questions: Limiter::new(QUESTIONS_PER_SECOND),
            dhcp: None,
            solicitation: None,
            listener: Listener::default(),
            listened: None,
            packets: 0,
            stable: config.stable_secret.map(Luck::new),
            detects_duplicates: config.detects_duplicates,
        };
        stack.plug_in(&config, now);
        stack
    }

    fn plug_in(&mut self, config: &Config, now: Instant) {
        for &gateway in &config.gateways {
            self.routes.add_gateway(gateway, None);
        }
        for &source in &config.addresses {
            match source {
                AddressSource::Fixed(prefix) => self.add_address(prefix, Origin::Fixed, None, now),
                AddressSource::Dhcp => self.dhcp = Some(Client::new(now)),
                AddressSource::Advertisements => self.listen_to_routers(now),
            }
        }
        self.advance_link(now);
    }

    fn listen_to_routers(&mut self, now: Instant) {
        if self.speaks_v6() {
            self.add_link_local(now);
            self.solicitation = Some(Solicitation::new());
        }
    }

    fn speaks_v6(&self) -> bool {
        self.wire.mtu_bytes >= PATH_MTU_V6_BYTES_MIN
    }

    /// Adds an address of ours, or says anew how long it lasts. The first IPv6 address brings a
    /// link-local one with it, without which neighbours cannot be asked for.
    pub(crate) fn add_address(
        &mut self,
        prefix: Prefix,
        origin: Origin,
        until: Option<Instant>,
        now: Instant,
    ) {
        let is_asked_for = match prefix.address {
            IpAddr::V4(_) => origin == Origin::Leased,
            IpAddr::V6(_) if !self.speaks_v6() => return,
            IpAddr::V6(_) => self.detects_duplicates,
        };
        if prefix.address.is_ipv6() && origin != Origin::LinkLocal {
            self.add_link_local(now);
        }
        let delay = match origin {
            Origin::Advertised => self.luck.draw_below(ADVERTISED_DELAY_MAX),
            _ => Duration::ZERO,
        };
        let probes = is_asked_for.then_some(delay);
        let is_new = self.addresses.add(prefix, origin, probes, until, now);
        if is_new && prefix.address.is_ipv6() && !is_asked_for {
            self.listener.joined(now);
        }
    }

    fn add_link_local(&mut self, now: Instant) {
        if self.addresses.v6().next().is_none() {
            let own = self.interface_address(LINK_LOCAL, 0);
            self.add_address(own, Origin::LinkLocal, None, now);
        }
    }

    /// Takes a frame in; `is_checked` says that the link has verified checksums of UDP and TCP.
    /// What it brings for others is told to `sink`.
    pub fn frame(
        &mut self,
        bytes: &[u8],
        is_checked: bool,
        now: Instant,
        sink: &mut dyn FnMut(StreamEvent<'_>),
    ) {
        let Some(frame) = ethernet::arrived(bytes, self.wire.mac) else { return };
        let moment = Moment { now, reach: frame.reach, is_checked };
        match frame.protocol {
            EthernetProtocol::Arp => self.arp(frame.payload, frame.source, now),
            EthernetProtocol::Ipv4 => self.arrived_v4(frame.payload, moment, sink),
            EthernetProtocol::Ipv6 => self.arrived_v6(frame.payload, moment, sink),
            EthernetProtocol::Unknown(_) => {}
        }
        self.ask_questions(now);
    }

    /// Counts what pieces of datagrams cost with this account from now on.
    pub fn share_fragments(&mut self, account: Account) {
        self.reassembly.share(account);
    }

    /// Takes a piece of a packet, and the packet if it is the last piece. What is sent to many is kept
    /// by none: one frame would cost all of them memory, and nothing that we serve comes like that.
    pub(crate) fn fragment(
        &mut self,
        mut packet: Arrived<'_>,
        fragment: Fragment,
        moment: Moment,
        sink: &mut dyn FnMut(StreamEvent<'_>),
    ) {
        if packet.reach != Reach::Us {
            return;
        }
        let key = Key::new(&packet, fragment.id);
        // What a link says of a piece's checksum says nothing of the whole.
        (packet.is_checked, packet.ecn) = (false, 0);
        match self.reassembly.take(key, &packet, fragment, moment.now) {
            Outcome::Whole(whole) => {
                let (header, payload) = (&whole.header[..], &whole.payload[..]);
                let packet = Arrived { protocol: whole.protocol.into(), header, payload, ..packet };
                if packet.source.is_ipv4() {
                    self.arrived(&packet, moment, sink);
                } else {
                    self.after_fragment(packet, moment, sink);
                }
            }
            Outcome::TooLong => {
                let place = Problem::Field(fragment_offset_at(packet.header));
                self.refuse(&packet, place, moment.now);
            }
            Outcome::Waiting => {}
        }
    }

    /// Takes a packet that is whole. What we do not speak is refused, so that its sender need not
    /// wait.
    pub(crate) fn arrived(
        &mut self,
        packet: &Arrived<'_>,
        moment: Moment,
        sink: &mut dyn FnMut(StreamEvent<'_>),
    ) {
        match packet.protocol {
            // Who has no address yet may only ask for one.
            protocol if packet.source.is_unspecified() && protocol != IpProtocol::Icmpv6 => {}
            IpProtocol::Tcp => self.tcp(packet, moment, sink),
            IpProtocol::Udp => self.udp(packet, moment, sink),
            IpProtocol::Icmp if packet.source.is_ipv4() => self.icmp_v4(packet, moment.now),
            IpProtocol::Icmpv6 if packet.source.is_ipv6() => self.icmp_v6(packet, moment.now),
            _ => self.refuse(packet, Problem::Protocol(packet.named_at), moment.now),
        }
    }

    /// Does what is due by now. What that brings for others is told to `sink`.
    pub fn advance(&mut self, now: Instant, sink: &mut dyn FnMut(StreamEvent<'_>)) {
        self.advance_streams(now, sink);
        self.advance_link(now);
    }

    fn advance_link(&mut self, now: Instant) {
        self.advance_lease(now);
        let Self { neighbours, routes, .. } = self;
        neighbours.advance(now, &mut |silent| routes.fell_silent(silent, now));
        self.path_mtus.advance(now);
        self.routes.advance(now);
        while let Some(datagram) = self.reassembly.next_given_up(now) {
            self.refuse_fragments(&datagram, now);
        }
        while let Some(duty) = self.addresses.next_duty(now) {
            self.fulfil(duty, now);
        }
        self.solicit_routers(now);
        self.report_groups(now);
        self.ask_questions(now);
    }

    /// When [`Stack::advance`] wants to be called next.
    pub fn deadline(&self) -> Option<Instant> {
        let parts = [
            self.neighbours.deadline(),
            self.path_mtus.deadline(),
            self.routes.deadline(),
            self.reassembly.deadline(),
            self.addresses.deadline(),
            self.dhcp.map(|client| client.deadline()),
            self.solicitation.and_then(|search| search.deadline()),
            self.listener.deadline(),
            self.streams.deadline(),
        ];
        parts.into_iter().flatten().min()
    }

    /// The next frame for the link. It is asked for while the link has room, and not before: what
    /// streams have to send becomes a frame only now.
    pub fn next_frame(&mut self, now: Instant) -> Option<Frame> {
        loop {
            let frame = self.wire.next();
            if frame.is_some() || !self.transmit_next(now) {
                return frame.or_else(|| self.wire.next());
            }
            self.ask_questions(now);
        }
    }

    /// Our addresses in use.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.prefixes().map(|own| own.address).filter(|own| self.has_address(*own))
    }

    /// Addresses of ours, in use or only wanted, that somebody else was heard to have.
    pub fn contested(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.contested()
    }

    /// Streams that are open or being opened by us.
    pub fn connection_count(&self) -> usize {
        self.streams.held().0
    }

    /// Whether an address is ours and in use.
    pub fn has_address(&self, address: IpAddr) -> bool {
        self.addresses.is_ours(address)
    }

    /// What the stack holds at the moment.
    pub fn held(&self) -> Held {
        let (frames, frames_bytes) = self.wire.queued();
        let (neighbours, neighbours_unresolved, frames_waiting) = self.neighbours.count();
        let (reassemblies, reassembly_bytes) = self.reassembly.held();
        Held {
            frames,
            frames_bytes,
            neighbours,
            neighbours_unresolved,
            frames_waiting,
            reassemblies,
            reassembly_bytes,
            received_bytes: self.streams.held().1,
        }
    }

    /// Asks for the neighbours that somebody waits for.
    pub(crate) fn ask_questions(&mut self, now: Instant) {
        while let Some(question) = self.neighbours.next_question() {
            if self.questions.allows(now) {
                match question.of {
                    IpAddr::V4(of) => self.ask_arp(question, of),
                    IpAddr::V6(of) => self.ask_ndp(question, of, now),
                }
            }
        }
    }

    fn fulfil(&mut self, duty: Duty, now: Instant) {
        match duty {
            Duty::Probe(IpAddr::V4(address)) => self.probe_arp(address),
            Duty::Probe(IpAddr::V6(address)) => {
                self.listener.joined(now);
                self.probe_ndp(address, now);
            }
            Duty::Begin(address) => {
                self.announce(address, now);
                self.may_solicit_routers(now);
            }
            Duty::Announce(address) => self.announce(address, now),
            Duty::Expired(IpAddr::V6(address)) => self.leave_group(address, now),
            Duty::Expired(IpAddr::V4(_)) => {}
        }
    }

    fn announce(&mut self, address: IpAddr, now: Instant) {
        match address {
            IpAddr::V4(address) => self.announce_arp(address),
            IpAddr::V6(address) => self.announce_ndp(address, now),
        }
    }

    /// Somebody else speaks for an address of ours.
    pub(crate) fn conflict(&mut self, address: IpAddr, now: Instant) {
        match (self.addresses.conflict(address, now), address) {
            (Conflict::Defend, _) => self.announce(address, now),
            (Conflict::Lost(Origin::Leased), _) => self.decline_lease(now),
            (Conflict::Lost(origin), IpAddr::V6(address)) => {
                self.leave_group(address, now);
                if origin != Origin::Fixed {
                    self.make_another(address, origin, now);
                }
            }
            (Conflict::Ignore | Conflict::Lost(_), _) => {}
        }
    }
}

/// Where a piece of an IPv6 packet says which it is, in bytes: in the header before its payload.
fn fragment_offset_at(header: &[u8]) -> u32 {
    (header.len() + 2).saturating_sub(FRAGMENT_HEADER_BYTES) as u32
}
