//! The links of one worker: whose they are, what arrived, and what the driver is to do next.
//!
//! A tap is one descriptor for as long as its service lives. A link to a virtual machine has a
//! connection at times: while it has none, frames are lost, as on a cable that is not plugged in. A
//! card is a port of a switch and has none at all; either of the others may be plugged into one too.

mod peers;
mod plugs;
mod ports;
mod taps;

use super::{Network, Socket, Timer, after};
use crate::clock::HostClock;
use crate::driver::{SocketKey, Waker};
use crate::link::{
    Amount, Mailroom, Means, OpenLink, Patience, Peer, Port, Queue, Role, SocketFile, TenantLink,
    Trace,
};
use abi::Instant;
use hyper::{Clock, Frame, Link, LinkProperties, Listening};
use slab::Slab;
use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

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
    port: Option<Rc<Port>>,
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
        let port = port.map(Rc::new);
        let plugged = port.as_ref().map(Rc::downgrade).unwrap_or_default();
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
        if let Some(port) = &port {
            port.listen(&Listening::Everything);
        }
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
        let outbox = self.outbox.clone();
        let handle = TenantLink { tenant, link, properties, queue, outbox, port: plugged };
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
