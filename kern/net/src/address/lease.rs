//! The DHCP client at work: its messages as datagrams, and what its leases mean for the stack.

use super::dhcp::{Action, Answer, Client, Lease, Message};
use super::{Origin, Prefix};
use crate::stack::Stack;
use abi::Instant;
use alloc::vec;
use bytes::Bytes;
use core::net::{Ipv4Addr, SocketAddr};
use smoltcp::wire::{DHCP_CLIENT_PORT, DHCP_SERVER_PORT, DhcpPacket, DhcpRepr, EthernetAddress};

/// The shortest message that every relay takes, in bytes: a BOOTP message (RFC 1542 §2.1).
const MESSAGE_BYTES_MIN: usize = 300;

const OPTION_ROUTERS: u8 = 3;

/// What we would like to know: mask, routers, and the times to renew and rebind.
const WANTED: [u8; 4] = [1, OPTION_ROUTERS, 58, 59];

impl Stack {
    /// Whether a datagram may come for an address that a server is about to lend.
    pub(crate) fn is_searching_lease(&self) -> bool {
        self.dhcp.is_some_and(|client| client.is_searching())
    }

    /// Takes a message for the client's port. Says whether there is a client.
    pub(crate) fn dhcp(&mut self, source_port: u16, port: u16, bytes: &[u8], now: Instant) -> bool {
        let Some(mut client) = self.dhcp.filter(|_| port == DHCP_CLIENT_PORT) else { return false };
        let answer = answer(bytes, self.wire.mac).filter(|_| source_port == DHCP_SERVER_PORT);
        let action = answer.and_then(|answer| client.answered(&answer, now, &mut self.luck));
        self.dhcp = Some(client);
        self.act(action, now);
        true
    }

    /// Does what is due with the lease.
    pub(crate) fn advance_lease(&mut self, now: Instant) {
        while let Some(mut client) = self.dhcp.filter(|client| client.deadline() <= now) {
            let action = client.advance(now, &mut self.luck);
            self.dhcp = Some(client);
            self.act(action, now);
        }
    }

    /// Gives back an address that somebody else has.
    pub(crate) fn decline_lease(&mut self, now: Instant) {
        let action = self.dhcp.as_mut().and_then(|client: &mut Client| client.decline(now));
        self.act(action, now);
    }

    /// Gives a lent address back. That is the last thing to be said from it: who calls this lets
    /// what waits leave ([`Stack::held`]), and then drops the stack. Says whether there was one.
    pub fn release(&mut self, now: Instant) -> bool {
        let is_used = |client: &Client| {
            client.lease().is_some_and(|lease| self.addresses.is_ours(lease.address.into()))
        };
        let client = self.dhcp.take().filter(is_used);
        let message = client.and_then(|client| client.release(now, &mut self.luck));
        message.iter().for_each(|message| self.send_dhcp(message, now));
        self.ask_questions(now);
        message.is_some()
    }

    fn act(&mut self, action: Option<Action>, now: Instant) {
        match action {
            Some(Action::Send(message)) => self.send_dhcp(&message, now),
            Some(Action::Take { lease, before }) => {
                let prefix = Prefix { address: lease.address.into(), bits: lease.prefix_bits };
                self.add_address(prefix, Origin::Leased, None, now);
                let is_other = |before: &Lease| before.gateway != lease.gateway;
                before.filter(is_other).iter().for_each(|before| self.leave_gateway(before));
                self.set_gateway(&lease);
            }
            Some(Action::Lose(lease)) => {
                self.addresses.remove(lease.address.into(), Origin::Leased);
                self.leave_gateway(&lease);
            }
            None => {}
        }
    }

    fn leave_gateway(&mut self, lease: &Lease) {
        if let Some(gateway) = lease.gateway {
            self.routes.remove_gateway(gateway.into());
        }
    }

    fn set_gateway(&mut self, lease: &Lease) {
        if let Some(gateway) = lease.gateway.filter(|gateway| super::is_host((*gateway).into())) {
            self.routes.add_gateway(gateway.into(), Some(lease.until));
        }
    }

    fn send_dhcp(&mut self, message: &Message, now: Instant) {
        let repr = self.repr(message);
        let mut bytes = vec![0; repr.buffer_len().max(MESSAGE_BYTES_MIN)];
        if repr.emit(&mut DhcpPacket::new_unchecked(&mut bytes)).is_err() {
            return;
        }
        let own = message.own.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let to = message.to_server.unwrap_or(Ipv4Addr::BROADCAST);
        let from = SocketAddr::new(own.into(), DHCP_CLIENT_PORT);
        let to = SocketAddr::new(to.into(), DHCP_SERVER_PORT);
        self.send_udp(from, to, vec![Bytes::from(bytes)], now);
    }

    /// Answers are to be sent to everybody while we have no address to be found at.
    fn repr(&self, message: &Message) -> DhcpRepr<'static> {
        DhcpRepr {
            message_type: message.kind,
            transaction_id: message.transaction,
            secs: message.seconds,
            client_hardware_address: EthernetAddress(self.wire.mac),
            client_ip: message.own.unwrap_or(Ipv4Addr::UNSPECIFIED),
            your_ip: Ipv4Addr::UNSPECIFIED,
            server_ip: Ipv4Addr::UNSPECIFIED,
            router: None,
            subnet_mask: None,
            relay_agent_ip: Ipv4Addr::UNSPECIFIED,
            broadcast: message.own.is_none(),
            requested_ip: message.requested,
            client_identifier: Some(EthernetAddress(self.wire.mac)),
            server_identifier: message.server,
            parameter_request_list: Some(&WANTED),
            dns_servers: None,
            max_size: None,
            lease_duration: None,
            renew_duration: None,
            rebind_duration: None,
            additional_options: &[],
        }
    }
}

/// Reads a server's message to the station `mac`.
fn answer(bytes: &[u8], mac: [u8; 6]) -> Option<Answer> {
    let packet = DhcpPacket::new_checked(bytes).ok()?;
    let repr = DhcpRepr::parse(&packet).ok()?;
    // There may be several; the parser knows only a list of one.
    let routers = packet.options().find(|option| option.kind == OPTION_ROUTERS);
    let first = routers.and_then(|option| option.data.first_chunk::<4>().copied());
    (repr.client_hardware_address.0 == mac).then(|| Answer {
        kind: repr.message_type,
        transaction: repr.transaction_id,
        address: repr.your_ip,
        mask: repr.subnet_mask,
        gateway: first.map(Ipv4Addr::from),
        server: repr.server_identifier,
        lease_s: repr.lease_duration,
        renew_s: repr.renew_duration,
        rebind_s: repr.rebind_duration,
    })
}
