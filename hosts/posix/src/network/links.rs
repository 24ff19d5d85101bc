//! The links of one worker: whose they are, what arrived, and what the driver is to do next.
//!
//! A tap is one descriptor for as long as its service lives. A link to a virtual machine has a
//! connection at times: while it has none, frames are lost, as on a cable that is not plugged in. A
//! card is a port of a switch and has none at all; either of the others may be plugged into one too.

mod plugs;
mod ports;

use super::{Network, Socket, Timer, after};
use crate::clock::HostClock;
use crate::connection::is_transient;
use crate::driver::{SocketKey, Waker};
use crate::link::{
    Amount, Mailroom, Means, OpenLink, Patience, Peer, Port, Queue, Role, SocketFile, TenantLink,
    Trace, VNET_HEADER_BYTES, arrived, complete, connect_to, frame_of,
};
use abi::Instant;
use bytes::Bytes;
use hyper::{Clock, Frame, Link, LinkProperties};
use slab::Slab;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::mem::take;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How long accepting rests when the host is out of descriptors or memory.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// See the module's text.
pub(crate) struct Links {
    links: Slab<LinkState>,
    /// Tenants whose links take frames again.
    roomy: Vec<usize>,
    /// Which links have frames waiting at their switches.
    mailroom: Arc<Mailroom>,
}

impl Links {
    /// Of the calling thread, which `waker` wakes.
    pub(super) fn new(waker: Waker) -> Self {
        let (links, roomy) = Default::default();
        Self { links, roomy, mailroom: Arc::new(Mailroom::new(waker)) }
    }
}

struct LinkState {
    tenant: usize,
    name: String,
    queue: Rc<RefCell<Queue>>,
    trace: Option<Trace>,
    /// The switch that it is plugged into.
    port: Option<Port>,
    properties: LinkProperties,
    kind: Kind,
    /// The descriptor to begin with, until the link works.
    unplugged: Option<(Role, OwnedFd)>,
    /// The descriptor that frames go through now.
    carrier: Option<SocketKey>,
    /// Its descriptors that are open.
    plugs: Vec<SocketKey>,
    deadline: Option<Instant>,
    /// The present trouble has been logged.
    has_complained: bool,
    is_ending: bool,
}

enum Kind {
    Card,
    Tap {
        has_header: bool,
    },
    Listen {
        peer: Peer,
        /// One that connected while another was there: it is next.
        waiting: Option<OwnedFd>,
        _file: SocketFile,
    },
    Connect {
        peer: Peer,
        path: PathBuf,
        patience: Patience,
    },
}

impl Kind {
    fn peer(&mut self) -> Option<&mut Peer> {
        match self {
            Self::Card | Self::Tap { .. } => None,
            Self::Listen { peer, .. } | Self::Connect { peer, .. } => Some(peer),
        }
    }
}

impl LinkState {
    fn complain(&mut self, what: &str) {
        if !std::mem::replace(&mut self.has_complained, true) {
            tracing::warn!("{}: {what}", self.name);
        }
    }

    fn trace_bytes(&mut self, frame: &[u8]) {
        if let Some(trace) = &mut self.trace {
            trace.bytes(frame, HostClock.wall());
        }
    }

    /// Whether it carries frames of a switch's rather than its tenant's.
    fn is_uplink(&self) -> bool {
        self.port.is_some() && !matches!(self.kind, Kind::Card)
    }
}

/// What happens to links.
impl Network {
    /// Takes over the link of a tenant to be. Returns its index beside it.
    pub(crate) fn add_link(&mut self, tenant: usize, open: OpenLink) -> (usize, Rc<dyn Link>) {
        let OpenLink { name, properties, means, trace, port } = open;
        let link = self.links.links.vacant_key();
        let (kind, unplugged) = match means {
            Means::Tap { descriptor, has_header } => {
                (Kind::Tap { has_header }, Some((Role::Tap, descriptor)))
            }
            Means::Listen { listener, file } => {
                let kind = Kind::Listen { peer: Peer::default(), waiting: None, _file: file };
                (kind, Some((Role::Listener, listener)))
            }
            Means::Connect { path } => {
                let (peer, patience) = Default::default();
                (Kind::Connect { peer, path, patience }, None)
            }
            Means::Card => (Kind::Card, None),
        };
        let queue = Rc::<RefCell<Queue>>::default();
        self.links.links.insert(LinkState {
            tenant,
            name,
            queue: queue.clone(),
            trace,
            port,
            properties,
            kind,
            unplugged,
            carrier: None,
            plugs: Vec::new(),
            deadline: None,
            has_complained: false,
            is_ending: false,
        });
        let handle = TenantLink { tenant, link, properties, queue, outbox: self.outbox.clone() };
        (link, Rc::new(handle))
    }

    /// The tenant is there: its link works from now on.
    pub(crate) fn start_link(&mut self, link: usize) {
        let Some(state) = self.links.links.get_mut(link) else { return };
        if let Some(port) = &state.port {
            port.outlet.deliver_to(self.links.mailroom.clone(), link);
        }
        match (state.unplugged.take(), &state.kind) {
            (Some((role, descriptor)), _) => self.plug_in(link, role, descriptor),
            (None, Kind::Connect { .. }) => self.link_after(link, Duration::ZERO),
            (None, _) => {}
        }
    }

    /// The tenant could not be made.
    pub(crate) fn forget_link(&mut self, link: usize) {
        self.links.links.try_remove(link);
    }

    /// Lets go of a tenant's links.
    pub(super) fn end_links(&mut self, tenant: usize, at_once: bool) {
        let own = self.links.links.iter().filter(|(_, state)| state.tenant == tenant);
        for link in own.map(|(link, _)| link).collect::<Vec<_>>() {
            let Some(state) = self.links.links.get_mut(link) else { continue };
            state.is_ending = true;
            if let Kind::Listen { waiting, .. } = &mut state.kind {
                *waiting = None;
            }
            let is_card = matches!(state.kind, Kind::Card);
            for key in state.plugs.clone() {
                self.unplug(key, at_once);
            }
            if is_card && !at_once {
                self.switch_frames(link);
            }
            self.remove_link_if_over(link);
        }
    }

    /// A frame arrived on a tap. Returns it as the tenant sees it, if it is the tenant's.
    pub(crate) fn frame<'a>(
        &mut self,
        key: SocketKey,
        bytes: &'a [u8],
    ) -> Option<(usize, &'a [u8], bool)> {
        let state = self.link_at(key)?;
        let Kind::Tap { has_header } = state.kind else { return None };
        let (frame, checked) = if has_header { arrived(bytes)? } else { (bytes, false) };
        state.trace_bytes(frame);
        if let Some(port) = &state.port {
            let frame = if has_header { frame_of(bytes)? } else { whole(bytes) };
            port.send(frame);
            return None;
        }
        Some((state.tenant, frame, checked))
    }

    /// A frame arrived on a stream. Says whether it is the tenant's.
    pub(crate) fn stream_frame(&mut self, key: SocketKey, bytes: &[u8]) -> bool {
        let Some(state) = self.link_at(key) else { return false };
        state.trace_bytes(bytes);
        let port = state.port.as_ref();
        port.map(|port| port.send(whole(bytes))).is_none()
    }

    /// Receiving frames of a tap has ended.
    pub(crate) fn frames_ended(&mut self, key: SocketKey, result: io::Result<()>) {
        let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) else { return };
        plug.received();
        if let Err(error) = result
            && !plug.is_ending()
        {
            plug.end(true);
            self.complain(key, &format!("the tap is gone, and nothing crosses it: {error}"));
        }
        self.dirty.push(key);
    }

    /// A frame was written to a tap, or is lost.
    pub(crate) fn frame_sent(
        &mut self,
        key: SocketKey,
        result: io::Result<usize>,
        pieces: &VecDeque<Bytes>,
    ) {
        let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) else { return };
        plug.sent();
        let link = plug.link;
        if plug.is_ending() {
            self.dirty.push(key);
        }
        let Some(state) = self.link_at(key) else { return };
        let Kind::Tap { has_header } = state.kind else { return };
        match result {
            Ok(_) => state.has_complained = false,
            Err(error) => state.complain(&format!("frames are lost, is the interface up? {error}")),
        }
        let before = if has_header { VNET_HEADER_BYTES } else { 0 };
        let bytes = pieces.iter().map(Bytes::len).sum::<usize>();
        self.left(link, (1, bytes - before));
    }

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
    pub(super) fn link_due(&mut self, link: usize) {
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

    /// Marks what a link sends through as having something to send.
    pub(super) fn transmit(&mut self, tenant: usize, link: usize) {
        let Some(state) = self.links.links.get(link).filter(|state| state.tenant == tenant) else {
            return;
        };
        match (state.carrier, &state.kind) {
            (Some(carrier), _) => self.dirty.push(carrier),
            (None, Kind::Card) => self.switch_frames(link),
            (None, _) => self.lose_frames(link),
        }
    }

    /// The tenants whose links take frames again, one at a time.
    pub(crate) fn next_roomy(&mut self) -> Option<usize> {
        self.links.roomy.pop()
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

    /// Nobody is there to take them.
    fn lose_frames(&mut self, link: usize) {
        let Some(state) = self.links.links.get(link) else { return };
        if state.carrier.is_some() {
            return;
        }
        let frames = state.queue.borrow_mut().take();
        let bytes = frames.iter().map(Frame::bytes).sum();
        self.left(link, (frames.len(), bytes));
    }

    /// Frames of a link have left or are lost: whoever waits for room is told.
    fn left(&mut self, link: usize, amount: Amount) {
        let Some(state) = self.links.links.get(link) else { return };
        if !state.queue.borrow_mut().left(amount) {
            return;
        }
        if state.is_uplink() {
            self.links.mailroom.announce(link);
        } else {
            self.links.roomy.push(state.tenant);
        }
    }

    fn link_at(&mut self, key: SocketKey) -> Option<&mut LinkState> {
        let Some(Socket::Link(plug)) = self.sockets.get(key.0) else { return None };
        self.links.links.get_mut(plug.link)
    }

    fn complain(&mut self, key: SocketKey, what: &str) {
        if let Some(state) = self.link_at(key) {
            state.complain(what);
        }
    }

    fn link_after(&mut self, link: usize, pause: Duration) {
        let Some(state) = self.links.links.get_mut(link) else { return };
        let deadline = Some(after(pause));
        let before = std::mem::replace(&mut state.deadline, deadline);
        self.timers.change(Timer::Link(link), before, deadline);
    }

    fn remove_link_if_over(&mut self, link: usize) {
        let is_over =
            self.links.links.get(link).is_some_and(|link| link.is_ending && link.plugs.is_empty());
        if is_over {
            let state = self.links.links.remove(link);
            self.timers.change(Timer::Link(link), state.deadline, None);
        }
    }
}

/// A frame that leaves nothing to be done, of bytes that are lent.
fn whole(bytes: &[u8]) -> Frame {
    complete(Bytes::copy_from_slice(bytes))
}
