//! What follows from events and wishes, handed to the driver all at once.

use super::{LINGER_MAX, Network, Population, Socket, after, find, mark, set_deadline};
use crate::connection::{Connection, Step};
use crate::door::DoorStep;
use crate::driver::{Driver, SocketKey};
use crate::streams::Wish;
use bytes::Bytes;
use hyper::{DatagramPeer, StreamId};
use rustix::net::Shutdown;
use std::mem::{replace, take};

impl Network {
    /// Starts everything that events and services call for.
    pub(crate) fn flush(&mut self, driver: &mut dyn Driver) {
        let spare = take(&mut self.spare);
        let mut dirty = replace(&mut self.dirty, spare);
        for key in dirty.drain(..) {
            match self.sockets.get_mut(key.0) {
                Some(Socket::Connection(_)) => self.flush_connection(key, driver),
                Some(Socket::Link(_)) => self.flush_link(key, driver),
                Some(_) => self.flush_door(key, driver),
                None => {}
            }
        }
        self.spare = dirty;
    }

    /// Takes the services' wishes to heart.
    pub(crate) fn take_wishes(&mut self, driver: &mut dyn Driver) {
        let mut wishes = self.outbox.take();
        for (tenant, wish) in wishes.drain(..) {
            match wish {
                Wish::SendDatagram(datagram) => {
                    let (peer, data) = *datagram;
                    self.send_datagram(tenant, peer, data, driver);
                }
                Wish::Transmit(link) => self.transmit(tenant, link),
                Wish::Send(id, data) => self.change(tenant, id, |stream| stream.send(data)),
                Wish::Fill(id, buffer, count) => {
                    self.change(tenant, id, |stream| stream.fill(buffer, count));
                }
                Wish::Pause(id, paused) => {
                    self.change(tenant, id, |stream| stream.paused = paused);
                }
                Wish::Close(id) => {
                    if find(&mut self.sockets, id).is_some_and(|found| found.tenant == tenant) {
                        self.close(id);
                    }
                }
            }
        }
        self.outbox.replace(wishes);
    }

    fn change(&mut self, tenant: usize, id: StreamId, change: impl FnOnce(&mut Connection)) {
        if let Some(connection) = find(&mut self.sockets, id)
            && connection.tenant == tenant
        {
            change(connection);
            mark(&mut self.dirty, connection);
        }
    }

    fn send_datagram(
        &mut self,
        tenant: usize,
        peer: DatagramPeer,
        data: Vec<Bytes>,
        driver: &mut dyn Driver,
    ) {
        let key = SocketKey(peer.socket as usize);
        let Some(Socket::Datagrams(socket)) = self.sockets.get_mut(key.0) else { return };
        if socket.tenant == tenant
            && let Some(message) = socket.answer(&peer, data)
        {
            driver.send_datagram(key, message);
        }
    }

    fn flush_connection(&mut self, key: SocketKey, driver: &mut dyn Driver) {
        let Some(Socket::Connection(connection)) = self.sockets.get_mut(key.0) else { return };
        connection.dirty = false;
        if let Some(socket) = connection.unadopted.take()
            && driver.adopt(key, socket).is_err()
        {
            connection.abort();
        }
        let population = &mut self.populations[connection.tenant];
        if population.is_held && !replace(&mut connection.held, true) {
            population.held.push(key);
        }
        let mut gone = false;
        while let Some(step) = connection.next_step() {
            match step {
                Step::Send(pieces) => driver.send(key, pieces),
                Step::Receive { waiting } => driver.receive(key, waiting),
                Step::Fill { fill, waiting } => driver.fill(key, fill, waiting),
                Step::LetGo => {
                    self.letting_go.update(|count| count + 1);
                    driver.let_go(key);
                }
                Step::Recall => driver.let_go(key),
                Step::Cancel => driver.cancel(key),
                Step::Shutdown => {
                    // Fails if the client is gone already, which receiving tells.
                    let _ = rustix::net::shutdown(driver.socket(key), Shutdown::Write);
                    set_deadline(&mut self.timers, connection, Some(after(LINGER_MAX)));
                }
                Step::Release => {
                    gone = true;
                    break;
                }
            }
        }
        if connection.is_over() && !connection.told {
            connection.told = true;
            self.closed.push((connection.tenant, connection.id));
        }
        if gone {
            set_deadline(&mut self.timers, connection, None);
            self.remove(key, driver);
        }
    }

    fn flush_door(&mut self, key: SocketKey, driver: &mut dyn Driver) {
        let (unadopted, accepts) = match self.sockets.get_mut(key.0) {
            Some(Socket::Listener(listener)) => (listener.unadopted.take(), true),
            Some(Socket::Datagrams(socket)) => (socket.unadopted.take(), false),
            _ => return,
        };
        if let Some(socket) = unadopted
            && let Err(error) = driver.adopt(key, socket)
        {
            tracing::error!("a socket cannot be used: {error}");
            return self.remove(key, driver);
        }
        let step = match self.sockets.get_mut(key.0) {
            Some(Socket::Listener(listener)) => listener.next_step(),
            Some(Socket::Datagrams(socket)) => socket.next_step(),
            _ => None,
        };
        match step {
            Some(DoorStep::Start) if accepts => driver.accept(key),
            Some(DoorStep::Start) => driver.receive_datagrams(key),
            Some(DoorStep::Cancel) => driver.cancel(key),
            Some(DoorStep::Release) => self.remove(key, driver),
            None => {}
        }
    }

    pub(super) fn remove(&mut self, key: SocketKey, driver: &mut dyn Driver) {
        driver.release(key);
        self.forget(key);
    }

    /// Strikes a socket off, which its tenant then has no more.
    pub(super) fn forget(&mut self, key: SocketKey) -> Socket {
        let socket = self.sockets.remove(key.0);
        let population = &mut self.populations[socket.tenant()];
        let position = self.positions[key.0];
        population.sockets.swap_remove(position);
        if let Some(moved) = population.sockets.get(position) {
            self.positions[moved.0] = position;
        }
        if matches!(socket, Socket::Connection(_)) {
            population.connections -= 1;
            population.part.iter().for_each(|part| part.give_back(1));
        }
        if population.sockets.is_empty() {
            // Its number may be another's next.
            *population = Population::default();
            self.emptied.push(socket.tenant());
        }
        socket
    }
}
