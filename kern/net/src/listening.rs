//! What of frames to many we have use for, said to the link: a switch with ten thousand of us then
//! leaves the others asleep.
//!
//! | we listen to | because |
//! |---|---|
//! | addresses of ours, wanted ones too | others ask for them, and some may have them as well |
//! | neighbours that say to have moved | frames to them would be lost until they are asked again |
//! | groups of our IPv6 addresses, and all nodes | neighbours and routers ask there (RFC 4291 §2.8) |
//! | routers; leases | only if our addresses come from there |
//! | UDP's open ports | clients look for servers by IPv4 broadcasts |
//!
//! Nothing depends on it that somebody is silent about: what does not come is what would change
//! nothing here.

use crate::address::solicited_group;
use crate::ethernet;
use crate::limits::NEIGHBOURS_LISTENED_TO_MAX;
use crate::neighbours::ndp::ALL_NODES;
use crate::stack::Stack;
use alloc::vec::Vec;
use core::net::IpAddr;
use hyper::{LinkTopic, Listening};

impl Stack {
    /// What the link is to be told that we listen to ([`hyper::Link::listen`]), if that has changed
    /// since this was asked.
    pub fn listening_news(&mut self) -> Option<Listening> {
        let is_crowded = self.neighbours.count().0 > NEIGHBOURS_LISTENED_TO_MAX;
        // Each of these only grows, so that their sum stays as it is while all of them do.
        let changes = self.addresses.changes()
            + self.neighbours.changes()
            + self.sockets.ports().len() as u64;
        let state = if is_crowded { u64::MAX } else { changes };
        if self.listened.replace(state) == Some(state) {
            return None;
        }
        Some(if is_crowded { Listening::Everything } else { Listening::Topics(self.topics()) })
    }

    fn topics(&self) -> Vec<LinkTopic> {
        let all_nodes = self.addresses.v6().next().map(|_| ALL_NODES);
        let groups = self.addresses.v6().map(solicited_group).chain(all_nodes);
        let own = self.addresses.wanted().map(LinkTopic::Own);
        let groups = groups.map(|group| LinkTopic::Group(ethernet::group(group)));
        let ports = self.sockets.ports().map(LinkTopic::Datagrams);
        let routers = self.solicitation.map(|_| LinkTopic::Routers);
        let lease = self.dhcp.map(|_| LinkTopic::Lease(self.wire.mac));
        let neighbours = self.neighbours.stations().map(|(of, station)| {
            LinkTopic::Neighbour(of, station.filter(|_| !self.may_resign(of)))
        });
        own.chain(groups).chain(ports).chain(routers).chain(lease).chain(neighbours).collect()
    }

    /// Whether a neighbour may say that it is no router any more, though it has not moved.
    fn may_resign(&self, neighbour: IpAddr) -> bool {
        neighbour.is_ipv6() && self.routes.is_gateway(neighbour)
    }
}
