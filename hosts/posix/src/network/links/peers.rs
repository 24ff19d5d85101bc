//! Connections to virtual machines: who comes, who goes, and who is waited for.

use super::Kind;
use crate::connection::is_transient;
use crate::driver::SocketKey;
use crate::link::{Patience, Peer, Role, complete, connect_to};
use crate::network::{Network, Socket};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::mem::take;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// How long accepting rests when the host is out of descriptors or memory.
const ACCEPT_REST: Duration = Duration::from_millis(100);

impl Network {
    /// Whether this is a connection to the other end of a link.
    pub(crate) fn is_link(&self, key: SocketKey) -> bool {
        matches!(self.sockets.get(key.0), Some(Socket::Link(_)))
    }

    /// Takes the other end out, to be put back by [`Network::put_peer`]: frames are told to the
    /// tenant as they are found. A connection that is over already has none.
    pub(crate) fn take_peer(&mut self, key: SocketKey) -> Option<(usize, Peer)> {
        let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) else { return None };
        plug.received();
        self.dirty.push(key);
        let state = self.link_at(key).filter(|state| state.carrier == Some(key))?;
        let tenant = state.tenant;
        Some((tenant, state.kind.peer().map(take)?))
    }

    /// Puts the other end back, after it took what arrived.
    pub(crate) fn put_peer(&mut self, key: SocketKey, peer: Peer, outcome: Result<(), String>) {
        if let Some(own) = self.link_at(key).and_then(|state| state.kind.peer()) {
            *own = peer;
        }
        if let Err(reason) = outcome {
            self.hang_up(key, &reason);
        }
    }

    /// A frame arrived on a stream. Says whether it is the tenant's.
    pub(crate) fn stream_frame(&mut self, key: SocketKey, bytes: &[u8]) -> bool {
        let Some(state) = self.link_at(key) else { return false };
        state.trace_bytes(bytes);
        let port = state.port.as_ref();
        port.map(|port| port.send(complete(bytes.to_vec()))).is_none()
    }

    /// A send to the other end has ended.
    pub(crate) fn link_sent(
        &mut self,
        key: SocketKey,
        result: io::Result<usize>,
        pieces: VecDeque<Bytes>,
    ) {
        let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) else { return };
        plug.sent();
        let link = plug.link;
        self.dirty.push(key);
        let Some(state) = self.link_at(key).filter(|state| state.carrier == Some(key)) else {
            return;
        };
        let Some(peer) = state.kind.peer() else { return };
        match peer.sent(result, pieces) {
            Ok(left) => self.left(link, left),
            Err(reason) => self.hang_up(key, &reason),
        }
    }

    /// A peer has connected to a link, or could not.
    pub(crate) fn link_accepted(
        &mut self,
        key: SocketKey,
        result: io::Result<OwnedFd>,
        more: bool,
    ) {
        let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) else { return };
        if !more {
            plug.received();
            self.dirty.push(key);
        }
        let link = plug.link;
        match result {
            Ok(socket) if !plug.is_ending() => self.peer_came(link, socket),
            Ok(_) => {}
            Err(error) if is_transient(&error) || plug.is_ending() => {}
            Err(error) => {
                plug.is_resting = true;
                self.complain(key, &format!("no peer is let in for now: {error}"));
                self.link_after(link, ACCEPT_REST);
            }
        }
    }

    /// The time has come to try again what did not work.
    pub(in crate::network) fn link_due(&mut self, link: usize) {
        let Some(state) = self.links.links.get_mut(link) else { return };
        state.deadline = None;
        for &key in &state.plugs {
            if let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) {
                plug.is_resting = false;
                self.dirty.push(key);
            }
        }
        let Kind::Connect { path, patience, .. } = &mut state.kind else { return };
        match connect_to(path) {
            Ok(socket) => self.peer_came(link, socket),
            Err(error) => {
                let pause = patience.pause();
                state.complain(&format!("nobody is there, which is tried again: {error}"));
                self.link_after(link, pause);
            }
        }
    }

    fn peer_came(&mut self, link: usize, socket: OwnedFd) {
        let Some(state) = self.links.links.get_mut(link) else { return };
        match &mut state.kind {
            Kind::Listen { waiting, .. } if state.carrier.is_some() => {
                if waiting.replace(socket).is_some() {
                    state.complain("several peers connect to it: it is one's alone");
                }
            }
            kind => {
                if let Kind::Connect { patience, .. } = kind {
                    *patience = Patience::default();
                }
                state.has_complained = false;
                tracing::info!("{}: a peer is connected", state.name);
                self.plug_in(link, Role::Stream, socket);
            }
        }
    }

    /// Ends a connection; another may follow.
    fn hang_up(&mut self, key: SocketKey, reason: &str) {
        self.unplug(key, true);
        let Some(Socket::Link(plug)) = self.sockets.get(key.0) else { return };
        let link = plug.link;
        let Some(state) = self.links.links.get_mut(link) else { return };
        tracing::info!("{}: the connection is over: {reason}", state.name);
        state.carrier = None;
        let lost = state.kind.peer().map(Peer::end).unwrap_or_default();
        match &mut state.kind {
            Kind::Listen { waiting, .. } => {
                if let Some(socket) = waiting.take() {
                    self.peer_came(link, socket);
                }
            }
            Kind::Connect { patience, .. } if !state.is_ending => {
                let pause = patience.pause();
                self.link_after(link, pause);
            }
            _ => {}
        }
        self.left(link, lost);
        self.lose_frames(link);
    }
}
