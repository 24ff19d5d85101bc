//! The sockets of a service that moves to another worker: brought to a standstill, given up here,
//! taken over there.
//!
//! ```text
//!  hush(Input) ─► hush(Everything) ─► is_still? ─► surrender ══ Luggage ══► take_over
//! ```
//! A socket goes with all that is known of it: what has not been sent, who has said his last, how
//! long patience lasts. No client is told.

use super::{KEY_BITS, Network, Socket, Timer, mark};
use crate::connection::{Connection, Hush};
use crate::door::{DatagramSocket, Listener};
use crate::driver::{Driver, SocketKey};
use hyper::StreamId;
use std::collections::BTreeMap;

/// All sockets of a service, which no driver has.
#[derive(Default)]
pub(crate) struct Luggage {
    listeners: Vec<Listener>,
    datagrams: Vec<DatagramSocket>,
    connections: Vec<Connection>,
}

/// How streams are called from now on, by the names they had.
type Renames = BTreeMap<StreamId, StreamId>;

impl Network {
    /// Has nothing of this under way for a tenant, soon, or goes on. To be said again for what has not
    /// ended.
    pub(crate) fn hush(&mut self, tenant: usize, hush: Hush) {
        for key in self.own(tenant) {
            match self.sockets.get_mut(key.0) {
                Some(Socket::Connection(connection)) => {
                    connection.hush(hush);
                    mark(&mut self.dirty, connection);
                    continue;
                }
                Some(Socket::Listener(listener)) => listener.hush(hush == Hush::Everything),
                Some(Socket::Datagrams(socket)) => socket.hush(hush == Hush::Everything),
                Some(Socket::Link(_)) | None => {}
            }
            self.dirty.push(key);
        }
    }

    /// Whether nothing is under way for a tenant.
    pub(crate) fn is_still(&self, tenant: usize) -> bool {
        let is_still = |key: &SocketKey| match self.sockets.get(key.0) {
            Some(Socket::Connection(connection)) => connection.is_still(),
            Some(Socket::Listener(listener)) => listener.is_still(),
            Some(Socket::Datagrams(socket)) => socket.is_still(),
            Some(Socket::Link(_)) | None => false,
        };
        self.populations.get(tenant).is_none_or(|own| own.sockets.iter().all(is_still))
    }

    /// Buffers of a tenant's that are not to be filled while it moves.
    pub(crate) fn take_unfilled(&mut self, tenant: usize) -> Vec<(StreamId, Vec<u8>)> {
        let own = self.own(tenant).into_iter();
        let unfilled = own.filter_map(|key| match self.sockets.get_mut(key.0) {
            Some(Socket::Connection(connection)) => {
                Some((connection.id, connection.take_unfilled()?))
            }
            _ => None,
        });
        unfilled.collect()
    }

    /// Gives a tenant's sockets up, which must be still.
    pub(crate) fn surrender(&mut self, tenant: usize, driver: &mut dyn Driver) -> Luggage {
        let mut luggage = Luggage::default();
        for key in self.own(tenant) {
            let socket = self.forget(key);
            let mut descriptor = driver.surrender(key);
            match socket {
                Socket::Connection(mut connection) => {
                    self.timers.change(Timer::Connection(key), connection.deadline, None);
                    connection.unadopted = connection.unadopted.or(descriptor.take());
                    luggage.connections.push(*connection);
                }
                Socket::Listener(mut listener) => {
                    listener.unadopted = listener.unadopted.or(descriptor.take());
                    luggage.listeners.push(listener);
                }
                Socket::Datagrams(mut socket) => {
                    socket.unadopted = socket.unadopted.or(descriptor.take());
                    luggage.datagrams.push(socket);
                }
                Socket::Link(_) => {}
            }
        }
        luggage
    }

    /// Takes sockets over for a tenant, and goes on with them. Returns those of its addresses, and how
    /// its streams are called here.
    pub(crate) fn take_over(
        &mut self,
        tenant: usize,
        luggage: Luggage,
    ) -> (Vec<SocketKey>, Renames) {
        let Luggage { listeners, datagrams, connections } = luggage;
        let mut doors = Vec::new();
        for mut listener in listeners {
            listener.resettle(tenant);
            doors.push(self.insert(Socket::Listener(listener)));
        }
        for mut socket in datagrams {
            socket.resettle(tenant);
            doors.push(self.insert(Socket::Datagrams(socket)));
        }
        self.dirty.extend(&doors);
        let names = connections.into_iter().filter_map(|one| self.take_over_one(tenant, one));
        let renames: Renames = names.collect();
        if !renames.is_empty() {
            self.part_of(tenant).take_anyway(renames.len() as u64);
        }
        (doors, renames)
    }

    /// A connection for which there is no name, as there is for millions, is closed.
    fn take_over_one(
        &mut self,
        tenant: usize,
        mut connection: Connection,
    ) -> Option<(StreamId, StreamId)> {
        let before = connection.id;
        let key = self.sockets.vacant_key();
        if key >> KEY_BITS != 0 {
            return None;
        }
        connection.resettle(self.next_id(), tenant);
        let (after, deadline) = (connection.id, connection.deadline);
        self.timers.change(Timer::Connection(SocketKey(key)), None, deadline);
        self.insert_connection(Box::new(connection));
        Some((before, after))
    }

    fn own(&self, tenant: usize) -> Vec<SocketKey> {
        self.populations.get(tenant).map(|own| own.sockets.clone()).unwrap_or_default()
    }
}
