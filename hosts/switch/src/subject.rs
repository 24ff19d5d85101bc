//! What a frame to many is about: who has to hear it, of those who said what they listen to.
//!
//! ```text
//!  everybody ──┬─ ARP ──────────────────────► Own(sender), Own(target); a claim of the sender's
//!              └─ IPv4, UDP ────────────────► Datagrams(port), or Lease(client)
//!  all hosts ─── IPv4, UDP ─────────────────► the same
//!  all nodes ──┬─ neighbour advertisement ──► Own(target); a claim
//!              └─ router advertisement ─────► Routers
//!  what else is sent to a group ────────────► Group
//! ```
//! Anybody may have sent it, and it may be cut off anywhere. What a frame's head does not show is
//! about nothing: it reaches only those who listen to everything. (RFC 826, RFC 4861 §4.2 and §4.4,
//! RFC 951. Switches that answer for others, RFC 9161, know addresses by the same fields.)

use crate::header::{Header, Mac};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use hyper::LinkTopic;

/// Ethernet's groups of which frames are told apart further.
const EVERYBODY: Mac = Mac([0xff; 6]);
const ALL_HOSTS: Mac = Mac([0x01, 0x00, 0x5e, 0, 0, 1]);
const ALL_NODES: Mac = Mac([0x33, 0x33, 0, 0, 0, 1]);

const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const IPV6: u16 = 0x86dd;

/// How ARP for IPv4 on Ethernet begins.
const ARP_START: [u8; 6] = [0, 1, 8, 0, 6, 4];

const UDP: u8 = 17;
const UDP_BYTES: usize = 8;
/// The bits of IPv4's header that tell a piece of a datagram.
const FRAGMENT_BITS: u16 = 0x3fff;
/// Where DHCP's clients listen, and where in a message the client's Ethernet address stands.
const CLIENT_PORT: u16 = 68;
const CLIENT_ADDRESS_AT: usize = 28;

const ICMPV6: u8 = 58;
const ICMPV6_AT: usize = 40;
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
/// Where in such an advertisement the target and options stand.
const TARGET_AT: usize = ICMPV6_AT + 8;
const OPTIONS_AT: usize = TARGET_AT + 16;
/// How an option begins that tells the target's station, and how much comes behind IPv6's header
/// if there is that option and no other.
const STATION_OPTION: [u8; 2] = [2, 1];
const ADVERTISEMENT_BYTES: [u8; 2] = [0, 32];

/// See the module's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) topics: [Option<LinkTopic>; 2],
    pub(crate) claim: Option<Claim>,
}

/// Somebody speaks for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) of: IpAddr,
    /// The station that it says to be; `None` if that is not plain.
    pub(crate) station: Option<Mac>,
}

impl Subject {
    /// Of a frame that begins with `head`, of which `header` was read.
    pub(crate) fn read(header: &Header, head: &[u8]) -> Self {
        let told_apart = header.body(head).and_then(|(kind, body)| match (header.receiver, kind) {
            (EVERYBODY, ARP) => arp(body),
            (EVERYBODY | ALL_HOSTS, IPV4) => datagram(body),
            (ALL_NODES, IPV6) => advertisement(body),
            _ => None,
        });
        told_apart.unwrap_or_else(|| Self::of(LinkTopic::Group(header.receiver.0)))
    }

    fn of(topic: LinkTopic) -> Self {
        Self { topics: [Some(topic), None], claim: None }
    }
}

fn arp(body: &[u8]) -> Option<Subject> {
    if !body.starts_with(&ARP_START) {
        return None;
    }
    let station = Some(Mac(array(body, 8)?));
    let [sender, target] =
        [array::<4>(body, 14)?, array(body, 24)?].map(|at| IpAddr::V4(Ipv4Addr::from(at)));
    let topics = [sender, target].map(|address| Some(LinkTopic::Own(address)));
    Some(Subject { topics, claim: Some(Claim { of: sender, station }) })
}

fn datagram(body: &[u8]) -> Option<Subject> {
    let [version, ..] = *body else { return None };
    let is_piece = u16::from_be_bytes(array(body, 6)?) & FRAGMENT_BITS != 0;
    if version >> 4 != 4 || *body.get(9)? != UDP || is_piece {
        return None;
    }
    let udp = body.get(usize::from(version & 0xf) * 4..)?;
    let port = u16::from_be_bytes(array(udp, 2)?);
    let client = array(udp, UDP_BYTES + CLIENT_ADDRESS_AT).filter(|_| port == CLIENT_PORT);
    Some(Subject::of(client.map_or(LinkTopic::Datagrams(port), LinkTopic::Lease)))
}

fn advertisement(body: &[u8]) -> Option<Subject> {
    match (*body.get(6)?, *body.get(ICMPV6_AT)?) {
        (ICMPV6, ROUTER_ADVERTISEMENT) => Some(Subject::of(LinkTopic::Routers)),
        (ICMPV6, NEIGHBOUR_ADVERTISEMENT) => {
            let of = IpAddr::V6(Ipv6Addr::from(array::<16>(body, TARGET_AT)?));
            let claim = Some(Claim { of, station: advertised_station(body) });
            Some(Subject { topics: [Some(LinkTopic::Own(of)), None], claim })
        }
        _ => None,
    }
}

fn advertised_station(body: &[u8]) -> Option<Mac> {
    let is_plain =
        array(body, 4)? == ADVERTISEMENT_BYTES && array(body, OPTIONS_AT)? == STATION_OPTION;
    array(body, OPTIONS_AT + STATION_OPTION.len()).map(Mac).filter(|_| is_plain)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}
