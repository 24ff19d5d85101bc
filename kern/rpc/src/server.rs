//! The server: connections and datagrams in, calls out; replies in, bytes out.
//!
//! Every limit is kept here. A record is taken from a connection only while the connection and
//! the whole server have room for one more call; until then its bytes wait, and the network is
//! asked to stop. Connections with bytes waiting are served in turn, one record each.

use crate::agenda::Agenda;
use crate::connection::Connection;
use crate::intake::Intake;
use crate::job::{Job, Reply, Ticket};
use crate::origin::{ConnectionId, Origin, Peer};
use crate::portmap::{self, Portmap, Ports};
use crate::{Limits, ProcedureCount, Program};
use abi::{Instant, Timestamp};
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::SocketAddr;
use hashbrown::HashMap;
use xdr::Writer;

/// What the carrier of bytes is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Send these pieces: every reply the connection has had since the last time.
    Send(ConnectionId, Vec<Bytes>),
    /// Stop (`true`) or resume (`false`) receiving.
    Pause(ConnectionId, bool),
    /// Close the connection once what was sent has left.
    Close(ConnectionId),
    /// Receive the next bytes, so many at most, into the free room of this buffer, and give it
    /// back with [`Server::filled`].
    Fill(ConnectionId, Vec<u8>, usize),
    /// Send one datagram back.
    Datagram(Peer, Vec<Bytes>),
}

impl Output {
    /// The same for a connection that is called otherwise.
    pub(crate) fn renamed(
        self,
        name: &dyn Fn(ConnectionId) -> Option<ConnectionId>,
    ) -> Option<Self> {
        Some(match self {
            Self::Send(id, pieces) => Self::Send(name(id)?, pieces),
            Self::Pause(id, paused) => Self::Pause(name(id)?, paused),
            Self::Close(id) => Self::Close(name(id)?),
            Self::Fill(id, buffer, count_bytes) => Self::Fill(name(id)?, buffer, count_bytes),
            Self::Datagram(peer, pieces) => Self::Datagram(peer, pieces),
        })
    }
}

/// One service's RPC.
pub struct Server {
    pub(crate) connections: HashMap<ConnectionId, Connection>,
    pub(crate) intake: Intake,
    pub(crate) agenda: Agenda,
    pub(crate) portmap: Option<Rc<Portmap>>,
}

impl Server {
    /// A server without programs, closed until [`Server::open`]. `secret` keys the reply cache
    /// and must be unpredictable.
    pub fn new(limits: Limits, secret: [u8; 16]) -> Self {
        Self {
            connections: HashMap::new(),
            intake: Intake::new(limits, secret),
            agenda: Agenda::default(),
            portmap: None,
        }
    }

    /// Offers these programs, and portmap, which tells where all of them answer. Calls that arrived
    /// before are taken now.
    pub fn open(&mut self, programs: Vec<Rc<dyn Program>>, ports: Ports) {
        let portmap = Rc::new(Portmap::new(&programs, ports));
        programs.into_iter().for_each(|program| self.intake.programs.add(program));
        self.intake.programs.add(portmap::program(portmap.clone()));
        self.portmap = Some(portmap);
        self.intake.open = true;
    }

    /// Takes no more calls; those at work go on.
    pub fn close(&mut self) {
        self.intake.open = false;
    }

    /// Takes no more than this from now on. What there is already goes on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.intake.set_limits(limits);
        self.limit_unfinished();
    }

    /// Whether no call is at work and every reply has left.
    pub fn is_idle(&self) -> bool {
        self.intake.is_idle() && self.intake.output.has_left() && self.agenda.is_empty()
    }

    /// Tells the time: monotonic for what ages, wall-clock for clients that ask portmap.
    pub fn set_time(&mut self, now: Instant, wall: Timestamp) {
        self.intake.set_time(now);
        self.close_stalled();
        if let Some(portmap) = &self.portmap {
            portmap.set_time(wall);
        }
    }

    /// When [`Server::set_time`] should be called at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let Intake { replies, output, .. } = &self.intake;
        replies.deadline().into_iter().chain(output.deadline()).min()
    }

    /// Gives back the memory of a busier time: lists beyond `keep` entries, and room for
    /// connections that are gone.
    pub fn trim(&mut self, keep: usize) {
        self.intake.ready.shrink_to(keep);
        self.agenda.trim(keep);
        self.connections.shrink_to_fit();
    }

    /// How often each procedure was called.
    pub fn procedures(&self) -> &[ProcedureCount] {
        self.intake.programs.counts()
    }

    /// Connections open now.
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    /// A connection was accepted.
    pub fn opened(&mut self, id: ConnectionId, remote: SocketAddr, local: SocketAddr) {
        self.intake.counters.connections += 1;
        self.connections.insert(id, Connection::new(remote, local));
    }

    /// The peer of a connection has said its last. Once it has all its replies, the connection is
    /// closed.
    pub fn ended(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.ended = true;
        self.agenda.settle(id, connection, &mut self.intake);
    }

    /// A connection is over. Its calls go on; their replies go nowhere.
    pub fn closed(&mut self, id: ConnectionId) {
        let Some(mut connection) = self.connections.remove(&id) else { return };
        self.intake.output.forget(&mut connection.share);
        self.intake.unfinished.update(id, &mut connection.unfinished, 0);
    }

    /// Bytes arrived on a connection. While others wait for their turn, it waits behind them.
    pub fn received(&mut self, id: ConnectionId, bytes: &[u8]) {
        let Self { connections, intake, agenda, .. } = self;
        let Some(connection) = connections.get_mut(&id).filter(|one| !one.closing) else { return };
        let mut input = bytes;
        if !connection.has_input() {
            while !agenda.has_waiting()
                && connection.has_room(&intake.limits)
                && intake.has_room()
                && intake.has_output_room(connection)
                && intake.take_record(id, connection, &mut input)
            {}
        }
        connection.keep(input);
        agenda.plan_lending(id, connection, intake);
        agenda.settle(id, connection, intake);
        self.limit_unfinished();
    }

    /// A buffer of [`Output::Fill`] comes back, with what arrived in it, or without anything: then
    /// its bytes come by [`Server::received`].
    pub fn filled(&mut self, id: ConnectionId, buffer: Vec<u8>) {
        let Some(connection) = self.connections.get_mut(&id).filter(|one| !one.closing) else {
            return;
        };
        let is_larger = connection.assembly.take_back(buffer);
        if is_larger {
            self.received(id, &[]);
        }
    }

    /// A datagram arrived.
    pub fn received_datagram(&mut self, peer: Peer, bytes: &[u8]) {
        if let Some(message) = self.intake.take_datagram(peer, bytes) {
            self.agenda.send_datagram(peer, message);
        }
    }

    /// The network took over bytes of a connection.
    pub fn sent(&mut self, id: ConnectionId, count_bytes: usize) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.sent(count_bytes);
        self.agenda.settle(id, connection, &mut self.intake);
    }

    /// The next call to run, while the limits allow one.
    pub fn next_call(&mut self) -> Option<Job> {
        while self.intake.ready.is_empty() && self.intake.has_room() {
            let id = self.intake.output.next().or_else(|| self.agenda.next_waiting())?;
            self.take_kept(id);
        }
        self.intake.ready.pop_front()
    }

    /// Whether [`Server::next_call`] might find one.
    pub fn has_calls(&self) -> bool {
        let waits = self.agenda.has_waiting() || self.intake.output.has_next();
        !self.intake.ready.is_empty() || (self.intake.has_room() && waits)
    }

    /// A call is done.
    pub fn reply(&mut self, reply: Reply) {
        let Ticket { argument_bytes, reply_bytes, origin: asked, stranger_bytes, .. } =
            reply.ticket;
        let (origin, message) = self.intake.finish(reply);
        if let Origin::Connection(id) = asked
            && let Some(connection) = self.connections.get_mut(&id)
        {
            connection.end_call(argument_bytes, reply_bytes, self.intake.now);
            if origin == asked {
                connection.push(message);
                return self.agenda.settle(id, connection, &mut self.intake);
            }
            self.agenda.settle(id, connection, &mut self.intake);
        }
        if self.intake.may_leave(origin, stranger_bytes, &message) {
            self.send(origin, message);
        }
    }

    /// What is to be done outside, replies first.
    pub fn next_output(&mut self) -> Option<Output> {
        while let Some(id) = self.agenda.next_replying() {
            if let Some(connection) = self.connections.get_mut(&id) {
                return Some(Output::Send(id, connection.take_output()));
            }
        }
        self.next_fill().or_else(|| self.agenda.next_output())
    }

    /// The next record to be filled by the network. Bytes that are kept come before any that are
    /// still to arrive.
    fn next_fill(&mut self) -> Option<Output> {
        while let Some(id) = self.agenda.next_lending() {
            let connection = self.connections.get_mut(&id);
            if let Some(connection) = connection.filter(|one| !one.closing && !one.has_input())
                && let Some((record, count_bytes)) = connection.assembly.lend()
            {
                let held_bytes = connection.assembly.held_bytes();
                self.intake.unfinished.update(id, &mut connection.unfinished, held_bytes);
                return Some(Output::Fill(id, record, count_bytes));
            }
        }
        None
    }

    /// Sends a reply where it is due, though the call came from elsewhere.
    fn send(&mut self, origin: Origin, message: Writer) {
        match origin {
            Origin::Datagram(peer) => self.agenda.send_datagram(peer, message),
            Origin::Connection(id) => {
                let Some(connection) = self.connections.get_mut(&id) else { return };
                connection.push(message);
                self.agenda.settle(id, connection, &mut self.intake);
            }
        }
    }

    /// Takes one record from what a connection has kept.
    fn take_kept(&mut self, id: ConnectionId) {
        let Self { connections, intake, agenda, .. } = self;
        let Some(connection) = connections.get_mut(&id) else { return };
        connection.waiting = false;
        if connection.has_room(&intake.limits) {
            connection.with_kept(|connection, input| {
                intake.take_record(id, connection, input);
            });
        }
        agenda.settle(id, connection, intake);
        self.limit_unfinished();
    }

    /// Closes whoever takes nothing while others wait for room.
    fn close_stalled(&mut self) {
        let Self { connections, intake, agenda, .. } = self;
        while let Some(id) = intake.output.next_stalled(intake.now) {
            let Some(connection) = connections.get_mut(&id) else { return };
            intake.counters.stalled_closed += u64::from(!connection.closing);
            connection.closing = true;
            agenda.settle(id, connection, intake);
        }
    }

    fn limit_unfinished(&mut self) {
        let Self { connections, intake, agenda, .. } = self;
        while let Some(id) = intake.unfinished.surplus(intake.limits.unfinished_bytes_max) {
            let Some(connection) = connections.get_mut(&id) else { return };
            intake.counters.unfinished_closed += 1;
            connection.closing = true;
            agenda.settle(id, connection, intake);
        }
    }
}
