//! The sockets of a service's own addresses, as machines that start no operation themselves: a
//! listener, and the socket for datagrams beside it.

use crate::driver::SocketKey;
use crate::listen::let_in;
use crate::message::Message;
use bytes::Bytes;
use hyper::{Budget, DatagramPeer};
use rustix::io::Errno;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// How long accepting rests when the host is out of descriptors or memory.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Answers of one socket on their way; more are dropped, as datagrams may be.
const ANSWERS_UNDER_WAY_MAX: usize = 256;

/// What such a socket needs done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DoorStep {
    /// Take what arrives.
    Start,
    Cancel,
    Release,
}

/// Takes connections.
pub(crate) struct Listener {
    pub(crate) tenant: usize,
    /// The socket, until the driver has taken it over.
    pub(crate) unadopted: Option<OwnedFd>,
    connections_max: usize,
    stage: Stage,
    accepting: bool,
    resting: bool,
    canceled: bool,
    /// Nothing is to be under way: another worker takes it over.
    hushed: bool,
    /// The present trouble has been logged.
    complained: bool,
}

/// Takes datagrams, and sends the answers.
pub(crate) struct DatagramSocket {
    pub(crate) tenant: usize,
    /// The socket, until the driver has taken it over.
    pub(crate) unadopted: Option<OwnedFd>,
    address: SocketAddr,
    stage: Stage,
    receiving: bool,
    canceled: bool,
    /// Nothing is to be under way: another worker takes it over.
    hushed: bool,
    answers_under_way: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody is let in yet.
    Waiting,
    Open,
    /// Nobody is let in any more; answers to datagrams still leave.
    Shut,
    Over,
}

impl Listener {
    pub(crate) fn new(tenant: usize, socket: OwnedFd, connections_max: usize) -> Self {
        Self {
            tenant,
            unadopted: Some(socket),
            connections_max,
            stage: Stage::Waiting,
            accepting: false,
            resting: false,
            canceled: false,
            hushed: false,
            complained: false,
        }
    }

    pub(crate) fn open(&mut self) -> io::Result<()> {
        self.unadopted.as_ref().map_or(Ok(()), let_in)?;
        self.stage = Stage::Open;
        Ok(())
    }

    pub(crate) fn shut(&mut self) {
        self.stage = Stage::Over;
    }

    /// Has nothing under way, soon, or goes on.
    pub(crate) fn hush(&mut self, hushed: bool) {
        (self.hushed, self.canceled) = (hushed, false);
    }

    /// Whether nothing is under way.
    pub(crate) fn is_still(&self) -> bool {
        self.hushed && !self.accepting && self.stage == Stage::Open
    }

    /// Goes on elsewhere.
    pub(crate) fn resettle(&mut self, tenant: usize) {
        (self.tenant, self.resting) = (tenant, false);
        self.hush(false);
    }

    /// A connection was accepted, or could not be; without `more`, accepting has ended.
    pub(crate) fn accepted(&mut self, more: bool) {
        self.accepting = more;
    }

    /// Takes its share of all connections for one more than these, if there is room for it. Logs it
    /// once when there is not.
    pub(crate) fn admits(&mut self, connections: usize, part: &dyn Budget) -> bool {
        if self.stage != Stage::Open {
            return false;
        }
        let has_room = connections < self.connections_max && part.take(1);
        if !has_room && !self.complained {
            tracing::warn!("a service has all of its {connections} connections: more are closed");
        }
        self.complained = !has_room;
        has_room
    }

    /// Accepting failed. That one connection has gone away is its own affair; anything else is
    /// trouble that lasts, is logged once, and makes the listener rest for the time returned.
    pub(crate) fn failed(&mut self, error: &io::Error) -> Option<Duration> {
        const PASSING: [Errno; 5] =
            [Errno::CANCELED, Errno::CONNABORTED, Errno::INTR, Errno::AGAIN, Errno::PROTO];
        if Errno::from_io_error(error).is_some_and(|error| PASSING.contains(&error)) {
            return None;
        }
        if !std::mem::replace(&mut self.complained, true) {
            tracing::warn!("accepting connections rests: {error}; raise the limit of open files");
        }
        self.resting = true;
        Some(ACCEPT_REST)
    }

    /// The rest is over.
    pub(crate) fn rested(&mut self) {
        self.resting = false;
    }

    /// The next step, which is taken to be done.
    pub(crate) fn next_step(&mut self) -> Option<DoorStep> {
        let leaving = matches!(self.stage, Stage::Shut | Stage::Over);
        match (leaving, self.accepting) {
            (false, true) if self.hushed => cancel_once(&mut self.canceled),
            (false, false) if self.stage == Stage::Open && !self.resting && !self.hushed => {
                self.accepting = true;
                Some(DoorStep::Start)
            }
            (true, true) => cancel_once(&mut self.canceled),
            (true, false) => Some(DoorStep::Release),
            _ => None,
        }
    }
}

impl DatagramSocket {
    pub(crate) fn new(tenant: usize, socket: OwnedFd, address: SocketAddr) -> Self {
        Self {
            tenant,
            unadopted: Some(socket),
            address,
            stage: Stage::Waiting,
            receiving: false,
            canceled: false,
            hushed: false,
            answers_under_way: 0,
        }
    }

    pub(crate) fn open(&mut self) {
        self.stage = Stage::Open;
    }

    pub(crate) fn shut(&mut self) {
        if self.stage != Stage::Over {
            self.stage = Stage::Shut;
        }
    }

    pub(crate) fn end(&mut self) {
        self.stage = Stage::Over;
    }

    /// Has nothing under way, soon, or goes on.
    pub(crate) fn hush(&mut self, hushed: bool) {
        (self.hushed, self.canceled) = (hushed, false);
    }

    /// Whether nothing is under way.
    pub(crate) fn is_still(&self) -> bool {
        let is_idle = !self.receiving && self.answers_under_way == 0;
        self.hushed && is_idle && self.stage == Stage::Open
    }

    /// Goes on elsewhere.
    pub(crate) fn resettle(&mut self, tenant: usize) {
        self.tenant = tenant;
        self.hush(false);
    }

    /// A datagram arrived. Returns its peer if it is wanted.
    pub(crate) fn arrived(
        &self,
        key: SocketKey,
        remote: SocketAddr,
        local: Option<IpAddr>,
    ) -> Option<DatagramPeer> {
        let mut address = self.address;
        address.set_ip(local.unwrap_or(address.ip()));
        let peer = DatagramPeer { socket: key.0 as u32, remote, local: address };
        (self.stage == Stage::Open).then_some(peer)
    }

    /// An answer, unless too many are on their way already.
    pub(crate) fn answer(&mut self, peer: &DatagramPeer, data: Vec<Bytes>) -> Option<Box<Message>> {
        let ready = self.unadopted.is_none() && self.stage != Stage::Over;
        if !ready || self.answers_under_way == ANSWERS_UNDER_WAY_MAX {
            return None;
        }
        self.answers_under_way += 1;
        let wildcard = self.address.ip().is_unspecified();
        let source = wildcard.then_some(peer.local.ip());
        Some(Message::datagram(peer.remote, source, data))
    }

    /// An answer has left or is lost. Says whether there is a next step to be asked for.
    pub(crate) fn sent(&mut self) -> bool {
        self.answers_under_way -= 1;
        self.stage == Stage::Over
    }

    /// Receiving has ended.
    pub(crate) fn ended(&mut self) {
        self.receiving = false;
    }

    /// The next step, which is taken to be done.
    pub(crate) fn next_step(&mut self) -> Option<DoorStep> {
        match (self.stage, self.receiving) {
            (Stage::Open, true) if self.hushed => cancel_once(&mut self.canceled),
            (Stage::Open, false) if !self.hushed => {
                self.receiving = true;
                Some(DoorStep::Start)
            }
            (Stage::Shut | Stage::Over, true) => cancel_once(&mut self.canceled),
            (Stage::Over, false) if self.answers_under_way == 0 => Some(DoorStep::Release),
            _ => None,
        }
    }
}

fn cancel_once(canceled: &mut bool) -> Option<DoorStep> {
    let first = !std::mem::replace(canceled, true);
    first.then_some(DoorStep::Cancel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::SharedBudget;
    use hyper::Division;

    fn socket() -> OwnedFd {
        std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into()
    }

    #[test]
    fn a_listener_rests_after_trouble_but_not_after_a_client_that_left() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut listener = Listener::new(0, socket.into(), 2);
        assert_eq!(listener.next_step(), None);
        listener.open().unwrap();
        assert_eq!(listener.next_step(), Some(DoorStep::Start));
        listener.accepted(false);
        assert_eq!(listener.failed(&Errno::CONNABORTED.into()), None);
        assert_eq!(listener.next_step(), Some(DoorStep::Start));
        listener.accepted(false);
        assert_eq!(listener.failed(&Errno::MFILE.into()), Some(ACCEPT_REST));
        assert_eq!(listener.next_step(), None);
        listener.rested();
        assert_eq!(listener.next_step(), Some(DoorStep::Start));
        let all = SharedBudget::new(Division { total_bytes: 8, least_bytes: 1 });
        let part = all.part();
        assert!(listener.admits(1, &*part) && !listener.admits(2, &*part));
        assert_eq!(all.taken_bytes(), 1);
        listener.shut();
        assert_eq!(listener.next_step(), Some(DoorStep::Cancel));
        assert_eq!(listener.next_step(), None);
        listener.accepted(false);
        assert_eq!(listener.next_step(), Some(DoorStep::Release));
    }

    #[test]
    fn a_datagram_socket_goes_once_its_answers_have_left() {
        let mut datagrams = DatagramSocket::new(0, socket(), "0.0.0.0:2049".parse().unwrap());
        datagrams.unadopted = None;
        datagrams.open();
        assert_eq!(datagrams.next_step(), Some(DoorStep::Start));
        let remote = "127.0.0.1:700".parse().unwrap();
        let local = "127.0.0.7".parse().unwrap();
        let peer = datagrams.arrived(SocketKey(3), remote, Some(local)).unwrap();
        assert_eq!(peer.local, "127.0.0.7:2049".parse().unwrap());
        datagrams.shut();
        assert_eq!(datagrams.next_step(), Some(DoorStep::Cancel));
        datagrams.ended();
        assert!(datagrams.arrived(SocketKey(3), remote, None).is_none());
        let answers =
            (0..=ANSWERS_UNDER_WAY_MAX).filter_map(|_| datagrams.answer(&peer, Vec::new()));
        assert_eq!(answers.count(), ANSWERS_UNDER_WAY_MAX);
        datagrams.end();
        assert_eq!(datagrams.next_step(), None);
        assert!((0..ANSWERS_UNDER_WAY_MAX).all(|_| datagrams.sent()));
        assert_eq!(datagrams.next_step(), Some(DoorStep::Release));
    }
}
