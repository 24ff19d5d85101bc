//! The sockets of one worker: which service each belongs to, and what the driver is to do next.
//!
//! Events of the driver come in while it waits and only change state here; everything that
//! follows from them is started by [`Network::flush`], together, after the services were turned.

mod flush;
mod links;
mod moving;

use crate::budget::SharedBudget;
use crate::clock::HostClock;
use crate::connection::{Connection, Fill, Phase};
use crate::door::{DatagramSocket, Listener};
use crate::driver::{SocketKey, Waker};
use crate::link::Plug;
use crate::listen::Door;
use crate::streams::{LettingGo, Outbox, TenantStreams};
use crate::timers::Timers;
use abi::Instant;
use bytes::Bytes;
use hyper::{Budget, Clock, DatagramPeer, StreamEvent, StreamId};
use links::Links;
pub(crate) use moving::Luggage;
use slab::Slab;
use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

/// How long a client may take to fetch its last replies once the service has closed.
const CLOSING_MAX: Duration = Duration::from_secs(30);

/// How long the client's own end is waited for after that.
const LINGER_MAX: Duration = Duration::from_secs(1);

/// How long a client that has said its last may wait for answers.
pub(crate) const HALF_CLOSED_MAX: Duration = Duration::from_secs(2);

/// Bits of a [`StreamId`] that are the socket's key; the others count connections, so that no
/// id is used twice.
const KEY_BITS: u32 = 24;

enum Socket {
    Listener(Listener),
    Datagrams(DatagramSocket),
    Connection(Box<Connection>),
    Link(Plug),
}

/// What a service has of sockets.
#[derive(Default)]
struct Population {
    sockets: Vec<SocketKey>,
    connections: usize,
    /// Its part of all connections there may be.
    part: Option<Rc<dyn Budget>>,
    /// Nothing is received for it now.
    is_held: bool,
    /// Connections that would receive something.
    held: Vec<SocketKey>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Connection(SocketKey),
    Listener(SocketKey),
    Link(usize),
}

/// See the module's text.
pub(crate) struct Network {
    sockets: Slab<Socket>,
    /// Where each socket stands among those of its tenant.
    positions: Vec<usize>,
    all_connections: SharedBudget,
    /// Sockets whose next step has to be asked for; connections once at most.
    dirty: Vec<SocketKey>,
    /// An emptied list of those, to be filled again.
    spare: Vec<SocketKey>,
    outbox: Outbox,
    letting_go: LettingGo,
    connections_made: u64,
    populations: Vec<Population>,
    timers: Timers<Timer>,
    links: Links,
    /// Connections that are over, for their tenants to be told.
    pub(crate) closed: Vec<(usize, StreamId)>,
    /// Tenants whose last socket is gone.
    pub(crate) emptied: Vec<usize>,
}

impl Network {
    /// Of the calling thread, which `waker` wakes.
    pub(crate) fn new(waker: Waker, all_connections: SharedBudget) -> Self {
        Self {
            sockets: Slab::new(),
            positions: Vec::new(),
            all_connections,
            dirty: Vec::new(),
            spare: Vec::new(),
            outbox: Outbox::default(),
            letting_go: LettingGo::default(),
            connections_made: 0,
            populations: Vec::new(),
            timers: Timers::default(),
            links: Links::new(waker),
            closed: Vec::new(),
            emptied: Vec::new(),
        }
    }

    /// How a service of this worker uses its streams. Whether it moves is for its owner to say.
    pub(crate) fn streams(&self, tenant: usize, is_moving: Rc<Cell<bool>>) -> TenantStreams {
        let (outbox, letting_go) = (self.outbox.clone(), self.letting_go.clone());
        TenantStreams { tenant, outbox, letting_go, is_moving }
    }

    /// Takes over a tenant's address, closed until [`Network::open`]. Returns its two sockets.
    pub(crate) fn add(
        &mut self,
        tenant: usize,
        door: Door,
        connections_max: usize,
    ) -> [SocketKey; 2] {
        let listener = Listener::new(tenant, door.listener, connections_max);
        let datagrams = DatagramSocket::new(tenant, door.datagrams, door.address);
        [self.insert(Socket::Listener(listener)), self.insert(Socket::Datagrams(datagrams))]
    }

    /// Lets clients in.
    ///
    /// # Errors
    /// If another process listens there.
    pub(crate) fn open(&mut self, doors: &[SocketKey]) -> io::Result<()> {
        for &key in doors {
            match self.sockets.get_mut(key.0) {
                Some(Socket::Listener(listener)) => listener.open()?,
                Some(Socket::Datagrams(socket)) => socket.open(),
                _ => continue,
            }
            self.dirty.push(key);
        }
        Ok(())
    }

    /// Lets no more clients in. Answers to datagrams still leave.
    pub(crate) fn shut(&mut self, doors: &[SocketKey]) {
        for &key in doors {
            match self.sockets.get_mut(key.0) {
                Some(Socket::Listener(listener)) => listener.shut(),
                Some(Socket::Datagrams(socket)) => socket.shut(),
                _ => continue,
            }
            self.dirty.push(key);
        }
    }

    /// Ends everything of a tenant: at once, or each connection once its output has left.
    pub(crate) fn end(&mut self, tenant: usize, at_once: bool) {
        let own = self.populations.get(tenant).map_or(&[][..], |population| &population.sockets);
        for &key in own {
            match self.sockets.get_mut(key.0) {
                Some(Socket::Connection(connection)) => {
                    if at_once {
                        connection.abort();
                    } else {
                        connection.close(false);
                    }
                    mark(&mut self.dirty, connection);
                }
                Some(Socket::Listener(listener)) => {
                    listener.shut();
                    self.dirty.push(key);
                }
                Some(Socket::Datagrams(socket)) => {
                    socket.end();
                    self.dirty.push(key);
                }
                Some(Socket::Link(_)) | None => {}
            }
        }
        self.end_links(tenant, at_once);
        if self.is_empty(tenant) {
            self.emptied.push(tenant);
        }
    }

    /// Receives nothing more for a tenant, or goes on with it. Datagrams are lost meanwhile, as they may
    /// be; connections are not.
    pub(crate) fn hold(&mut self, tenant: usize, is_held: bool) {
        let Some(population) = self.populations.get_mut(tenant) else { return };
        population.is_held = is_held;
        if !is_held {
            for key in population.held.drain(..) {
                if let Some(Socket::Connection(connection)) = self.sockets.get_mut(key.0)
                    && connection.tenant == tenant
                {
                    connection.held = false;
                    mark(&mut self.dirty, connection);
                }
            }
        }
    }

    /// Closes a connection once its output has left.
    pub(crate) fn close(&mut self, id: StreamId) {
        let Some(connection) = find(&mut self.sockets, id) else { return };
        if connection.phase != Phase::Open {
            return;
        }
        connection.close(true);
        mark(&mut self.dirty, connection);
        set_deadline(&mut self.timers, connection, Some(after(CLOSING_MAX)));
    }

    /// Closes a connection if its output has left. Says whether it is open no longer.
    pub(crate) fn close_if_sent(&mut self, id: StreamId) -> bool {
        let sent = find(&mut self.sockets, id).is_none_or(|connection| connection.has_sent_all());
        if sent {
            self.close(id);
        }
        sent
    }

    /// A connection was accepted, or could not be. Returns what to tell which tenant.
    pub(crate) fn accepted(
        &mut self,
        key: SocketKey,
        result: io::Result<OwnedFd>,
        more: bool,
    ) -> Option<(usize, StreamEvent<'static>)> {
        let nameless = self.sockets.vacant_key() >> KEY_BITS != 0;
        let Some(Socket::Listener(listener)) = self.sockets.get_mut(key.0) else { return None };
        listener.accepted(more);
        if !more {
            self.dirty.push(key);
        }
        let tenant = listener.tenant;
        let part = self.part_of(tenant);
        let connections = self.populations.get(tenant)?.connections;
        let Some(Socket::Listener(listener)) = self.sockets.get_mut(key.0) else { return None };
        let socket = match result {
            Ok(socket) if !nameless && listener.admits(connections, &*part) => socket,
            Ok(_) => return None,
            Err(error) => {
                let rest = listener.failed(&error).map(after);
                self.timers.change(Timer::Listener(key), None, rest);
                return None;
            }
        };
        let Ok((remote, local)) = prepare(&socket) else {
            part.give_back(1);
            return None;
        };
        let stream = self.next_id();
        self.insert_connection(Box::new(Connection::new(stream, tenant, socket)));
        Some((tenant, StreamEvent::Opened { stream, remote, local }))
    }

    /// A receive operation has ended. Returns the stream if its bytes are for the tenant, and
    /// whether the client said its last while the stream is open.
    pub(crate) fn received(
        &mut self,
        key: SocketKey,
        result: &io::Result<usize>,
        waiting: bool,
    ) -> Option<(usize, StreamId, bool)> {
        let Some(Socket::Connection(connection)) = self.sockets.get_mut(key.0) else { return None };
        let was_let_go = usize::from(connection.let_go);
        self.letting_go.update(|count| count - was_let_go);
        let deliver = connection.received(result, waiting);
        mark(&mut self.dirty, connection);
        let half_closed = connection.is_half_closed();
        if half_closed {
            set_deadline(&mut self.timers, connection, Some(after(HALF_CLOSED_MAX)));
        }
        let told = (connection.tenant, connection.id, half_closed);
        (deliver || half_closed).then_some(told)
    }

    /// Where the next bytes of a stream are wanted, if that has not begun.
    pub(crate) fn take_fill(&mut self, id: StreamId) -> Option<Fill> {
        find(&mut self.sockets, id)?.wanted.take()
    }

    /// The buffer that is being filled got nothing, for no fault of the stream: once more, some time.
    pub(crate) fn fill_again(&mut self, key: SocketKey, fill: Fill) {
        if let Some(Socket::Connection(connection)) = self.sockets.get_mut(key.0) {
            connection.fill(fill.buffer, fill.count_bytes);
        }
    }

    /// A send operation has ended. Returns the stream and the bytes that left, for the tenant.
    pub(crate) fn sent(
        &mut self,
        key: SocketKey,
        result: io::Result<usize>,
        pieces: VecDeque<Bytes>,
    ) -> Option<(usize, StreamId, usize)> {
        let Some(Socket::Connection(connection)) = self.sockets.get_mut(key.0) else { return None };
        let count = connection.sent(result, pieces);
        mark(&mut self.dirty, connection);
        count.filter(|_| !connection.told).map(|count| (connection.tenant, connection.id, count))
    }

    /// A datagram arrived. Returns the tenant and the peer.
    pub(crate) fn datagram(
        &mut self,
        key: SocketKey,
        remote: SocketAddr,
        local: Option<IpAddr>,
    ) -> Option<(usize, DatagramPeer)> {
        let Some(Socket::Datagrams(socket)) = self.sockets.get(key.0) else { return None };
        if self.populations[socket.tenant].is_held {
            return None;
        }
        Some((socket.tenant, socket.arrived(key, remote, local)?))
    }

    /// Receiving datagrams has ended.
    pub(crate) fn datagrams_ended(&mut self, key: SocketKey) {
        if let Some(Socket::Datagrams(socket)) = self.sockets.get_mut(key.0) {
            socket.ended();
            self.dirty.push(key);
        }
    }

    /// A datagram has left or is lost.
    pub(crate) fn datagram_sent(&mut self, key: SocketKey) {
        if let Some(Socket::Datagrams(socket)) = self.sockets.get_mut(key.0)
            && socket.sent()
        {
            self.dirty.push(key);
        }
    }

    /// The earliest deadline.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Acts on deadlines that have been reached.
    pub(crate) fn advance(&mut self, now: Instant) {
        while let Some(timer) = self.timers.reached(now) {
            match timer {
                Timer::Connection(key) => self.patience_ended(key),
                Timer::Link(link) => self.link_due(link),
                Timer::Listener(key) => {
                    if let Some(Socket::Listener(listener)) = self.sockets.get_mut(key.0) {
                        listener.rested();
                        self.dirty.push(key);
                    }
                }
            }
        }
    }

    fn patience_ended(&mut self, key: SocketKey) {
        let Some(Socket::Connection(connection)) = self.sockets.get_mut(key.0) else { return };
        connection.deadline = None;
        if connection.phase == Phase::Open {
            let id = connection.id;
            return self.close(id);
        }
        connection.abort();
        mark(&mut self.dirty, connection);
    }

    /// How the next connection is called.
    fn next_id(&mut self) -> StreamId {
        self.connections_made += 1;
        let key = self.sockets.vacant_key();
        StreamId(self.connections_made << KEY_BITS | key as u64)
    }

    fn insert_connection(&mut self, mut connection: Box<Connection>) {
        let tenant = connection.tenant;
        mark(&mut self.dirty, &mut connection);
        self.insert(Socket::Connection(connection));
        self.populations[tenant].connections += 1;
    }

    /// A tenant's part of all connections there may be.
    fn part_of(&mut self, tenant: usize) -> Rc<dyn Budget> {
        if self.populations.len() <= tenant {
            self.populations.resize_with(tenant + 1, Population::default);
        }
        let all_connections = &self.all_connections;
        self.populations[tenant].part.get_or_insert_with(|| all_connections.part()).clone()
    }

    fn insert(&mut self, socket: Socket) -> SocketKey {
        let tenant = socket.tenant();
        if self.populations.len() <= tenant {
            self.populations.resize_with(tenant + 1, Population::default);
        }
        let key = SocketKey(self.sockets.insert(socket));
        if self.positions.len() <= key.0 {
            self.positions.resize(key.0 + 1, 0);
        }
        let own = &mut self.populations[tenant].sockets;
        self.positions[key.0] = own.len();
        own.push(key);
        key
    }

    /// Whether nothing is left of a tenant.
    pub(crate) fn is_empty(&self, tenant: usize) -> bool {
        self.populations.get(tenant).is_none_or(|population| population.sockets.is_empty())
    }
}

impl Socket {
    fn tenant(&self) -> usize {
        match self {
            Self::Listener(listener) => listener.tenant,
            Self::Datagrams(socket) => socket.tenant,
            Self::Connection(connection) => connection.tenant,
            Self::Link(plug) => plug.tenant,
        }
    }
}

fn find(sockets: &mut Slab<Socket>, id: StreamId) -> Option<&mut Connection> {
    match sockets.get_mut((id.0 & ((1 << KEY_BITS) - 1)) as usize) {
        Some(Socket::Connection(connection)) if connection.id == id => Some(connection),
        _ => None,
    }
}

fn mark(dirty: &mut Vec<SocketKey>, connection: &mut Connection) {
    if !std::mem::replace(&mut connection.dirty, true) {
        dirty.push(key_of(connection));
    }
}

fn key_of(connection: &Connection) -> SocketKey {
    SocketKey((connection.id.0 & ((1 << KEY_BITS) - 1)) as usize)
}

fn set_deadline(
    timers: &mut Timers<Timer>,
    connection: &mut Connection,
    deadline: Option<Instant>,
) {
    let before = std::mem::replace(&mut connection.deadline, deadline);
    timers.change(Timer::Connection(key_of(connection)), before, deadline);
}

fn after(duration: Duration) -> Instant {
    HostClock.now() + duration
}

/// Sets options of a new connection, and asks for its addresses.
fn prepare(socket: &OwnedFd) -> io::Result<(SocketAddr, SocketAddr)> {
    let socket = socket2::SockRef::from(socket);
    // Replies are complete when they are sent: nothing is gained by holding one back.
    socket.set_tcp_nodelay(true)?;
    let internet = |address: socket2::SockAddr| {
        address.as_socket().ok_or(io::Error::from(io::ErrorKind::Unsupported))
    };
    Ok((internet(socket.peer_addr()?)?, internet(socket.local_addr()?)?))
}
